/** Random questions about orders, each with the SQL that answers it. */
import {Problem} from '../api/problem.ts'
import {planQuery} from '../api/query/plan.ts'
import {subjectOf} from '../api/query/subject.ts'
import type {Filter, QueryBody} from '../api/schemas/query.ts'
import {planStream} from '../readmodel/plan.ts'
import {FIGURES} from './order-sql.ts'
import {createRandom} from './source-history.ts'
import {orders} from './streams-with-orders/orders.ts'

const subject = subjectOf(planStream(orders))

/** Aligned to their buckets, so that SQL needs no more than the ends. */
const RANGES = {
  none: ['2026-03-28', '2026-04-06'],
  'time:hour': ['2026-04-04', '2026-04-06'],
  'time:day': ['2026-03-28', '2026-04-06'],
  'time:week': ['2026-03-23', '2026-04-13'],
  'time:month': ['2026-03-01', '2026-05-01'],
} as const
type Time = keyof typeof RANGES
const ZONES = ['UTC', 'Europe/Berlin', 'Asia/Kolkata'] as const
const METRICS = [
  ['orders', 'revenue', 'returned', 'earned'],
  ['orders', 'price', 'spread', 'cheapest', 'dearest'],
  ['orders', 'buyers', 'amounts_p50', 'amounts_p99', 'returning'],
  ['orders', 'last_status', 'last_at'],
] as const

type Random = ReturnType<typeof createRandom>
const pick = <T>(random: Random, list: readonly T[]): T => list[random(list.length)]!

interface Drawn {
  readonly filter: Filter
  readonly sql: string
}

const not = ({filter, sql}: Drawn): Drawn => ({filter: ['not', filter], sql: `NOT (${sql})`})
const join = (operator: 'and' | 'or', [a, b]: readonly [Drawn, Drawn]): Drawn => ({
  filter: [operator, [a.filter, b.filter]],
  sql: `((${a.sql}) ${operator} (${b.sql}))`,
})
/** Conditions that are never null: what is denied is then all the rest. */
const TESTS: readonly Drawn[] = [
  {filter: ['is', 'status', ['paid', null]], sql: `status = 'paid' IS TRUE OR status IS NULL`},
  {filter: ['is_not', 'status', ['new']], sql: `status IS DISTINCT FROM 'new'`},
  {filter: ['is', 'shop_id', [1, 2, null]], sql: 'shop_id IN (1, 2) IS TRUE OR shop_id IS NULL'},
  {filter: ['is', 'shop_id', [3]], sql: 'shop_id IS NOT DISTINCT FROM 3'},
  {filter: ['is', 'product', ['sofa', '(none)']], sql: `product IN ('sofa', '(none)') IS TRUE`},
  {filter: ['contains', 'product', ['é', 'be']], sql: `product ~ 'é|be' IS TRUE`},
  {filter: ['matches_not', 'product', ['^.{1,4}$']], sql: `product ~ '^.{1,4}$' IS NOT TRUE`},
  {
    filter: ['contains', 'status', ['E'], {case_sensitive: false}],
    sql: `status::text ~* 'e' IS TRUE`,
  },
  {filter: ['matches_wildcard', 'shop.region', ['*o*t*']], sql: `region_then LIKE '%o%t%' IS TRUE`},
  {filter: ['is', 'shop.region', ['north', '']], sql: `region_then IN ('north', '') IS TRUE`},
]

function drawFilter(random: Random): Drawn {
  const one = pick(random, TESTS)
  const roll = random(8)
  if (roll === 0) return not(one)
  if (roll < 3) return join(roll === 1 ? 'and' : 'or', [one, pick(random, TESTS)])
  return one
}

export interface OrderQuestion {
  readonly body: QueryBody
  /** Metrics by dimensions, under the names d0, d1 … and those of metrics; undefined: it is refused. */
  readonly rows: string | undefined
  /** Metrics of all. */
  readonly totals: string
  /** What it is refused with. */
  readonly refusal: string | undefined
}

const timeSql = (time: Time, zone: string): string =>
  time === 'time:hour'
    ? `to_char(date_trunc('hour', placed_at, '${zone}') AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
    : `to_char(date_trunc('${time.slice(5)}', placed_at, '${zone}') AT TIME ZONE '${zone}', 'YYYY-MM-DD')`

/** In which rollup a question is answered says how products are told apart. */
function planned(body: QueryBody): {readonly rollup?: string; readonly refusal?: string} {
  try {
    return {rollup: planQuery(body, subject, Date.now()).rollup.name}
  } catch (error) {
    if (error instanceof Problem) return {refusal: error.message}
    throw error
  }
}

export function createOrderQuestions(seed: number): () => OrderQuestion {
  const random = createRandom(seed)
  return () => {
    const fields = ['shop_id', 'status', 'product', 'shop.region'].filter(() => random(4) === 0)
    const time = pick(random, ['none', ...Object.keys(RANGES)] as Time[])
    const zone = pick(random, ZONES)
    const filters = Array.from({length: random(3)}, () => drawFilter(random))
    const least = random(3) === 0 ? random(6) : undefined
    const isAll = time === 'none' && random(2) === 0
    const range = RANGES[time]
    const body: QueryBody = {
      stream: 'orders',
      metrics: [...pick(random, METRICS)],
      date_range: isAll ? 'all' : range,
      dimensions: time === 'none' ? fields : [...fields, time],
      filters: [
        ...filters.map(({filter}) => filter),
        ...(least === undefined ? [] : [['greater', 'orders', least] as const]),
      ],
      include: {totals: true},
      pagination: {limit: 10_000},
      timezone: zone,
    }
    const {rollup, refusal} = planned(body)
    const product =
      rollup === 'product'
        ? 'product'
        : `CASE WHEN length(product) > 64 THEN '(other)' ELSE product END`
    const sqlOf: Readonly<Record<string, string>> = {
      shop_id: 'shop_id',
      status: 'status::text',
      product,
      'shop.region': 'region_then',
    }
    const columns = body.dimensions!.map(
      (name, i) => `${sqlOf[name] ?? timeSql(time, zone)} AS d${i}`,
    )
    const where = [
      ...filters.map(({sql}) => `(${sql.replaceAll('product', `(${product})`)})`),
      ...(isAll
        ? []
        : range.map(
            (day, i) =>
              `placed_at ${i === 0 ? '>=' : '<'} '${day}'::timestamp AT TIME ZONE '${zone}'`,
          )),
    ]
    const from = `FROM orders${where.length === 0 ? '' : ` WHERE ${where.join(' AND ')}`}`
    const groups =
      columns.length === 0 ? '' : ` GROUP BY ${columns.map((_, i) => i + 1).join(', ')}`
    const having = least === undefined ? '' : ` HAVING count(*) > ${least}`
    const rows = `SELECT ${[...columns, FIGURES].join(', ')} ${from}${groups}${having}`
    return {
      body,
      rows: refusal === undefined ? rows : undefined,
      totals: `SELECT ${FIGURES} ${from}`,
      refusal,
    }
  }
}
