/** GraphQL of declared streams: a schema for whatever is declared, and answers of which only what is selected is read. */
import {
  bigint,
  boolean,
  date,
  doublePrecision,
  integer,
  jsonb,
  numeric,
  pgTable,
  text,
  timestamp,
} from 'drizzle-orm/pg-core'
import {fastify} from 'fastify'
import {assertValidSchema, buildSchema, isObjectType, type GraphQLSchema} from 'graphql'
import {pino} from 'pino'
import {expect, onTestFinished, test, vi} from 'vitest'
import * as m from '../../contracts/measures.ts'
import {stream, type Stream} from '../../contracts/stream.ts'
import {createMetrics} from '../../platform/metrics.ts'
import {metricNames, planStream, type StreamPlan} from '../../readmodel/plan.ts'
import {activity} from '../../streams/activity.ts'
import {content} from '../../streams/content.ts'
import {engagement} from '../../streams/engagement.ts'
import {subscribe} from '../../test/graphql-socket.ts'
import {content as videos, engagement as watched} from '../../test/streams-foreign/watching.ts'
import {orders} from '../../test/streams-with-orders/orders.ts'
import type {Api} from '../app.ts'
import {createCursors} from '../cursor.ts'
import {createHub} from '../live/hub.ts'
import {idOfRow} from '../live/stream-sources.ts'
import {createApiMetrics} from '../metrics.ts'
import type {QueryPlan} from '../query/plan.ts'
import {createSubjects} from '../query/subjects.ts'
import {servedFields} from '../reads/events.ts'
import {addGraphql} from './plugin.ts'
import {graphOf} from './schema.ts'

const PLANS = [activity, engagement, orders].map(planStream)
const DECLARED = [content, activity, engagement, orders]
const META = {source: 'redis', newest_event_at: null, age_ms: 3, notes: []} as const

const fieldsOf = (schema: GraphQLSchema, name: string): Readonly<Record<string, string>> => {
  const type = schema.getType(name)
  if (!isObjectType(type)) throw new Error(`there is no type ${name}`)
  return Object.fromEntries(
    Object.entries(type.getFields()).map(([field, {type: own}]) => [field, String(own)]),
  )
}

function schemaOf(
  plans: readonly StreamPlan[],
  declared: readonly Stream[] = DECLARED,
): GraphQLSchema {
  const schema = buildSchema(graphOf(plans, declared).sdl)
  assertValidSchema(schema)
  return schema
}

test('INV-120: every figure of every rollup has a field, every field of an event too, and nothing is lost by its type', () => {
  const schema = schemaOf(PLANS)
  expect(fieldsOf(schema, 'Query')).toMatchObject({
    content: 'Content',
    top: '[TopItem!]!',
    orders: 'Orders!',
    engagement: 'Engagement!',
    activity: 'Activity!',
  })
  for (const {plan, type, rollups} of graphOf(PLANS, DECLARED).streams) {
    for (const {rollup, type: own} of rollups) {
      expect(Object.keys(fieldsOf(schema, `${own}_Metrics`))).toEqual(metricNames(rollup))
    }
    expect(Object.keys(fieldsOf(schema, `${type}_Event`))).toEqual(servedFields(plan))
  }
  expect(fieldsOf(schema, 'Orders_ByShopId_Metrics')).toMatchObject({
    orders: 'Long!',
    revenue: 'Decimal!',
    price: 'Float',
    cheapest: 'Decimal',
    last_at: 'String',
    last_status: 'String',
    buyers: 'Long!',
    returning: 'Float',
    amounts_p50: 'Float',
  })
  expect(fieldsOf(schema, 'Orders_Event')).toMatchObject({
    id: 'String',
    shop_id: 'Int',
    amount: 'Decimal',
    placed_at: 'String',
    shop_region: 'String',
  })
  expect(fieldsOf(schema, 'Engagement_Event')).toMatchObject({
    event_id: 'Long',
    raw_payload: 'JSON',
  })
})

const oddTable = pgTable('odd "rows"', {
  id: bigint('id', {mode: 'number'}).primaryKey(),
  top: text('top'),
  is_on: boolean('is_on'),
  weight: doublePrecision('weight'),
  day: date('day'),
  doc: jsonb('doc'),
  n: integer('n'),
  amount: numeric('amount', {precision: 40, scale: 10}),
  at: timestamp('at', {withTimezone: true, mode: 'string'}),
})

const odd = (name: string, topic: string) =>
  stream({
    name,
    table: oddTable,
    topic,
    key: 'top',
    time: 'at',
    measures: {
      'a b': m.count(),
      'a-b': m.count({where: {is_on: true}}),
      __typename: m.sum('n'),
      '9th': m.latest('is_on'),
      größe: m.max('weight', {scale: 3}),
      true: m.sum('amount', {per: 100}),
      last: m.latest('n'),
    },
    rollups: [
      {name: 'top', by: 'top', split: ['is_on', 'n'], every: ['day']},
      {name: 'a.b', by: ['top', 'n'], every: ['total']},
      {name: 'a_b', by: 'n', every: ['total'], measures: ['a b']},
      {every: ['total']},
      {name: 'some', where: {is_on: true}, every: ['total']},
    ],
    top: [{by: 'top', seconds: 60, measures: ['a b', 'true']}],
  })

test('INV-120: names of all kinds, also those that are taken, give a schema in which each is there', () => {
  const plans = ['top', 'content', 'query', 'orders', 'orders_top', 'a_b', 'a__b', 'event'].map(
    (name, i) => planStream(odd(name, `t${i}`)),
  )
  const schema = schemaOf(plans)
  const {streams} = graphOf(plans, DECLARED)
  expect(streams.map(({field, type}) => [field, type])).toEqual([
    ['top_', 'Top'],
    ['content_', 'Content_'],
    ['query_', 'Query_'],
    ['orders', 'Orders'],
    ['orders_top', 'OrdersTop'],
    ['a_b', 'AB'],
    ['a__b', 'AB_'],
    ['event_', 'Event_'],
  ])
  const [{rollups}] = streams as [(typeof streams)[number]]
  expect(rollups.map(({field}) => field)).toEqual(['by_top', 'by_a_b', 'by_a_b_', 'all', 'by_some'])
  expect(fieldsOf(schema, 'Top_ByTop_Metrics')).toEqual({
    a_b: 'Long!',
    a_b_: 'Long!',
    n__typename: 'Long!',
    n9th: 'Boolean',
    gr__e: 'Float',
    true_: 'Float!',
    last: 'Long',
  })
})

/** A server over figures that the test makes up. */
async function setup() {
  const hub = createHub(
    {log: pino({level: 'silent'}), metrics: createApiMetrics(createMetrics())},
    {
      bufferBytesMax: 100_000,
      heartbeatMs: 60_000,
      lifeMsMax: 600_000,
      clientsMax: 2,
      perAddressMax: 2,
    },
  )
  const answer = async <T>(value: T) => await Promise.resolve({value, meta: META})
  const all = {orders: 5_000_000_000, revenue: '90071992547409931.07', price: null, last_at: 'then'}
  const pick = ({metrics = []}: {metrics?: readonly string[] | undefined}) =>
    Object.fromEntries(metrics.map(name => [name, all[name as keyof typeof all]]))
  const figures = {
    figures: vi.fn(async (row: object) => await answer(pick(row))),
    series: vi.fn(
      async (row: object, slices: readonly unknown[]) => await answer(slices.map(() => pick(row))),
    ),
    breakdown: vi.fn(
      async (row: object, _dimension: string) => await answer([{value: null, metrics: pick(row)}]),
    ),
  }
  const tops = {
    window: vi.fn(),
    ofRollup: vi.fn(
      async () => await answer([{rank: 1, key: [null], value: 2, metrics: {orders: 2}}]),
    ),
    active: vi.fn(async () => await answer(7)),
  }
  const event = {id: 'o1', amount: '1.50', shop_id: null, shop_region: 'north'}
  const events = {
    list: vi.fn(async () => {
      return await answer({items: [event], next: {ts: 1, id: 'o1'}, newestMicros: 1})
    }),
    find: vi.fn(async (_stream: string, id: string) => {
      return await answer(id.startsWith('0') ? undefined : event)
    }),
  }
  const query = vi.fn(async (plan: QueryPlan) => {
    const row = {dimensions: [7], metrics: [2, '12345678901234567890.10'], percentages: [50, null]}
    return await answer({rows: [row], count: 1, totals: {metrics: [4, '1.00']}, stretch: plan.main})
  })
  const findPlan = (name: string) => PLANS.find(({stream: {name: own}}) => own === name)
  const app = fastify() as unknown as Api
  const streams = {plans: PLANS, figures, tops, events, cursors: createCursors('secret')} as never
  await addGraphql(app, {
    reads: {query} as never,
    db: {} as never,
    subjects: createSubjects({findPlan}, ['activity', 'engagement', 'orders'], undefined),
    hub,
    declared: DECLARED,
    streams,
    production: true,
  })
  const url = await app.listen({host: '127.0.0.1', port: 0})
  onTestFinished(async () => {
    hub.close()
    await app.close()
  })
  const ask = async (question: string) => {
    const reply = await app.inject({method: 'POST', url: '/graphql', payload: {query: question}})
    return reply.json<{data: Record<string, unknown>; errors?: {extensions: unknown}[]}>()
  }
  return {ask, hub, url, figures, tops, events, query}
}

test('INV-121: figures, series and breakdowns read what is selected, and nothing else', async () => {
  const {ask, figures} = await setup()
  const query = `{orders {by_shop_id(key: ["7"]) {
    key
    figures {to metrics {revenue ...More} meta {age_ms source}}
    timeseries(granularity: hour, from: "2026-04-01T00:00:00Z", to: "2026-04-01T02:00:00Z") {
      granularity buckets {start metrics {n: orders}}}
    breakdown(dimension: product) {dimension items {value metrics {price}}}
  }}}
  fragment More on Orders_ByShopId_Metrics {orders price}`
  for (let i = 0; i < 3; i++) {
    const {data, errors} = await ask(query)
    expect(errors).toBeUndefined()
    expect(data).toEqual({
      orders: {
        by_shop_id: {
          key: ['7'],
          figures: {
            to: expect.stringMatching(/^2/),
            metrics: {revenue: '90071992547409931.07', orders: 5_000_000_000, price: null},
            meta: {age_ms: 3, source: 'redis'},
          },
          timeseries: {
            granularity: 'hour',
            buckets: [
              {start: '2026-04-01T00:00:00.000000Z', metrics: {n: 5_000_000_000}},
              {start: '2026-04-01T01:00:00.000000Z', metrics: {n: 5_000_000_000}},
            ],
          },
          breakdown: {dimension: 'product', items: [{value: null, metrics: {price: null}}]},
        },
      },
    })
  }
  const [rollup] = PLANS[2]!.rollups
  const row = {rollup, key: '7'}
  expect(figures.figures).toHaveBeenLastCalledWith(
    {...row, metrics: ['orders', 'revenue', 'price']},
    null,
  )
  expect(figures.series.mock.lastCall![0]).toEqual({...row, metrics: ['orders']})
  expect(figures.breakdown.mock.lastCall!.slice(0, 2)).toEqual([
    {...row, metrics: ['price']},
    'product',
  ])
})

test('tops, active values and events answer as REST does', async () => {
  const {ask, tops, events} = await setup()
  const {data, errors} = await ask(`{orders {
    top(by: shop_region_status, metric: revenue, limit: 3, period: "all") {
      by metric from items {rank key value metrics {orders}}}
    active {of window_seconds active}
    events(key: "(none)", limit: 1) {items {id amount shop_id shop_region} page {limit next_cursor}}
    event(id: "11111111-1111-1111-1111-111111111111") {amount}
    none: event(id: "00000000-0000-0000-0000-000000000000") {amount}
  }}`)
  expect(errors).toBeUndefined()
  expect(data['orders']).toEqual({
    top: {
      by: 'shop.region_status',
      metric: 'revenue',
      from: null,
      items: [{rank: 1, key: [null], value: 2, metrics: {orders: 2}}],
    },
    active: {of: 'buyer', window_seconds: 300, active: 7},
    events: {
      items: [{id: 'o1', amount: '1.50', shop_id: null, shop_region: 'north'}],
      page: {limit: 1, next_cursor: expect.stringContaining('.')},
    },
    event: {amount: '1.50'},
    none: null,
  })
  expect(tops.ofRollup.mock.lastCall).toEqual([
    PLANS[2]!.rollups[2],
    null,
    {metric: 'revenue', metrics: ['orders'], limit: 3},
  ])
  const [, key] = events.list.mock.lastCall as unknown as [string, string]
  expect(key).not.toBe('(none)')
})

test.each([
  ['by_shop_id(key: []) {key}', 'key', 'has a key of 1: shop_id'],
  ['by_shop_id(key: ["a", "b"]) {key}', 'key', 'has a key of 1: shop_id'],
  ['all {figures(period: "7days") {to}}', 'period', 'is not a period'],
  ['all {figures(from: "yesterday") {to}}', 'from', 'is no date or time'],
  ['all {figures(period: "7d", from: "2026-01-01") {to}}', 'period', 'cannot be given together'],
  ['all {timeseries(period: "all") {granularity}}', 'period', 'needs a start'],
  ['all {timeseries(timezone: "Mars/Base") {granularity}}', 'timezone', 'is not a time zone'],
  ['top(by: product, limit: 0) {by}', 'limit', 'must be from 1 to 100'],
  ['top(by: product, metric: dearest) {by}', 'metric', 'by product there are orders'],
  ['top(by: product) {items {metrics {dearest}}}', 'metrics', 'by product there are orders'],
  ['events(key: "1", cursor: "x") {page {limit}}', 'cursor', 'was not made by this server'],
  ['event(id: "7") {id}', 'id', 'is no UUID'],
])('{orders {%s}} is refused by the name of the argument', async (question, field, detail) => {
  const {ask} = await setup()
  const {errors} = await ask(`{orders {${question}}}`)
  expect(errors).toMatchObject([
    {
      extensions: {
        code: 'not-answerable',
        errors: [{in: 'argument', field, detail: expect.stringContaining(detail)}],
      },
    },
  ])
})

test('INV-121: figures of a row are subscribed to, of the channel of its live stream, as they change', async () => {
  const {hub, url, figures} = await setup()
  const query = 'subscription {orders_by_shop_id(key: ["7"]) {metrics {revenue}}}'
  const heard = subscribe(url, query)
  const next = async () => (await heard.next()).value as {payload: unknown}
  const of = (revenue: unknown) => ({data: {orders_by_shop_id: {metrics: {revenue}}}})
  expect((await next()).payload).toEqual(of('90071992547409931.07'))
  const row = {rollup: PLANS[2]!.rollups[0]!, key: '7', metrics: ['revenue']}
  const channel = `figures.orders:${idOfRow(row)}`
  for (const revenue of ['1.50', '1.50', '2.50']) {
    const data = {from: null, to: 't', metrics: {revenue}, meta: META}
    hub.publish(channel, {event: 'figures', data})
  }
  expect((await next()).payload).toEqual(of('2.50'))
  expect(figures.figures).toHaveBeenCalledTimes(1)
  hub.finish(channel)
  expect(await next()).toMatchObject({type: 'complete'})
})

test('INV-121: query takes what POST /v1/query takes, and answers what it answers', async () => {
  const {ask, query} = await setup()
  const {data, errors} =
    await ask(`{query(stream: "orders", metrics: ["orders", "revenue"], date_range: "all"
      dimensions: ["shop_id"], filters: [["is", "shop_id", [7, 8]]], order_by: [["orders", "desc"]]
      include: {totals: true, percentages: true}, pagination: null) {
    results {dimensions metrics percentages comparison {change}} totals {metrics} meta}}`)
  expect(errors).toBeUndefined()
  expect(data['query']).toEqual({
    results: [
      {
        dimensions: [7],
        metrics: [2, '12345678901234567890.10'],
        percentages: [50, null],
        comparison: null,
      },
    ],
    totals: {metrics: [4, '1.00']},
    meta: META,
  })
  expect(query).toHaveBeenCalledTimes(1)
  expect(query.mock.calls[0]![0]).toMatchObject({
    metrics: ['orders', 'revenue'],
    dimensions: ['shop_id'],
    include: {totals: true, percentages: true},
  })
})

test.each([
  ['stream: "sales", metrics: ["orders"], date_range: "all"', 'stream'],
  ['stream: "orders", metrics: ["sold"], date_range: "all"', 'metrics/0'],
  ['stream: "orders", metrics: [], date_range: "all"', 'metrics'],
  ['stream: "orders", metrics: ["orders"], date_range: 7', 'date_range'],
  [
    'stream: "orders", metrics: ["orders"], date_range: "all", filters: [["likes", "shop_id", ["7"]]]',
    'filters/0/0',
  ],
])('a question that nothing answers names its argument: %s', async (question, field) => {
  const {ask, query} = await setup()
  const {data, errors} = await ask(`{query(${question}) {results {metrics}}}`)
  expect(data).toBeNull()
  expect(errors![0]!.extensions).toMatchObject({errors: [{in: 'argument', field}]})
  expect(query).not.toHaveBeenCalled()
})

test('INV-133: what is not declared has no field, and tables of others have their own types', () => {
  const only = schemaOf([planStream(orders)], [orders])
  expect(Object.keys(fieldsOf(only, 'Query'))).toEqual(['query', 'orders'])
  expect(only.getType('Content')).toBeUndefined()
  const foreign = schemaOf([planStream(watched)], [videos, watched])
  expect(fieldsOf(foreign, 'Content')).toMatchObject({
    content_type: 'String',
    publish_ts: 'String',
    metrics: 'Metrics!',
  })
  expect(fieldsOf(schemaOf(PLANS), 'Content')).toMatchObject({
    content_type: 'ContentType',
    publish_ts: 'String!',
  })
})
