/** Questions over all contents: the query endpoint, the top list, who is there now. */
import type {Static} from 'typebox'
import type {Api} from '../app.ts'
import type {Table} from '../csv.ts'
import {planQuery} from '../query-plan.ts'
import {timeLabel} from '../query-rows.ts'
import {CONTENTS_MAX} from '../reads/question.ts'
import {WINDOW_METRICS} from '../reads/top.ts'
import {roundAll} from '../rounding.ts'
import {AfterOnlyQuery, AfterQuery, closed, DecimalsQuery} from '../schemas/common.ts'
import {Active, Top, TopQuery} from '../schemas/metrics.ts'
import {QueryAnswer, QueryBody} from '../schemas/query.ts'
import {isoStretch, periodOf} from './asked.ts'
import {LIVE_STORE, STORED, type ReadDeps} from './metrics.ts'
import {optionsOf, READ, UNCACHED} from './options.ts'

export function addPlatformRoutes(app: Api, deps: ReadDeps): void {
  addTop(app, deps)
  addQuery(app, deps)
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
        'Without a period (or with 10m): the last ten minutes, live, in steps of ten seconds, by engagement_seconds, plays or unique_viewers. Any period by any metric from stored buckets.',
      querystring: TopQuery,
      response: {200: Top},
      csv: ({by, items}: Static<typeof Top>) => ({
        columns: ['rank', 'content_id', 'title', by],
        rows: items.map(({rank, content, value}) => ({
          rank,
          content_id: content.id,
          title: content.title,
          [by]: value,
        })),
      }),
    }),
    async ({query}, reply) => {
      const by = query.by ?? 'engagement_seconds'
      const period = periodOf(query, '10m')
      const live =
        query.from === undefined &&
        query.to === undefined &&
        (query.period ?? '10m') === '10m' &&
        WINDOW_METRICS.includes(by)
      const limit = query.limit ?? 10
      const answer = await readAfter(query, live ? LIVE_STORE : STORED, reply, () =>
        reads.top(by, live ? 'window' : period, limit, {after: query.after_event !== undefined}),
      )
      if (answer === undefined) return reply
      const {value, meta} = answer
      const items = value.map(row => ({...row, value: roundAll(row.value, query.decimals)}))
      return {by, ...isoStretch(period), items, meta}
    },
  )
}

/** The answer repeats what was asked, and in which order. */
function tableOfAnswer({results, query}: Static<typeof QueryAnswer>): Table {
  const {dimensions = [], metrics} = query as Pick<QueryBody, 'dimensions' | 'metrics'>
  const columns = [...dimensions, ...metrics]
  const rows = results.map(row => {
    const values = [...row.dimensions, ...row.metrics]
    return Object.fromEntries(columns.map((name, index) => [name, values[index]]))
  })
  return {columns, rows}
}

function addQuery(app: Api, {reads, readAfter}: ReadDeps): void {
  app.post(
    '/v1/query',
    optionsOf('query', UNCACHED, {
      operationId: 'query',
      summary: 'Metrics by dimensions, filtered, for a period',
      description:
        'In the words of Plausible: metrics × dimensions × filters × date_range × order_by × pagination. What the stores cannot answer is refused with the reason.',
      querystring: closed({...DecimalsQuery, ...AfterQuery}),
      body: QueryBody,
      response: {200: QueryAnswer},
      csv: tableOfAnswer,
    }),
    async ({query, body}, reply) => {
      const plan = planQuery(body, Date.now())
      const isFew = plan.contents !== undefined && plan.contents.size <= CONTENTS_MAX
      const found = await readAfter(query, isFew ? LIVE_STORE : STORED, reply, () =>
        reads.query(plan),
      )
      if (found === undefined) return reply
      const {value, meta} = found
      const results = value.rows.map(({dimensions, metrics}) => ({
        dimensions: [...dimensions],
        metrics: roundAll([...metrics], query.decimals),
      }))
      const {starts, timeLabels, totalRows, period} = plan
      const labels =
        timeLabels && starts !== undefined
          ? {time_labels: starts.map(start => timeLabel(start, plan))}
          : {}
      const total = totalRows ? {total_rows: value.total} : {}
      const {from, to} = isoStretch(period)
      const understood = {...body, date_range: [from, to]}
      return {results, meta: {...meta, ...labels, ...total}, query: understood}
    },
  )
}
