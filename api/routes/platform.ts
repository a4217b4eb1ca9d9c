/** Questions over all contents: the top list, who is there now. */
import type {Static} from 'typebox'
import type {Api} from '../app.ts'
import {WINDOW_METRICS} from '../reads/top.ts'
import {roundAll} from '../rounding.ts'
import {AfterOnlyQuery} from '../schemas/common.ts'
import {Active, Top, TopQuery} from '../schemas/metrics.ts'
import {isoStretch, periodOf} from './asked.ts'
import {chosenMetrics, LIVE_STORE, STORED, type ChosenAsked, type ReadDeps} from './metrics.ts'
import {optionsOf, READ} from './options.ts'

export function addPlatformRoutes(app: Api, deps: ReadDeps): void {
  addTop(app, deps)
  const {reads, readAfter} = deps
  app.get(
    '/v1/active',
    optionsOf('metrics', READ, {
      operationId: 'getActiveUsers',
      summary: 'Users with an event in the last five minutes',
      querystring: AfterOnlyQuery,
      response: {200: Active},
      csv: (answer: Static<typeof Active>) => ({
        columns: ['active_users', 'window_seconds'],
        rows: [answer],
      }),
    }),
    async ({query}, reply) => {
      const answer = await readAfter(query, LIVE_STORE, reply, () => reads.activeUsers())
      if (answer === undefined) return reply
      const {value, meta} = answer
      return await reply.send({
        active_users: value.users,
        window_seconds: value.windowSeconds,
        meta,
      })
    },
  )
}

function addTop(app: Api, {reads, readAfter}: ReadDeps): void {
  app.get(
    '/v1/top',
    optionsOf('metrics', READ, {
      operationId: 'getTop',
      summary: 'Most engaging content: the last ten minutes, or any period',
      description:
        'Without a period (or with 10m): the last ten minutes, live, in steps of ten seconds, by engagement_seconds, plays or unique_viewers. Any period by any metric from stored buckets. `metrics` are told of each content, beside what is compared.',
      querystring: TopQuery,
      response: {200: Top},
      csv: ({by, items}: Static<typeof Top>, {query}: ChosenAsked) => ({
        columns: [...new Set(['rank', 'content_id', 'title', by, ...(chosenMetrics(query) ?? [])])],
        rows: items.map(({rank, content, value, metrics}) => ({
          rank,
          content_id: content.id,
          title: content.title,
          [by]: value,
          ...metrics,
        })),
      }),
    }),
    async ({query}, reply) => {
      const by = query.by ?? 'engagement_seconds'
      const period = periodOf(query, '10m')
      const metrics = chosenMetrics(query)
      const live =
        query.from === undefined &&
        query.to === undefined &&
        (query.period ?? '10m') === '10m' &&
        [by, ...(metrics ?? [])].every(name => WINDOW_METRICS.includes(name))
      const limit = query.limit ?? 10
      const answer = await readAfter(query, live ? LIVE_STORE : STORED, reply, () =>
        reads.top(by, live ? 'window' : period, limit, {
          after: query.after_event !== undefined,
          metrics,
        }),
      )
      if (answer === undefined) return reply
      const {value, meta} = answer
      const items = value.map(({content, ...row}) => {
        return {content, ...roundAll(row, query.decimals)}
      })
      return {by, ...isoStretch(period), items, meta}
    },
  )
}
