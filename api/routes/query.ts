/** One endpoint for many questions, of any stream. */
import type {Api} from '../app.ts'
import type {Table} from '../csv.ts'
import type {Session} from '../database.ts'
import {timeLabel} from '../query/group.ts'
import {planQuery, type QueryPlan} from '../query/plan.ts'
import type {QueryResult} from '../query/read.ts'
import {expandSegments, segmentNames, takesSegments} from '../query/segments.ts'
import type {Subjects} from '../query/subjects.ts'
import type {Answered} from '../reads/reads.ts'
import {roundAll} from '../rounding.ts'
import {AfterQuery, closed, DecimalsQuery} from '../schemas/common.ts'
import {QueryAnswer, QueryBody, type QueryRow} from '../schemas/query.ts'
import {readSegments} from '../segment-table.ts'
import {msToIso} from '../times.ts'
import {isoStretch} from './asked.ts'
import {LIVE_STORE, STORED, type ReadDeps} from './metrics.ts'
import {optionsOf, UNCACHED} from './options.ts'

export interface QueryDeps extends ReadDeps {
  readonly db: Session
  readonly subjects: Subjects
}

/** What a metric has beside itself, by the end of its column. */
const BESIDE = [
  ['before', ({comparison}: QueryRow) => comparison?.metrics],
  ['change', ({comparison}: QueryRow) => comparison?.change],
  ['percent', ({percentages}: QueryRow) => percentages],
] as const

/** The answer repeats what was asked, and in which order. */
export function tableOfAnswer({results, query}: QueryAnswer): Table {
  const {dimensions = [], metrics, include} = query as unknown as QueryBody
  const isThere = {
    before: include?.comparisons !== undefined,
    change: include?.comparisons !== undefined,
    percent: include?.percentages === true,
  }
  const beside = BESIDE.filter(([end]) => isThere[end])
  const columns = [
    ...dimensions,
    ...metrics,
    ...beside.flatMap(([end]) => metrics.map(name => `${name}_${end}`)),
  ]
  const rows = results.map(row => {
    const more = beside.flatMap(([, of]) => of(row) ?? metrics.map(() => null))
    const values = [...row.dimensions, ...row.metrics, ...more]
    return Object.fromEntries(columns.map((name, index) => [name, values[index]]))
  })
  return {columns, rows}
}

/** The question as it was understood: periods by their ends. */
function understood(body: QueryBody, {main, compared}: QueryPlan): Record<string, unknown> {
  const {from, to} = isoStretch(main.range)
  const {include} = body
  const comparisons = compared && {
    ...include!.comparisons,
    date_range: Object.values(isoStretch(compared.range)),
  }
  return {
    ...body,
    date_range: [from, to],
    ...(comparisons === undefined ? {} : {include: {...include, comparisons}}),
  }
}

function toAnswer(
  body: QueryBody,
  plan: QueryPlan,
  {value, meta}: Answered<QueryResult>,
): QueryAnswer {
  const {rows, count, totals, stretch} = value
  const {include, compared, granularity, dimensions} = plan
  const labels = (stretch.starts ?? []).map(start => timeLabel(start, plan))
  return {
    results: [...rows],
    ...(totals === undefined ? {} : {totals}),
    meta: {
      ...meta,
      ...(granularity !== undefined && dimensions.includes('time') ? {time: granularity} : {}),
      ...(include.timeLabels && granularity !== undefined ? {time_labels: labels} : {}),
      ...(include.totalRows ? {total_rows: count} : {}),
      ...(compared === undefined || compared.range.from === null
        ? {}
        : {comparison: {from: msToIso(compared.range.from), to: msToIso(compared.range.to)}}),
    },
    query: understood(body, plan),
  }
}

export function addQueryRoutes(app: Api, {reads, readAfter, db, subjects}: QueryDeps): void {
  app.post(
    '/v1/query',
    optionsOf('query', UNCACHED, {
      operationId: 'query',
      summary: 'Metrics of a stream by dimensions, filtered, for a period',
      description:
        'In the words of Plausible: metrics × dimensions × filters × date_range × order_by × pagination, of any declared stream. What the stores cannot answer is refused with the reason, and what to declare.',
      querystring: closed({...DecimalsQuery, ...AfterQuery}),
      body: QueryBody,
      response: {200: QueryAnswer},
      csv: tableOfAnswer,
    }),
    async ({query, body}, reply) => {
      const {filters = []} = body
      const subject = subjects(body.stream, 'body')
      const {name: stream} = subject.plan.stream
      const names = takesSegments(subject) ? segmentNames(filters) : []
      const segments = await readSegments(db, stream, names)
      const asked = {...body, filters: [...expandSegments(filters, segments, subject)]}
      const plan = planQuery(asked, subject, Date.now())
      const stores = plan.access.kind === 'keys' ? LIVE_STORE : STORED
      const found = await readAfter(query, stores, reply, () => reads.query(plan))
      if (found === undefined) return reply
      const answer = toAnswer(body, plan, found)
      const {results, totals} = answer
      return {...answer, ...roundAll({results, ...(totals && {totals})}, query.decimals)}
    },
  )
}
