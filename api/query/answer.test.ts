import * as fc from 'fast-check'
import {describe, expect, test} from 'vitest'
import {Entity} from '../../readmodel/entity.ts'
import type {Fields} from '../../readmodel/fields.ts'
import {planStream, type RollupPlan} from '../../readmodel/plan.ts'
import {keyOfTexts} from '../../readmodel/rollup-table.ts'
import {piecesOfTotal} from '../../readmodel/stream-reads.ts'
import {orders} from '../../test/streams-with-orders/orders.ts'
import {toIso} from '../times.ts'
import type {Filter, QueryBody} from '../schemas/query.ts'
import {changeOf, toAnswer} from './answer.ts'
import {createGrouper} from './group.ts'
import {planQuery, type QueryPlan, type Stretch} from './plan.ts'
import {subjectOf} from './subject.ts'

const stream = planStream(orders)
const subject = subjectOf(stream)
const NOW = Date.parse('2026-04-08T10:30:00Z')
const HOUR_US = 3_600_000_000
const START_US = Date.parse('2026-04-01T00:00:00Z') * 1000

interface Order {
  readonly shop: number | null
  readonly status: string | null
  readonly product: string | null
  readonly buyer: string | null
  readonly cents: number | null
  readonly hour: number
}

const toEvent = (order: Order, id: number): Fields => ({
  id: `00000000-0000-4000-8000-${String(id).padStart(12, '0')}`,
  shop_id: order.shop,
  product: order.product,
  status: order.status,
  buyer: order.buyer,
  amount: order.cents === null ? null : (order.cents / 100).toFixed(2),
  placed_at: START_US + order.hour * HOUR_US,
  shop: {region: null},
})

/** Rows of a rollup as owners fold them: of each key, and of each hour of it. */
function rowsOf(rollup: RollupPlan, events: readonly Fields[]) {
  const rows = Map.groupBy(events, event =>
    JSON.stringify([keyOfTexts(rollup.keyOf(event)), event['placed_at']]),
  )
  return Array.from(rows, ([id, own]) => {
    const [key, time] = JSON.parse(id) as [string, number]
    const entity = new Entity(rollup)
    for (const [offset, event] of own.entries()) {
      const timeUs = stream.timeOf(event)
      stream.inputs.read(event, {timeUs, id: stream.idOf(event)})
      entity.prepare(timeUs)
      for (const missing of entity.missing) entity.setLoaded(missing, null)
      entity.apply(rollup.splitsOf(event), stream.inputs, offset)
    }
    const part = {partition: 0, entity, source: 'redis', isFresh: true} as const
    return {key, start: time / 1000, pieces: piecesOfTotal({key, parts: [part]})}
  })
}

function group(plan: QueryPlan, stretch: Stretch, events: readonly Fields[]) {
  const grouper = createGrouper(plan, stretch, 1000)
  for (const {key, start, pieces} of rowsOf(plan.rollup, events)) {
    for (const piece of pieces) grouper.add({key, fact: undefined, start, piece})
  }
  return {stretch, grouped: grouper.finish()}
}

function ask(body: Partial<QueryBody>, all: readonly Order[], before: readonly Order[] = []) {
  const plan = planQuery(
    {metrics: ['orders'], date_range: ['2026-04-01', '2026-04-03'], ...body},
    subject,
    NOW,
  )
  const main = group(plan, plan.main, all.map(toEvent))
  return toAnswer(plan, main, plan.compared && group(plan, plan.compared, before.map(toEvent)))
}

const METRICS = ['orders', 'revenue', 'dearest', 'returned', 'returning', 'buyers'] as const
type Value = string | number | null
type Labels = Readonly<Record<string, Value>>

const labelsOf = ({shop, status, product, hour}: Order): Labels => ({
  shop_id: shop,
  status,
  product,
  'time:hour': toIso(START_US + hour * HOUR_US),
  'time:hour_of_day': hour % 24,
  // 1 April 2026 is a Wednesday.
  'time:weekday': hour < 24 ? 3 : 4,
})

/** The plain way. */
function figuresOf(own: readonly Order[]): Record<string, number | null> {
  const cents = own.flatMap(order => order.cents ?? [])
  const returned = own.filter(({status}) => status === 'returned').length
  return {
    orders: own.length,
    revenue: cents.reduce((sum, one) => sum + one, 0) / 100,
    dearest: cents.length === 0 ? null : Math.max(...cents) / 100,
    returned,
    returning: own.length === 0 ? null : returned / own.length,
    buyers: new Set(own.flatMap(({buyer}) => buyer ?? [])).size,
  }
}

function byValue(a: Value, b: Value, descending: boolean): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null)
  const order = a < b ? -1 : a > b ? 1 : 0
  return descending ? -order : order
}

interface Question {
  readonly dimensions: string[]
  readonly statuses: (string | null)[] | undefined
  readonly shops: (number | null)[] | undefined
  readonly least: number | undefined
  readonly order: {readonly by: string; readonly descending: boolean} | undefined
  readonly limit: number
  readonly offset: number
}

function naive(question: Question, all: readonly Order[]) {
  const {dimensions, statuses, shops, least, order} = question
  const counted = all.filter(
    ({status, shop}) =>
      statuses?.includes(status) !== false && (shops === undefined || !shops.includes(shop)),
  )
  const total = figuresOf(counted)
  const groups = Map.groupBy(counted, one => {
    const labels = labelsOf(one)
    return JSON.stringify(dimensions.map(name => labels[name]))
  })
  if (dimensions.length === 0) groups.set('[]', counted)
  const rows = Array.from(groups, ([labels, own]) => {
    return {labels: JSON.parse(labels) as Value[], figures: figuresOf(own)}
  }).filter(({figures}) => least === undefined || figures['revenue']! > least)
  const time = dimensions.find(name => name.startsWith('time:'))
  const by = order ?? {by: time ?? 'orders', descending: time === undefined}
  const of = ({labels, figures}: (typeof rows)[number]): Value =>
    dimensions.includes(by.by) ? labels[dimensions.indexOf(by.by)]! : figures[by.by]!
  rows.sort((a, b) => {
    const ties = dimensions.map((_, i) => byValue(a.labels[i]!, b.labels[i]!, false))
    return [byValue(of(a), of(b), by.descending), ...ties].find(result => result !== 0) ?? 0
  })
  const share = (name: string, part: number | null): number | null =>
    ['orders', 'revenue', 'returned'].includes(name) && total[name] !== 0
      ? (part! / total[name]!) * 100
      : null
  return {
    rows: rows.slice(question.offset, question.offset + question.limit).map(row => ({
      dimensions: row.labels,
      metrics: METRICS.map(name => row.figures[name]),
      percentages: METRICS.map(name => share(name, row.figures[name]!)),
    })),
    count: rows.length,
    totals: {metrics: METRICS.map(name => total[name])},
  }
}

const drawnOrder = fc.record<Order>({
  shop: fc.constantFrom(1, 2, 30, null),
  status: fc.constantFrom('new', 'paid', 'returned', '(none)', null),
  product: fc.constantFrom('sofa', 'bed', '', '(other)', null),
  buyer: fc.constantFrom('a', 'b', 'c', null),
  cents: fc.option(fc.integer({min: -2000, max: 5000})),
  hour: fc.nat(30),
})
const drawnQuestion = fc.record<Question>({
  dimensions: fc
    .tuple(
      fc.subarray(['shop_id', 'status', 'product']),
      fc.constantFrom(
        [],
        ['time:hour'],
        ['time:hour_of_day'],
        ['time:weekday'],
        ['time:weekday', 'time:hour_of_day'],
      ),
    )
    .map(([fields, times]) => [...fields, ...times]),
  statuses: fc.option(fc.subarray(['new', 'paid', '(none)', null], {minLength: 1}), {
    nil: undefined,
  }),
  shops: fc.option(fc.subarray([1, 30, null], {minLength: 1}), {nil: undefined}),
  least: fc.option(fc.integer({min: -10, max: 50}), {nil: undefined}),
  order: fc.option(
    fc.record({
      by: fc.constantFrom(
        ...METRICS,
        'shop_id',
        'status',
        'product',
        'time:hour',
        'time:hour_of_day',
      ),
      descending: fc.boolean(),
    }),
    {nil: undefined},
  ),
  limit: fc.integer({min: 1, max: 8}),
  offset: fc.nat(5),
})

function bodyOf(question: Question): Partial<QueryBody> {
  const {dimensions, statuses, shops, least, order, limit, offset} = question
  const filters: Filter[] = [
    ...(statuses === undefined ? [] : [['is', 'status', statuses] as const]),
    ...(shops === undefined ? [] : [['is_not', 'shop_id', shops] as const]),
    ...(least === undefined ? [] : [['greater', 'revenue', least] as const]),
  ]
  return {
    metrics: [...METRICS],
    dimensions,
    filters,
    ...(order === undefined ? {} : {order_by: [[order.by, order.descending ? 'desc' : 'asc']]}),
    pagination: {limit, offset},
    include: {percentages: true, totals: true},
  }
}

test('INV-113: rows, order, pages, shares and totals are those of the plain way, of any rollup', () => {
  fc.assert(
    fc.property(fc.array(drawnOrder, {maxLength: 40}), drawnQuestion, (all, drawn) => {
      const isKnown = [...METRICS, ...drawn.dimensions].includes(drawn.order?.by ?? 'orders')
      const question = isKnown ? drawn : {...drawn, order: undefined}
      const {crowded: _, ...answer} = ask(bodyOf(question), all)
      expect(answer).toEqual(naive(question, all))
    }),
    {numRuns: 300},
  )
})

const order = (more: Partial<Order> = {}): Order => ({
  shop: 1,
  status: 'paid',
  product: 'sofa',
  buyer: 'a',
  cents: 1000,
  hour: 0,
  ...more,
})

describe('totals', () => {
  test('INV-114: merge distinct values and percentiles of rows, and are over every page', () => {
    const all = [order({buyer: 'a'}), order({shop: 2, buyer: 'a', cents: 3000}), order({shop: 2})]
    const {rows, totals, count} = ask(
      {
        metrics: ['orders', 'buyers', 'amounts_p50', 'price'],
        dimensions: ['shop_id'],
        pagination: {limit: 1},
        include: {totals: true, percentages: true},
      },
      all,
    )
    expect([rows.length, count]).toEqual([1, 2])
    const [number, buyers, median, price] = totals!.metrics
    expect([number, buyers, price]).toEqual([3, 1, 50 / 3])
    expect(median).toBeCloseTo(10, 0)
    expect(rows[0]!.percentages).toEqual([(2 / 3) * 100, null, null, null])
  })

  test('are of all that is counted, whatever rows are shown', () => {
    const all = [order(), order({shop: 2}), order({shop: 2})]
    const {rows, totals} = ask(
      {dimensions: ['shop_id'], filters: [['greater', 'orders', 1]], include: {totals: true}},
      all,
    )
    expect([rows.map(({dimensions}) => dimensions), totals!.metrics]).toEqual([[[2]], [3]])
  })
})

describe('a comparison', () => {
  const include = {comparisons: {mode: 'previous_period'}, totals: true} as const

  test('gives each row the figures of before, and the change in percent', () => {
    const {rows, totals} = ask(
      {metrics: ['orders', 'revenue', 'last_status', 'dearest'], dimensions: ['shop_id'], include},
      [order(), order(), order({shop: 2, cents: null})],
      [order({hour: -40, cents: 500}), order({shop: 3, hour: -40})],
    )
    expect(rows).toEqual([
      {
        dimensions: [1],
        metrics: [2, 20, 'paid', 10],
        comparison: {dimensions: [1], metrics: [1, 5, 'paid', 5], change: [100, 300, null, 100]},
      },
      // Nothing was before: counts of nothing, and no change from it.
      {
        dimensions: [2],
        metrics: [1, 0, 'paid', null],
        comparison: {
          dimensions: [2],
          metrics: [0, 0, null, null],
          change: [null, null, null, null],
        },
      },
    ])
    expect(totals).toMatchObject({
      metrics: [3, 20, 'paid', 10],
      comparison: {metrics: [2, 15, 'paid', 10], change: [50, (5 / 15) * 100, null, 0]},
    })
  })

  test('pairs buckets of time by their place in the period', () => {
    const {rows} = ask(
      {dimensions: ['time:day'], include: {...include, time_labels: true}},
      [order({hour: 25})],
      [order({hour: -1}), order({hour: -30})],
    )
    expect(rows.map(row => [row.dimensions, row.metrics, row.comparison])).toEqual([
      [['2026-04-01'], [0], {dimensions: ['2026-03-30'], metrics: [1], change: [-100]}],
      [['2026-04-02'], [1], {dimensions: ['2026-03-31'], metrics: [1], change: [0]}],
    ])
  })

  test('pairs hours of the day, of whatever days', () => {
    const {rows} = ask(
      {dimensions: ['time:hour_of_day'], include},
      [order({hour: 3}), order({hour: 27}), order({hour: 5})],
      [order({hour: -21})],
    )
    expect(rows.map(row => [row.dimensions, row.metrics, row.comparison])).toEqual([
      [[3], [2], {dimensions: [3], metrics: [1], change: [100]}],
      [[5], [1], {dimensions: [5], metrics: [0], change: [null]}],
    ])
  })

  test('of more buckets than were before has none for the last', () => {
    const comparisons = {mode: 'custom', date_range: ['2026-03-01', '2026-03-02']} as const
    const {rows} = ask(
      {dimensions: ['time:day'], include: {comparisons, time_labels: true}},
      [order()],
      [],
    )
    expect(rows.map(row => row.comparison !== undefined)).toEqual([true, false])
  })

  test.each([
    [10, 15, 50],
    [10, 0, -100],
    [-10, 5, 150],
    [0, 5, null],
    [null, 5, null],
    [5, null, null],
    ['a', 'b', null],
  ])('from %j to %j is %j', (before, now, change) => {
    expect(changeOf(before, now)).toBe(change)
  })
})

test('hours in which nothing happened are rows where they are asked for', () => {
  const dimensions = ['time:hour_of_day']
  const {rows} = ask({dimensions, include: {time_labels: true}}, [order({hour: 7})])
  expect(rows.map(row => [row.dimensions[0], row.metrics[0]])).toEqual(
    Array.from({length: 24}, (_, hour) => [hour, hour === 7 ? 1 : 0]),
  )
})

test('a value that stands for many is served as it is, and named', () => {
  const all = Array.from({length: 60}, (_, i) => order({product: `p${i}`}))
  const {rows, crowded} = ask({dimensions: ['shop_id', 'product'], pagination: {limit: 100}}, all)
  expect(rows.find(({dimensions}) => dimensions[1] === '(other)')!.metrics).toEqual([10])
  expect(crowded).toEqual(['product'])
  expect(ask({dimensions: ['status']}, all).crowded).toEqual([])
})
