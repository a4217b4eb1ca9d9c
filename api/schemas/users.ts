/** Users, their activity, and pages. */
import {Type, type Static} from 'typebox'
import {
  AfterQuery,
  CLOSED,
  Count,
  EventId,
  limitOf,
  Meta,
  nullable,
  Page,
  PageQuery,
  Time,
} from './common.ts'

export const UserParams = Type.Object(
  {id: Type.String({minLength: 1, maxLength: 200, pattern: '^[^\\u0000]*$', examples: ['u1']})},
  CLOSED,
)

export const ActivitySchema = Type.Object(
  {
    event_id: EventId,
    user_id: Type.String(),
    activity_type: Type.String({examples: ['page_view']}),
    occurred_at: nullable(Time),
    metadata: Type.Unsafe<unknown>({description: 'as it was written, or null'}),
  },
  CLOSED,
)
export type ActivityView = Static<typeof ActivitySchema>

export const ActivityQuery = Type.Object({...PageQuery, ...AfterQuery}, CLOSED)
export const ActivityList = Type.Object(
  {user_id: Type.String(), items: Type.Array(ActivitySchema), page: Page, meta: Meta},
  CLOSED,
)

export const UserStats = Type.Object(
  {
    user_id: Type.String(),
    activities: Count,
    by_type: Type.Record(Type.String(), Count),
    last_seen_at: nullable(Time),
    meta: Meta,
  },
  CLOSED,
)

const Day = Type.String({pattern: '^\\d{4}-\\d{2}-\\d{2}$', examples: ['2026-01-31']})
export const DaysQuery = Type.Object(
  {from: Type.Optional(Day), to: Type.Optional(Day), ...AfterQuery},
  CLOSED,
)
export const UserDays = Type.Object(
  {
    user_id: Type.String(),
    items: Type.Array(Type.Object({day: Day, activity_type: Type.String(), count: Count}, CLOSED), {
      description: 'days in UTC, newest first',
    }),
    meta: Meta,
  },
  CLOSED,
)

export const AfterOnlyQuery = Type.Object({...AfterQuery}, CLOSED)
export const PagesQuery = Type.Object(
  {limit: Type.Optional(limitOf(50, 1000)), ...AfterQuery},
  CLOSED,
)
export const Pages = Type.Object(
  {
    items: Type.Array(Type.Object({page: Type.String(), views: Count}, CLOSED)),
    total_views: Count,
    meta: Meta,
  },
  CLOSED,
)
