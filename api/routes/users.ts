/** What users did, and which pages were seen. */
import type {Static} from 'typebox'
import type {Api, Deps} from '../app.ts'
import {columnsOf, toJsonCell} from '../csv.ts'
import {parseInstant} from '../period.ts'
import {sessionsOf, summaryOf, type Session} from '../insight/sessions.ts'
import {refuse} from '../problem.ts'
import type {ListPosition} from '../reads/events.ts'
import type {Reads} from '../reads/reads.ts'
import {AfterOnlyQuery, type Meta} from '../schemas/common.ts'
import {
  ActivityList,
  ActivityQuery,
  ActivitySchema,
  DaysQuery,
  Pages,
  PagesQuery,
  PageViews,
  SessionsQuery,
  UserDay,
  UserDays,
  UserParams,
  UserSession,
  UserSessions,
  UserStats,
  type ActivityView,
} from '../schemas/users.ts'
import {isoOrNull, toIso} from '../times.ts'
import {pageOf} from './asked.ts'
import {BOTH_STORES, type ReadDeps} from './metrics.ts'
import {optionsOf, READ} from './options.ts'

// Whether Redis has all that a question about a user needs is known only when it is read.

export function addUserRoutes(app: Api, deps: ReadDeps & Pick<Deps, 'cursors'>): void {
  const {reads, readAfter, cursors} = deps
  app.get(
    '/v1/users/:id/activity',
    optionsOf('users', READ, {
      operationId: 'listUserActivity',
      summary: 'Activity of a user, newest first',
      params: UserParams,
      querystring: ActivityQuery,
      response: {200: ActivityList},
      csv: ({items}: Static<typeof ActivityList>) => ({
        columns: columnsOf(ActivitySchema),
        rows: items.map(item => ({...item, metadata: toJsonCell(item.metadata)})),
      }),
    }),
    async ({query, params}, reply) => {
      const scope = ['activity', params.id]
      const {limit, after, pageTo} = pageOf<ListPosition>(cursors, scope, query)
      const answer = await readAfter(query, BOTH_STORES, reply, () =>
        reads.userActivity(params.id, {limit, after}),
      )
      if (answer === undefined) return reply
      const {value, meta} = answer
      return {user_id: params.id, items: value.items, page: pageTo(value.next), meta}
    },
  )
  addSessions(app, deps)
  addCounts(app, deps)
  addPages(app, deps)
}

/** Activities that are read at a time, and how often, until enough sessions are whole. */
const READ_ACTIVITIES = 1000
const READS_MAX = 5

interface FoundSessions {
  /** The last one may have begun earlier, unless `isAll`. */
  readonly sessions: readonly Session[]
  readonly isAll: boolean
  readonly meta: Meta
}

async function readSessions(
  {userActivity}: Pick<Reads, 'userActivity'>,
  user: string,
  {gap, more, from}: {gap: number; more: number; from: ListPosition | undefined},
): Promise<FoundSessions> {
  const activities: ActivityView[] = []
  let after = from
  for (let reads = 1; ; reads++) {
    const {value, meta} = await userActivity(user, {limit: READ_ACTIVITIES, after})
    activities.push(...value.items)
    after = value.next ?? undefined
    const sessions = sessionsOf(activities, gap)
    // Those without a time are the last ones, and belong to no session.
    const isAll = value.next === null || value.items.at(-1)?.occurred_at === null
    if (isAll || sessions.length > more || reads === READS_MAX) return {sessions, isAll, meta}
  }
}

function addSessions(
  app: Api,
  {reads, readAfter, cursors}: ReadDeps & Pick<Deps, 'cursors'>,
): void {
  app.get(
    '/v1/users/:id/sessions',
    optionsOf('users', READ, {
      operationId: 'listUserSessions',
      summary: 'Sessions of a user, newest first: activities without a gap between them',
      params: UserParams,
      querystring: SessionsQuery,
      response: {200: UserSessions},
      csv: ({items}: Static<typeof UserSessions>) => ({
        columns: columnsOf(UserSession),
        rows: items,
      }),
    }),
    async ({query, params: {id}}, reply) => {
      const {gap_minutes: gap = 30} = query
      const scope = ['sessions', id, gap]
      const {
        limit,
        after: from,
        pageTo,
      } = pageOf<ListPosition>(cursors, scope, {
        limit: 20,
        ...query,
      })
      const answer = await readAfter(query, BOTH_STORES, reply, () =>
        readSessions(reads, id, {gap, more: limit, from}),
      )
      if (answer === undefined) return reply
      const {sessions, isAll, meta} = answer
      const isPart = (at: number): boolean => !isAll && at === sessions.length - 1
      // One that may have begun earlier is told when there is nothing else to tell.
      const whole = sessions.filter((_, at) => !isPart(at) || sessions.length === 1).slice(0, limit)
      const last = whole.at(-1)?.activities.at(-1)
      const isEnd = isAll && whole.length === sessions.length
      const next = isEnd || last === undefined ? null : {ts: whole.at(-1)!.start, id: last.event_id}
      const items = whole.map((session, at) => ({
        started_at: toIso(session.start),
        ended_at: toIso(session.end),
        ...summaryOf(session),
        is_cut: isPart(at),
      }))
      return {user_id: id, items, page: pageTo(next), meta}
    },
  )
}

function addCounts(app: Api, {reads, readAfter}: ReadDeps): void {
  app.get(
    '/v1/users/:id/stats',
    optionsOf('users', READ, {
      operationId: 'getUserStats',
      summary: 'How much a user did, by type, and when last',
      params: UserParams,
      querystring: AfterOnlyQuery,
      response: {200: UserStats},
      csv: ({by_type: byType, ...stats}: Static<typeof UserStats>) => ({
        columns: ['user_id', 'activities', 'last_seen_at', 'by_type'],
        rows: [{...stats, by_type: toJsonCell(byType)}],
      }),
    }),
    async ({params, query}, reply) => {
      const answer = await readAfter(query, BOTH_STORES, reply, () =>
        Promise.all([reads.userTypes(params.id), reads.userLastSeen(params.id)]),
      )
      if (answer === undefined) return reply
      const [{value: byType, meta}, seen] = answer
      return await reply.send({
        user_id: params.id,
        activities: [...byType.values()].reduce((sum, count) => sum + count, 0),
        by_type: Object.fromEntries(byType),
        last_seen_at: isoOrNull(seen),
        meta,
      })
    },
  )

  app.get(
    '/v1/users/:id/days',
    optionsOf('users', READ, {
      operationId: 'getUserDays',
      summary: 'Activities of a user per day and type',
      params: UserParams,
      querystring: DaysQuery,
      response: {200: UserDays},
      csv: ({items}: Static<typeof UserDays>) => ({columns: columnsOf(UserDay), rows: items}),
    }),
    async ({query, params}, reply) => {
      const {from = null, to = null} = query
      for (const [field, text] of [
        ['from', from],
        ['to', to],
      ] as const) {
        if (text !== null) parseInstant(field, text, 'UTC')
      }
      if (from !== null && to !== null && to <= from) {
        throw refuse('query', 'to', to, 'must be after from')
      }
      const answer = await readAfter(query, BOTH_STORES, reply, () =>
        reads.userDays(params.id, {from, to}),
      )
      if (answer === undefined) return reply
      const {value, meta} = answer
      return {user_id: params.id, items: [...value], meta}
    },
  )
}

function addPages(app: Api, {reads, readAfter}: ReadDeps): void {
  app.get(
    '/v1/pages',
    optionsOf('users', READ, {
      operationId: 'listPageViews',
      summary: 'Views per page, most seen first',
      querystring: PagesQuery,
      response: {200: Pages},
      csv: ({items}: Static<typeof Pages>) => ({columns: columnsOf(PageViews), rows: items}),
    }),
    async ({query}, reply) => {
      // Whether Redis has all of it is known only when it is read.
      const answer = await readAfter(query, BOTH_STORES, reply, () => reads.pages())
      if (answer === undefined) return reply
      const {value, meta} = answer
      const all = [...value].map(([page, views]) => ({page, views}))
      const items = all
        .toSorted((a, b) => b.views - a.views || (a.page < b.page ? -1 : 1))
        .slice(0, query.limit ?? 50)
      const total = all.reduce((sum, {views}) => sum + views, 0)
      return {items, total_views: total, meta}
    },
  )
}
