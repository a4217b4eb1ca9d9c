/** Users, their activity, and pages. */
import {Type, type Static} from 'typebox'
import {
  AfterQuery,
  closed,
  Count,
  EventId,
  expected,
  limitOf,
  Meta,
  named,
  nullable,
  optional,
  Page,
  PageQuery,
  textOf,
  Time,
} from './common.ts'

export const UserParams = closed({
  id: textOf(1024, {description: 'of the user', examples: ['u1']}),
})

export const ActivitySchema = named('Activity', {
  event_id: EventId,
  user_id: Type.String(),
  activity_type: Type.String({examples: ['page_view']}),
  occurred_at: nullable(Time),
  metadata: Type.Unsafe<unknown>({description: 'as it was written, or null'}),
})
export type ActivityView = Static<typeof ActivitySchema>

export const ActivityQuery = closed({...PageQuery, ...AfterQuery})
export const ActivityList = named('ActivityList', {
  user_id: Type.String(),
  items: Type.Array(ActivitySchema),
  page: Page,
  meta: Meta,
})

export const SessionsQuery = closed({
  ...optional({
    gap_minutes: Type.Integer({
      minimum: 1,
      maximum: 1440,
      default: 30,
      description: 'nothing for longer ends a session',
    }),
    limit: limitOf(20, 100),
    cursor: PageQuery.cursor,
  }),
  ...AfterQuery,
})
export const UserSession = named('UserSession', {
  started_at: Time,
  ended_at: Time,
  seconds: Type.Number({minimum: 0, description: 'from the first to the last activity'}),
  activities: Type.Integer({minimum: 1}),
  page_views: Count,
  pages: Type.Integer({minimum: 0, description: 'distinct ones'}),
  entry_page: nullable(Type.String()),
  exit_page: nullable(Type.String()),
  is_bounce: Type.Boolean({description: 'one page was seen, and nothing else done'}),
  is_cut: Type.Boolean({description: 'it is longer than what is read at once: it began earlier'}),
})
export const UserSessions = named('UserSessions', {
  user_id: Type.String(),
  items: Type.Array(UserSession, {description: 'newest first'}),
  page: Page,
  meta: Meta,
})

export const UserStats = named('UserStats', {
  user_id: Type.String(),
  activities: Count,
  by_type: Type.Record(Type.String(), Count),
  last_seen_at: nullable(Time),
  meta: Meta,
})

const dayOf = (description: string, example: string) =>
  Type.String({
    pattern: '^\\d{4}-\\d{2}-\\d{2}$',
    ...expected('a day such as 2026-01-31'),
    description,
    examples: [example],
  })
export const DaysQuery = closed({
  ...optional({
    from: dayOf('first day, in UTC', '2026-01-01'),
    to: dayOf('the day after the last one, in UTC', '2026-02-01'),
  }),
  ...AfterQuery,
})
export const UserDay = named('UserDay', {
  day: dayOf('in UTC', '2026-01-31'),
  activity_type: Type.String(),
  count: Count,
})
export const UserDays = named('UserDays', {
  user_id: Type.String(),
  items: Type.Array(UserDay, {
    description: 'days in UTC, newest first',
  }),
  meta: Meta,
})

export const PagesQuery = closed({...optional({limit: limitOf(50, 1000)}), ...AfterQuery})
export const PageViews = named('PageViews', {page: Type.String(), views: Count})
export const Pages = named('PageViewsList', {
  items: Type.Array(PageViews),
  total_views: Count,
  meta: Meta,
})
