/** Users, their activity, and pages. */
import {Type, type Static} from 'typebox'
import {
  AfterQuery,
  closed,
  Count,
  EventId,
  limitOf,
  Meta,
  nullable,
  optional,
  Page,
  PageQuery,
  textOf,
  Time,
} from './common.ts'

export const UserParams = closed({id: textOf(1024, {examples: ['u1']})})

export const ActivitySchema = closed({
  event_id: EventId,
  user_id: Type.String(),
  activity_type: Type.String({examples: ['page_view']}),
  occurred_at: nullable(Time),
  metadata: Type.Unsafe<unknown>({description: 'as it was written, or null'}),
})
export type ActivityView = Static<typeof ActivitySchema>

export const ActivityQuery = closed({...PageQuery, ...AfterQuery})
export const ActivityList = closed({
  user_id: Type.String(),
  items: Type.Array(ActivitySchema),
  page: Page,
  meta: Meta,
})

export const UserStats = closed({
  user_id: Type.String(),
  activities: Count,
  by_type: Type.Record(Type.String(), Count),
  last_seen_at: nullable(Time),
  meta: Meta,
})

const Day = Type.String({pattern: '^\\d{4}-\\d{2}-\\d{2}$', examples: ['2026-01-31']})
export const DaysQuery = closed({...optional({from: Day, to: Day}), ...AfterQuery})
export const UserDays = closed({
  user_id: Type.String(),
  items: Type.Array(closed({day: Day, activity_type: Type.String(), count: Count}), {
    description: 'days in UTC, newest first',
  }),
  meta: Meta,
})

export const PagesQuery = closed({...optional({limit: limitOf(50, 1000)}), ...AfterQuery})
export const Pages = closed({
  items: Type.Array(closed({page: Type.String(), views: Count})),
  total_views: Count,
  meta: Meta,
})
