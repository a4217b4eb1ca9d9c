/** What users did, and which pages were seen. */
import type {Static} from 'typebox'
import type {Api, Deps} from '../app.ts'
import {columnsOf, toJsonCell} from '../csv.ts'
import {parseInstant} from '../period.ts'
import {refuse} from '../problem.ts'
import type {ListPosition} from '../reads/events.ts'
import {AfterOnlyQuery} from '../schemas/common.ts'
import {
  ActivityList,
  ActivityQuery,
  ActivitySchema,
  DaysQuery,
  Pages,
  PagesQuery,
  PageViews,
  UserDay,
  UserDays,
  UserParams,
  UserStats,
} from '../schemas/users.ts'
import {isoOrNull} from '../times.ts'
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
  addCounts(app, deps)
  addPages(app, deps)
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
