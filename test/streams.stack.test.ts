/**
 * A stream that is declared and nothing else: random histories through the real pipeline, and every generic
 * answer is what plain SQL says.
 */
import {randomUUID} from 'node:crypto'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import type {Static} from 'typebox'
import type {Trace} from '../api/schemas/admin.ts'
import {graphOf} from '../api/graphql/schema.ts'
import type {ProblemSchema} from '../api/schemas/common.ts'
import type {QueryAnswer, QueryBody} from '../api/schemas/query.ts'
import type {
  StreamActive,
  StreamBreakdown,
  StreamEvents,
  StreamFigures,
  StreamList,
  StreamSeries,
  StreamTop,
} from '../api/schemas/streams.ts'
import {createClient} from '../client/client.ts'
import {
  byText,
  compareFigures,
  compareTexts,
  compareTop,
  isNear,
  toText,
  type Ranked,
  type Report,
} from './order-compare.ts'
import {createOrderHistory, ORDER_SQL, SHOPS, type OrderHistory} from './order-history.ts'
import {
  APRIL,
  AT_ONCE,
  conditionOf,
  EVENTS,
  FIGURES,
  HOURS,
  PERIODS,
  RANGES,
  ROLLUPS,
  type Figures,
  type Granularity,
  type Rollup,
  type Value,
} from './order-sql.ts'
import {createOrderQuestions, type OrderQuestion} from './order-questions.ts'
import {openPipelineWorld, until, type PipelineWorld} from './pipeline-world.ts'
import {planStream} from '../readmodel/plan.ts'
import {differencesWhenQuiet, whenCommitted} from './quiet.ts'
import {orders} from './streams-with-orders/orders.ts'

const SEED = Number(process.env['PROPERTY_SEED'] ?? 13)
const ZONES = ['UTC', 'Europe/Berlin', 'Asia/Kolkata', 'Australia/Lord_Howe'] as const
let world: PipelineWorld
let url: string
let history: OrderHistory
let last: ReadonlyMap<number, string>

interface Answer<T> {
  readonly status: number
  readonly body: T
}

const param = (name: string, values: readonly Value[]): string =>
  values.map(value => `&${name}=${encodeURIComponent(textOfKey(value))}`).join('')

/** Null is `(none)`; a text like that has a second parenthesis. */
function textOfKey(value: Value): string {
  if (value === null) return '(none)'
  return String(value) === '(none)' ? '((none)' : String(value)
}

async function ask<T = Static<typeof ProblemSchema>>(path: string): Promise<Answer<T>> {
  const answer = await fetch(`${url}${path}`)
  return {status: answer.status, body: (await answer.json()) as T}
}

/** The answer, which has to be one. */
async function get<T>(path: string): Promise<T> {
  const {status, body} = await ask<T>(path)
  if (status !== 200) throw new Error(`${path} answers ${status}: ${JSON.stringify(body)}`)
  return body
}

async function send<T = Static<typeof ProblemSchema>>(
  path: string,
  body: unknown,
  method = 'POST',
): Promise<Answer<T>> {
  const headers = {'content-type': 'application/json'}
  const answer = await fetch(`${url}${path}`, {method, headers, body: JSON.stringify(body)})
  return {status: answer.status, body: (await answer.json()) as T}
}

/** The answer to a question about orders, which has to be one. */
async function query(question: Partial<QueryBody>): Promise<QueryAnswer> {
  const body = {stream: 'orders', metrics: ['orders', 'revenue'], date_range: 'all', ...question}
  const answer = await send<QueryAnswer>('/v1/query', body)
  if (answer.status === 200) return answer.body
  throw new Error(`${JSON.stringify(body)} answers ${JSON.stringify(answer.body)}`)
}

async function sql<T = Figures>(text: string, values: readonly unknown[] = []): Promise<T[]> {
  return (await world.pool.query(text, [...values])).rows as T[]
}

/** Every key that is there, those of most orders first, and one that is not. */
async function keysOf({columns, where = 'true'}: Rollup): Promise<(string | null)[][]> {
  if (columns.length === 0) return [[]]
  const list = columns.map((column, i) => `${column}::text AS k${i}`).join(', ')
  const rows = await sql<Record<string, string | null>>(
    `SELECT ${list} FROM orders WHERE ${where} GROUP BY ${columns.join(', ')} ORDER BY count(*) DESC`,
  )
  const keys = rows.map(row => columns.map((_, i) => row[`k${i}`]!))
  return [...keys, columns.map(() => 'nothing')]
}

/** What is asked of every row of every rollup: in total, and for periods. */
async function compareRow(report: Report, rollup: Rollup, key: (string | null)[]): Promise<void> {
  const {by, splits = {}} = rollup
  const question = `by=${by}${param('key', key)}`
  const condition = conditionOf(rollup)
  const periods = [['', 'true'], ...(PERIODS.get(by) ?? [])] as const
  for (const [period, within] of periods) {
    const path = `/v1/streams/orders/metrics?${question}${period}`
    const {metrics} = await get<Static<typeof StreamFigures>>(path)
    const matching = `FROM orders WHERE ${condition} AND ${within}`
    const [row] = await sql(`SELECT ${FIGURES} ${matching}`, key)
    compareFigures(report, path, row!, metrics)
    const {measures = Object.keys(row!)} = rollup
    compareTexts(report, path, measures.toSorted(), Object.keys(metrics).toSorted())
    await compareChosen(report, path, metrics)
    for (const [name, split] of Object.entries(splits)) {
      const broken = `/v1/streams/orders/breakdown/${name}?${question}${period}`
      const {items} = await get<Static<typeof StreamBreakdown>>(broken)
      const rows = await sql(
        `SELECT ${split} AS value, ${FIGURES} ${matching} GROUP BY ${split}`,
        key,
      )
      const values = rows.map(({value}) => value ?? null).toSorted(byText)
      compareTexts(report, broken, values, items.map(({value}) => value).toSorted(byText))
      for (const {value, metrics: own} of items) {
        const expected = rows.find(one => one['value'] === value) ?? {}
        compareFigures(report, `${broken} ${value}`, expected, own)
      }
    }
  }
}

/** A few figures alone are what they are among all. */
async function compareChosen(
  report: Report,
  path: string,
  all: Static<typeof StreamFigures>['metrics'],
): Promise<void> {
  const names = Object.keys(all).filter((_, i) => i % 3 === 1)
  const {metrics} = await get<Static<typeof StreamFigures>>(`${path}&metrics=${names.join()}`)
  compareTexts(
    report,
    `${path} of some`,
    names.map(name => [name, all[name]]),
    Object.entries(metrics),
  )
}

async function compareSeries(
  report: Report,
  rollup: Rollup,
  {key, granularity, zone}: {key: (string | null)[]; granularity: Granularity; zone: string},
): Promise<void> {
  const range = `${RANGES[granularity]}&granularity=${granularity}&timezone=${zone}`
  const path = `/v1/streams/orders/timeseries?by=${rollup.by}${param('key', key)}&${range}`
  if (rollup.refuses?.(granularity, zone) === true) {
    const {status, body} = await ask(path)
    if (status === 422 && /only totals are kept|is not the start of a/.test(toText(body))) return
    report.push(`${path}: answered ${status} ${toText(body)}`)
    return
  }
  const {buckets} = await get<Static<typeof StreamSeries>>(path)
  for (const [i, {end}] of buckets.entries()) {
    const next = buckets[i + 1]?.start ?? end
    if (next !== end) report.push(`${path}: a bucket ends at ${end}, the next begins at ${next}`)
  }
  const condition = conditionOf(rollup)
  const at = key.length
  const rows = await sql(
    `SELECT f.* FROM unnest($${at + 1}::timestamptz[], $${at + 2}::timestamptz[])
       WITH ORDINALITY b (start, stop, n) CROSS JOIN LATERAL (
         SELECT ${FIGURES} FROM orders WHERE ${condition} AND placed_at >= start AND placed_at < stop
       ) f ORDER BY n`,
    [...key, buckets.map(({start}) => start), buckets.map(({end}) => end)],
  )
  for (const [i, {start, metrics}] of buckets.entries()) {
    compareFigures(report, `${path} ${start}`, rows[i]!, metrics)
  }
  // An hour in which clocks go back by half of one is two buckets, and one to PostgreSQL.
  if (granularity === 'hour' && zone === 'Australia/Lord_Howe') return
  const starts = await sql<{start: Date}>(
    `SELECT DISTINCT date_trunc($${at + 1}, placed_at, $${at + 2}) AS start FROM orders
      WHERE ${condition} AND placed_at >= $${at + 3} AND placed_at < $${at + 4} ORDER BY 1`,
    [...key, granularity, zone, buckets[0]!.start, buckets.at(-1)!.end],
  )
  const filled = buckets.filter(({metrics}) => metrics['orders'] !== 0)
  compareTexts(
    report,
    path,
    starts.map(({start}) => start.getTime()),
    filled.map(({start}) => Date.parse(start)),
  )
}

async function topOf(column: string, metric: string, within: string): Promise<Ranked[]> {
  const rows = await sql(
    `SELECT ${column}::text AS key, ${FIGURES} FROM orders WHERE ${within} GROUP BY ${column}`,
  )
  return rows.map(row => ({key: [row['key'] ?? null], value: row[metric] ?? null}))
}

async function compareAllRows(report: Report): Promise<void> {
  for (const rollup of ROLLUPS) {
    const keys = await keysOf(rollup)
    for (const key of keys) await compareRow(report, rollup, key)
  }
}

async function compareAllSeries(report: Report): Promise<void> {
  for (const rollup of ROLLUPS) {
    for (const key of (await keysOf(rollup)).slice(0, 2)) {
      for (const granularity of Object.keys(RANGES) as Granularity[]) {
        for (const zone of ZONES) await compareSeries(report, rollup, {key, granularity, zone})
      }
    }
  }
}

/** Repeats a comparison until nothing differs: what a correction made stale is computed again. */
async function expectEqual(compare: (report: Report) => Promise<void>): Promise<void> {
  let report: Report = []
  await until(
    'no difference',
    async () => {
      report = []
      await compare(report)
      return report.length === 0
    },
    40_000,
  ).catch((error: unknown) => {
    if (report.length === 0) throw error
  })
  expect(report.slice(0, 20)).toEqual([])
}

const unpublished = async (): Promise<number> => {
  const [row] = await sql<{rows: string}>('SELECT rows FROM cdc.unpublished()')
  return Number(row!.rows)
}

beforeAll(async () => {
  world = await openPipelineWorld(
    // The trace of an order looks for it in the outbox, which would be emptied meanwhile.
    {STREAMS_FOLDER: 'test/streams-with-orders', RELAY_ROTATE_EVERY_MS: '3600000'},
    ORDER_SQL,
  )
  const [, , api] = await Promise.all(
    (['ingestor', 'processor', 'api'] as const).map(name => world.start(name)),
  )
  url = api!.url
  history = createOrderHistory(world.pool, SEED)
  for (let i = 0; i < 4; i++) {
    await history.write(120)
    // The record has what the relay finds.
    await until('all is published', async () => (await unpublished()) === 0)
    await history.changeShops()
  }
  await history.write(60)
  last = await history.finish()
})
afterAll(async () => await world?.[Symbol.asyncDispose]())

test('INV-67: with its last event awaited, the counts and sums of a shop are right at once', async () => {
  const [byShop] = ROLLUPS
  for (const [shop, id] of last) {
    const after = `&after_event=orders:${id}&wait_ms=20000`
    const question = `by=shop_id&key=${shop}${after}`
    const path = `/v1/streams/orders/metrics?${question}`
    const {metrics, meta} = await get<Static<typeof StreamFigures>>(path)
    const [row] = await sql(`SELECT ${FIGURES} FROM orders WHERE ${conditionOf(byShop!)}`, [shop])
    const only = (figures: object) => AT_ONCE.map(name => (figures as Figures)[name])
    expect(only(metrics), path).toEqual(only(row!))
    expect(meta).toMatchObject({source: 'redis', notes: []})
    const {items} = await get<Static<typeof StreamEvents>>(
      `/v1/streams/orders/events?key=${shop}&limit=500${after}`,
    )
    expect(items).toHaveLength(row!['orders'] as number)
    expect(await get(`/v1/streams/orders/events/${id}?${after.slice(1)}`)).toMatchObject({
      event: {id, shop_id: shop},
    })
  }
})

describe('once all is committed', () => {
  beforeAll(async () => await whenCommitted(world))

  test('every figure and breakdown of every key equals SQL', async () => {
    const stale = `SELECT FROM orders o LEFT JOIN shops s ON s.id = shop_id
      WHERE region_then IS DISTINCT FROM region`
    expect(await sql(stale), 'some regions were others').not.toEqual([])
    await expectEqual(compareAllRows)
  })

  test('every series equals SQL in zones of all kinds, or is refused with the reason', async () => {
    await expectEqual(compareAllSeries)
  })

  test('tops equal SQL, live and for periods', async () => {
    await expectEqual(async report => {
      for (const metric of ['orders', 'revenue', 'price', 'buyers']) {
        const path = `/v1/streams/orders/top?by=product&metric=${metric}&limit=50`
        const {items, to} = await get<Static<typeof StreamTop>>(path)
        // The step of ten seconds that is running, and the 59 before it.
        const end = Math.floor(Date.parse(to) / 10_000) * 10 + 10
        const within = `placed_at >= to_timestamp(${end - 600}) AND placed_at < to_timestamp(${end})`
        const rows = await topOf('product', metric, `${within} AND product IS NOT NULL`)
        compareTop(report, `${path} at ${to}`, {metric, rows, items})
      }
      const [period] = HOURS
      for (const [by, column, metric] of [
        ['shop_id', 'shop_id', 'revenue'],
        ['product', 'product', 'dearest'],
        ['product', 'product', 'buyers'],
        ['shop_id', 'shop_id', 'last_status'],
        ['shop_id', 'shop_id', 'amounts_p90'],
        ['shop_id', 'shop_id', 'returning'],
      ] as const) {
        for (const [more, within] of [
          [period, APRIL],
          ['&period=all', 'true'],
        ] as const) {
          const path = `/v1/streams/orders/top?by=${by}&metric=${metric}${more}&limit=50`
          const {items} = await get<Static<typeof StreamTop>>(path)
          compareTop(report, path, {metric, rows: await topOf(column, metric, within), items})
        }
      }
    })
  })

  const SUMS = `count(*)::int AS orders, coalesce(sum(amount), 0)::float8 AS revenue`
  const DAYS = ['2026-03-25', '2026-04-10'] as const
  const IN_DAYS = `placed_at >= '2026-03-25' AND placed_at < '2026-04-10'`
  test.each<[string, Partial<QueryBody>, string]>([
    ['the whole', {}, `SELECT ${SUMS} FROM orders`],
    [
      'by two splits, with patterns and a condition on a metric',
      {
        dimensions: ['status', 'product'],
        filters: [
          ['matches', 'product', ['^s.f', 'é', '^$']],
          ['is_not', 'status', ['new']],
          ['greater', 'orders', 2],
        ],
      },
      `SELECT status, product, ${SUMS} FROM orders
        WHERE product ~ '^s.f|é|^$' AND status IS DISTINCT FROM 'new'
        GROUP BY 1, 2 HAVING count(*) > 2`,
    ],
    [
      'of named keys, null among them',
      {dimensions: ['shop_id', 'status'], filters: [['is', 'shop_id', [1, 4, null]]]},
      `SELECT shop_id, status, ${SUMS} FROM orders WHERE shop_id IN (1, 4) OR shop_id IS NULL
        GROUP BY 1, 2`,
    ],
    [
      'by what is looked up and days of a zone',
      {dimensions: ['time:day', 'shop.region'], date_range: [...DAYS], timezone: 'Europe/Berlin'},
      `SELECT to_char(placed_at AT TIME ZONE 'Europe/Berlin', 'YYYY-MM-DD') AS day, region_then, ${SUMS}
         FROM orders WHERE placed_at >= '2026-03-24T23:00Z' AND placed_at < '2026-04-09T22:00Z'
        GROUP BY 1, 2`,
    ],
    [
      'of one region, read by its rows alone',
      {dimensions: ['status'], filters: [['is', 'shop.region', ['north', null]]]},
      `SELECT status, ${SUMS} FROM orders WHERE region_then = 'north' OR region_then IS NULL
        GROUP BY 1`,
    ],
    [
      'by time that is parted by itself',
      {dimensions: ['time'], date_range: [...DAYS], filters: [['is', 'status', ['paid', 'sent']]]},
      `SELECT to_char(placed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day, ${SUMS}
         FROM orders WHERE ${IN_DAYS} AND status IN ('paid', 'sent') GROUP BY 1`,
    ],
  ])('INV-115: a question %s equals SQL', async (_what, question, text) => {
    await expectEqual(async report => {
      const {results} = await query(question)
      const rows = await sql<Record<string, Value>>(text)
      const expected = rows.map(row => Object.values(row)).toSorted(byText)
      const found = results.map(row => [...row.dimensions, ...row.metrics]).toSorted(byText)
      compareTexts(report, JSON.stringify(question), expected, found)
    })
  })

  async function compareQuestion(report: Report, question: OrderQuestion): Promise<void> {
    const {body, rows, totals, refusal} = question
    const where = JSON.stringify(body)
    if (rows === undefined) {
      const {status, body: problem} = await send('/v1/query', body)
      compareTexts(report, where, [422, refusal], [status, problem.detail])
      return
    }
    const answer = await query(body)
    const figuresOf = (metrics: readonly unknown[]) =>
      Object.fromEntries(body.metrics.map((name, i) => [name, metrics[i]]))
    const expected = new Map(
      (await sql(rows)).map(row => [toText(body.dimensions!.map((_, i) => row[`d${i}`])), row]),
    )
    const found = answer.results.map(row => toText(row.dimensions))
    compareTexts(report, where, [...expected.keys()].toSorted(), found.toSorted())
    for (const {dimensions, metrics} of answer.results) {
      const own = expected.get(toText(dimensions)) ?? {}
      compareFigures(report, `${where} ${toText(dimensions)}`, own, figuresOf(metrics))
    }
    const [all] = await sql(totals)
    compareFigures(report, `${where} in all`, all!, figuresOf(answer.totals!.metrics))
  }

  test('INV-115: every drawn question equals SQL, or is refused as it is planned', async () => {
    const draw = createOrderQuestions(SEED)
    const questions = Array.from({length: 50}, draw)
    expect(questions.filter(({refusal}) => refusal === undefined).length).toBeGreaterThan(30)
    await expectEqual(async report => {
      for (const question of questions) await compareQuestion(report, question)
    })
  })

  test('INV-114: a question has totals, shares and what was before, merged and not added up', async () => {
    await expectEqual(async report => {
      const {results, totals, meta} = await query({
        metrics: ['orders', 'buyers'],
        dimensions: ['shop_id'],
        date_range: ['2026-04-04', '2026-04-06'],
        include: {comparisons: {mode: 'previous_period'}, percentages: true, totals: true},
      })
      const of = async (from: string, to: string) => {
        const within = `placed_at >= '${from}' AND placed_at < '${to}'`
        const [row] = await sql(
          `SELECT count(*)::int AS orders, count(DISTINCT buyer)::int AS buyers
             FROM orders WHERE ${within}`,
        )
        return row!
      }
      const [now, before] = [
        await of('2026-04-04', '2026-04-06'),
        await of('2026-04-02', '2026-04-04'),
      ]
      for (const [what, row, metrics] of [
        ['totals', now, totals!.metrics],
        ['before', before, totals!.comparison!.metrics],
      ] as const) {
        compareFigures(report, what, row, {orders: metrics[0], buyers: metrics[1]})
      }
      const share = results.reduce((sum, row) => sum + row.percentages![0]!, 0)
      if (Math.abs(share - 100) > 1e-9) report.push(`shares add up to ${share}`)
      compareTexts(report, 'compared with', '2026-04-02T00:00:00.000000Z', meta.comparison!.from)
    })
  })

  test('a segment stands for its filters until it is deleted', async () => {
    const filters: QueryBody['filters'] = [['is', 'status', ['paid', 'sent']]]
    const segment = {stream: 'orders', name: 'done / éd', filters}
    expect(await send('/v1/segments', segment)).toMatchObject({status: 201, body: segment})
    expect(await send('/v1/segments', segment)).toMatchObject({status: 409})
    const question = {dimensions: ['status'], date_range: 'all'}
    const named: QueryBody['filters'] = [['is', 'segment', [segment.name]]]
    await expectEqual(async report => {
      const [one, other] = [
        await query({...question, filters}),
        await query({...question, filters: named}),
      ]
      compareTexts(report, 'segment', one.results, other.results)
    })
    const path = `/v1/segments/${encodeURIComponent(segment.name)}?stream=orders`
    const change = {filters: [['is', 'status', ['new']]]}
    expect(await send(path, change, 'PATCH')).toMatchObject({status: 200, body: change})
    const {results} = await query({...question, filters: named})
    expect(results.map(row => row.dimensions)).toEqual([['new']])
    expect((await get<{items: unknown[]}>('/v1/segments?stream=orders')).items).toHaveLength(1)
    expect((await fetch(`${url}${path}`, {method: 'DELETE'})).status).toBe(204)
    const body = {stream: 'orders', metrics: ['orders'], date_range: 'all', filters: named}
    expect(await send('/v1/query', body)).toMatchObject({
      status: 400,
      body: {errors: [{field: '/filters/0/2/0', value: segment.name}]},
    })
  })

  test('what no rollup answers is refused with the line that would', async () => {
    const body = {stream: 'orders', metrics: ['orders'], date_range: 'all', dimensions: ['buyer']}
    const {status, body: problem} = await send('/v1/query', body)
    expect(status).toBe(422)
    expect(problem.detail).toMatch(
      /declare \{by: 'buyer', every: \['total'\]\} in streams\/orders\.ts/,
    )
    expect(await send('/v1/query', {...body, stream: 'nothing'})).toMatchObject({
      status: 400,
      body: {errors: [{field: '/stream', detail: 'must be one of activity, engagement, orders'}]},
    })
  })

  test('who was active equals SQL', async () => {
    const count = async (): Promise<number> => {
      const [row] = await sql<{n: number}>(
        `SELECT count(DISTINCT buyer)::int AS n FROM orders, to_timestamp(floor(extract(epoch FROM
           clock_timestamp()) / 10) * 10 + 10) stop
          WHERE placed_at >= stop - interval '300 seconds' AND placed_at < stop`,
      )
      return row!.n
    }
    await expectEqual(async report => {
      const before = await count()
      const {active, of, window_seconds} = await get<Static<typeof StreamActive>>(
        '/v1/streams/orders/active',
      )
      // The step may have ended meanwhile.
      const near = [before, await count()].some(n => isNear('buyers', n, active))
      if (!near) report.push(`active: SQL ${before}, answered ${active}`)
      compareTexts(report, 'active', ['buyer', 300], [of, window_seconds])
    })
  })

  test('events of a shop come newest first, page by page, each as it is in the table', async () => {
    await expectEqual(async report => {
      for (const shop of new Set(SHOPS)) {
        for (const [more, within] of [['', 'true'], HOURS] as const) {
          const path = `/v1/streams/orders/events?limit=7${param('key', [shop])}${more}`
          const found: unknown[] = []
          for (let cursor: string | null = ''; cursor !== null;) {
            const next: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
            const page: Static<typeof StreamEvents> = await get(path + next)
            found.push(...page.items)
            cursor = page.page.next_cursor
          }
          const rows = await sql(
            `${EVENTS} WHERE shop_id IS NOT DISTINCT FROM $1 AND ${within}
              ORDER BY o.placed_at DESC NULLS LAST, id DESC`,
            [shop],
          )
          compareTexts(report, path, rows, found)
        }
      }
    })
  })

  test('an order is found by its id and traced, a deleted one is not', async () => {
    for (const id of history.live.slice(0, 20)) {
      const [event] = await sql(`${EVENTS} WHERE id = $1`, [id])
      for (const text of [id, id.toUpperCase()]) {
        const answer = await get(`/v1/streams/orders/events/${text}`)
        expect(answer).toMatchObject({event, meta: {source: 'cassandra'}})
      }
    }
    for (const id of history.deleted.slice(0, 20)) {
      expect(await ask(`/v1/streams/orders/events/${id}`)).toMatchObject({
        status: 404,
        body: {type: '/problems/not-found'},
      })
    }
    const [live, deleted] = [history.live.at(-1), history.deleted.at(-1)]
    const foundOf = async (id: string | undefined): Promise<unknown> => {
      const {stages} = await get<Static<typeof Trace>>(`/v1/admin/trace/orders/${id}`)
      return Object.fromEntries(stages.map(({stage, found}) => [stage, found]))
    }
    const kept = {outbox: true, kafka: true, redis: false}
    expect(await foundOf(live)).toEqual({...kept, postgresql: true, cassandra: true})
    expect(await foundOf(deleted)).toEqual({...kept, postgresql: false, cassandra: false})
  })

  test('INV-119: live streams of a row and of a window begin with what SQL says, and follow', async () => {
    const client = createClient({baseUrl: url})
    const [shop] = SHOPS
    const live = client.stream('GET /v1/streams/{stream}/live', {
      path: {stream: 'orders'},
      query: {by: 'shop_id', key: [String(shop)], metrics: ['orders', 'revenue']},
    })
    const figuresOf = async () => {
      const [row] = await sql(
        'SELECT count(*)::int AS orders, sum(amount)::float8 AS revenue FROM orders WHERE shop_id = $1',
        [shop],
      )
      return row!
    }
    const next = async () => {
      const {value: message} = await live.next()
      if (message?.event !== 'figures') throw new Error(`heard ${JSON.stringify(message)}`)
      return message.data.metrics
    }
    expect(await next()).toEqual(await figuresOf())
    await sql(
      `INSERT INTO orders (id, shop_id, product, status, buyer, amount, placed_at)
         VALUES (gen_random_uuid(), $1, 'lamp', 'new', gen_random_uuid(), 12.34, now())`,
      [shop],
    )
    expect(await next()).toEqual(await figuresOf())
    await live.return(undefined)

    const top = client.stream('GET /v1/streams/{stream}/top/live', {
      path: {stream: 'orders'},
      query: {by: 'product', metric: 'orders', limit: 50},
    })
    // Nothing else is a lamp: until it is told, the test goes on.
    for await (const {event, data} of top) {
      if (event === 'top' && data.items.some(({key, value}) => key[0] === 'lamp' && value === 1)) {
        break
      }
    }
    await whenCommitted(world)
  })

  test('INV-121: GraphQL answers as REST does, of every rollup', async () => {
    const {streams} = graphOf([planStream(orders)])
    const [{rollups, event}] = streams as [(typeof streams)[number]]
    const askGraph = async (question: string): Promise<Record<string, unknown>> => {
      const reply = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: {'content-type': 'application/json'},
        body: JSON.stringify({query: `{orders {${question}}}`}),
      })
      const {data, errors} = (await reply.json()) as {
        data: {orders: Record<string, unknown>} | null
        errors?: unknown
      }
      expect(errors, question).toBeUndefined()
      return data!.orders
    }
    const named = (fields: readonly {name: string; own: string}[], values: object) =>
      Object.fromEntries(
        fields.map(({name, own}) => [name, (values as Record<string, unknown>)[own]]),
      )
    await expectEqual(async report => {
      for (const {rollup, field, metrics, splits} of rollups) {
        const [key] = await keysOf(ROLLUPS.find(({by}) => by === rollup.name)!)
        const of = rollup.by.length === 0 ? '' : `(key: ${JSON.stringify(key!.map(textOfKey))})`
        const names = metrics.map(({name}) => name).join(' ')
        const asked = `by=${rollup.name}${param('key', key!)}`
        const breakdowns = splits.map(
          ({name}) => `${name}: breakdown(dimension: ${name}) {items {value metrics {${names}}}}`,
        )
        const found = (await askGraph(
          `${field}${of} {figures {metrics {${names}}} ${breakdowns.join(' ')}}`,
        )) as Record<string, Record<string, Record<string, unknown>>>
        const {[field]: row} = found
        const rest = await get<Static<typeof StreamFigures>>(`/v1/streams/orders/metrics?${asked}`)
        compareTexts(report, field, named(metrics, rest.metrics), row!['figures']!['metrics'])
        for (const {name, own} of splits) {
          const path = `/v1/streams/orders/breakdown/${own}?${asked}`
          const {items} = await get<Static<typeof StreamBreakdown>>(path)
          compareTexts(
            report,
            `${field} ${name}`,
            items.map(({value, metrics: figures}) => ({value, metrics: named(metrics, figures)})),
            row![name]!['items'],
          )
        }
      }
      const [id] = history.live
      const one = await get<{event: object}>(`/v1/streams/orders/events/${id}`)
      const found = await askGraph(`event(id: "${id}") {${event.map(({name}) => name).join(' ')}}`)
      compareTexts(report, 'event', named(event, one.event), found['event'])
    })
  })

  test('its stream is listed with what can be asked, and what cannot is refused', async () => {
    const {items} = await get<Static<typeof StreamList>>('/v1/streams')
    expect(items.map(({stream}) => stream)).toEqual(['activity', 'engagement', 'orders'])
    const measures = Object.keys((await sql(`SELECT ${FIGURES} FROM orders`))[0]!).toSorted()
    const row = (by: string, columns: string[], splits: string[], levels: string[]) => {
      return {by, columns, splits, levels, metrics: expect.anything()}
    }
    expect(items[2]).toEqual({
      stream: 'orders',
      table: 'public.orders',
      topic: `${world.env['TOPIC_PREFIX']}orders`,
      key: 'shop_id',
      id: 'id',
      time: 'placed_at',
      rollups: [
        row('shop_id', ['shop_id'], ['status', 'product'], ['minute', 'hour', 'day', 'total']),
        row('product', ['product'], ['shop.region'], ['quarter', 'day', 'total']),
        row('shop.region_status', ['shop.region', 'status'], [], ['hour', 'total']),
        row('buyer', ['buyer'], [], ['total']),
        row('all', [], ['status'], ['minute', 'hour', 'day', 'total']),
      ],
      top: [{by: 'product', seconds: 600, metrics: ['orders', 'revenue', 'price', 'buyers']}],
      active: [{of: 'buyer', seconds: 300}],
    })
    expect(items[2]!.rollups[0]!.metrics.toSorted()).toEqual(measures)
    expect(items[2]!.rollups[3]!.metrics).toEqual(['orders', 'revenue'])

    const id = randomUUID()
    expect(
      await ask(`/v1/streams/orders/metrics?after_event=orders:${id}&wait_ms=0`),
    ).toMatchObject({
      status: 202,
      body: {
        status: 'pending',
        reason: 'PostgreSQL has no such event (yet)',
        lag: {event_committed: false, outbox_unpublished: 0, records: null},
      },
    })
    for (const [status, path] of [
      [404, 'nothing/metrics'],
      [404, 'nothing/timeseries'],
      [404, 'nothing/breakdown/status'],
      [404, 'nothing/top?by=product'],
      [404, 'nothing/active'],
      [404, 'nothing/events?key=1'],
      [404, `nothing/events/${id}`],
      [404, `orders/events/${id}`],
      [422, 'orders/metrics?after_event=nothing:1'],
      [422, 'orders/events/7'],
      [422, 'orders/metrics?after_event=orders:7'],
      [422, 'orders/metrics?by=nothing'],
      [422, 'orders/metrics?by=shop_id'],
      [422, 'orders/metrics?by=shop_id&key=1&key=2'],
      [422, 'orders/metrics?key=1'],
      [422, 'orders/metrics?by=shop_id&key=1&timezone=Mars/Base'],
      [422, 'orders/metrics?by=product&key=bed&period=24h'],
      [422, 'orders/breakdown/product'],
      [422, 'orders/top?by=product&metric=earned'],
      [422, 'orders/top?by=nothing'],
    ] as const) {
      expect(await ask(`/v1/streams/${path}`), path).toMatchObject({status})
    }
  })
})

test('after a last change of every order, everything that is stored equals SQL', async () => {
  // Makes every record anew: looked-up regions are those of today, in all stores.
  await world.pool.query('UPDATE orders SET amount = -amount')
  await world.pool.query(`DELETE FROM orders WHERE product = 'bed'`)
  await whenCommitted(world)
  await expectEqual(compareAllRows)
  expect((await differencesWhenQuiet(world)).slice(0, 20)).toEqual([])
}, 240_000)
