/** One endpoint for many questions, of any stream. */
import type {Api} from '../app.ts'
import type {Table} from '../csv.ts'
import {planQuestion, toAnswer, type QuestionDeps} from '../query/question.ts'
import {roundAll} from '../rounding.ts'
import {AfterQuery, closed, DecimalsQuery} from '../schemas/common.ts'
import {QueryAnswer, QueryBody, type QueryRow} from '../schemas/query.ts'
import {LIVE_STORE, STORED, type ReadDeps} from './metrics.ts'
import {optionsOf, UNCACHED} from './options.ts'

export interface QueryDeps extends ReadDeps, QuestionDeps {}

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
      const plan = await planQuestion({db, subjects}, body)
      const stores = plan.access.kind === 'keys' ? LIVE_STORE : STORED
      const found = await readAfter(query, stores, reply, () => reads.query(plan))
      if (found === undefined) return reply
      const answer = toAnswer(body, plan, found)
      const {results, totals} = answer
      return {...answer, ...roundAll({results, ...(totals && {totals})}, query.decimals)}
    },
  )
}
