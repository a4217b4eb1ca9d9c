import {fastify} from 'fastify'
import {pino} from 'pino'
import {expect, onTestFinished, test, vi} from 'vitest'
import {createMetrics} from '../../platform/metrics.ts'
import {planStream} from '../../readmodel/plan.ts'
import type {WindowSums} from '../../readmodel/step.ts'
import {orders} from '../../test/streams-with-orders/orders.ts'
import type {Api} from '../app.ts'
import {createHub} from '../live/hub.ts'
import {createFigureLoop} from '../live/sources.ts'
import type {LiveStream} from '../live/stream.ts'
import {streamSources} from '../live/stream-sources.ts'
import type {Figures} from '../measures.ts'
import {createApiMetrics} from '../metrics.ts'
import {addProblems} from '../plugins/problems.ts'
import {addValidation} from '../plugins/validation.ts'
import {notFound} from '../problem.ts'
import {addStreamLive} from './stream-live.ts'

const plan = planStream(orders)
const META = {source: 'redis', newest_event_at: null, age_ms: 0, notes: []} as const
const OPTIONS = {
  bufferBytesMax: 100_000,
  heartbeatMs: 60_000,
  lifeMsMax: 600_000,
  clientsMax: 3,
  perAddressMax: 2,
}

interface Message {
  readonly id: string | undefined
  readonly event: string
  readonly data: Record<string, unknown>
}

function parse(body: string): readonly Message[] {
  return [...body.matchAll(/^(?:id: (.*)\n)?event: (\w+)\ndata: (.*)$/gm)].map(
    ([, id, event, data]) => ({id, event: event!, data: JSON.parse(data!) as Message['data']}),
  )
}

/** Routes and loops over figures that the test changes. */
function setup() {
  const now: {figures: Figures; top: Record<string, Figures>; away: boolean} = {
    figures: {orders: 1},
    top: {},
    away: false,
  }
  const answer = async <T>(value: T) => {
    await Promise.resolve()
    if (now.away) throw new Error('Redis is away')
    return {value, meta: {...META, notes: []}}
  }
  const reads = {
    figures: {figures: vi.fn(async () => await answer(now.figures))},
    tops: {
      window: vi.fn(async () => {
        const sums = Object.entries(now.top).map(([key, figures]) => {
          return [key, {events: 1, values: () => figures} as unknown as WindowSums] as const
        })
        return await answer({at: 1_800_000_000_000, totals: new Map(sums)})
      }),
    },
  }
  const log = pino({level: 'silent'})
  const hub = createHub({log, metrics: createApiMetrics(createMetrics())}, OPTIONS)
  const sources = streamSources([plan], reads as never)
  const app = fastify() as unknown as Api
  addValidation(app)
  addProblems(app)
  app.setSerializerCompiler(() => JSON.stringify)
  const planOf = (name: string) => {
    if (name === 'orders') return plan
    throw notFound('stream', name)
  }
  addStreamLive(app, {hub, sources, stores: {plan: planOf}})
  onTestFinished(async () => await app.close())
  /** One look of each loop: a loop ends after the look in which it is told to. */
  const look = async () => {
    const once = new AbortController()
    const looking = sources.map(source => createFigureLoop({hub, log}, source).run(once.signal))
    once.abort()
    await Promise.all(looking)
  }
  const opening = vi.spyOn(hub, 'open')
  const open = async (url: string, heard?: string) => {
    const before = opening.mock.results.length
    const reply = app.inject({url, headers: heard === undefined ? {} : {'last-event-id': heard}})
    const isOpen = () => {
      const stream = opening.mock.results[before]?.value as LiveStream | undefined
      return stream !== undefined && (heard !== undefined || stream.begun)
    }
    await vi.waitUntil(isOpen, {interval: 1})
    return {told: async () => parse((await reply).body)}
  }
  return {app, hub, now, reads, look, open}
}

const ROW = '/v1/streams/orders/live?by=shop_id&key=7&metrics=orders,revenue'

test('INV-119: figures of a row come at once, then when they change, never twice the same', async () => {
  const {hub, now, look, open} = setup()
  const stream = await open(ROW)
  await look()
  now.figures = {orders: 2, revenue: 5.5}
  await look()
  await look()
  hub.close()
  const messages = await stream.told()
  expect(messages.map(({event}) => event)).toEqual(['figures', 'figures', 'dropped'])
  expect(messages[1]!.data).toEqual({
    stream: 'orders',
    by: 'shop_id',
    key: ['7'],
    from: null,
    to: expect.stringMatching(/^2/),
    metrics: {orders: 2, revenue: 5.5},
    meta: META,
  })
  expect(messages[0]!.id).not.toBe(messages[1]!.id)
})

test('INV-119: who asks the same hears what was read once, only of what is wanted', async () => {
  const {hub, reads, look, open} = setup()
  const streams = [
    await open(ROW),
    await open(ROW.replace('orders,revenue', 'orders&metrics=revenue')),
  ]
  reads.figures.figures.mockClear()
  await look()
  expect(reads.figures.figures).toHaveBeenCalledTimes(1)
  expect(reads.figures.figures).toHaveBeenCalledWith(
    {rollup: plan.rollups[0], key: '7', metrics: ['orders', 'revenue']},
    null,
  )
  hub.close()
  for (const {told} of streams) expect((await told())[0]).toMatchObject({event: 'figures'})
})

test('INV-119: who comes again with the same figures hears nothing until they change', async () => {
  const {hub, now, look, open} = setup()
  const first = await open(ROW)
  hub.close()
  const [{id}] = (await first.told()) as [Message]
  const again = await open(ROW, id)
  await look()
  now.figures = {orders: 3}
  await look()
  hub.close()
  expect((await again.told()).map(({data}) => data['metrics'])).toEqual([{orders: 3}, undefined])
})

test('INV-119: while the store is away a row is stale, and told again when it is back', async () => {
  const {hub, now, look, open} = setup()
  const stream = await open(ROW)
  now.away = true
  await look()
  await look()
  now.away = false
  await look()
  hub.close()
  const events = (await stream.told()).map(({event}) => event)
  expect(events).toEqual(['figures', 'stale', 'figures', 'dropped'])
})

test('INV-119: tops of a window come with each change, of each question from one look', async () => {
  const {hub, now, reads, look, open} = setup()
  now.top = {bed: {orders: 2, revenue: 10}, lamp: {orders: 3, revenue: 1}}
  const path = '/v1/streams/orders/top/live?by=product'
  const byOrders = await open(path)
  const byRevenue = await open(`${path}&metric=revenue&limit=1&metrics=orders`)
  reads.tops.window.mockClear()
  await look()
  expect(reads.tops.window).toHaveBeenCalledTimes(1)
  now.top = {bed: {orders: 2, revenue: 10}, lamp: {orders: 4, revenue: 1}}
  await look()
  hub.close()
  const all = await byOrders.told()
  expect(all.map(({data}) => data['items'])).toEqual([
    [
      {rank: 1, key: ['lamp'], value: 3},
      {rank: 2, key: ['bed'], value: 2},
    ],
    [
      {rank: 1, key: ['lamp'], value: 4},
      {rank: 2, key: ['bed'], value: 2},
    ],
    undefined,
  ])
  expect(all[0]!.data).toMatchObject({stream: 'orders', by: 'product', metric: 'orders'})
  // Of the other question nothing has changed.
  expect((await byRevenue.told()).map(({event, data}) => [event, data['items']])).toEqual([
    ['top', [{rank: 1, key: ['bed'], value: 10, metrics: {orders: 2}}]],
    ['dropped', undefined],
  ])
})

test.each([
  ['/v1/streams/nothing/live', 404, 'id', 'no such stream'],
  ['/v1/streams/orders/live?by=nothing', 422, 'by', 'orders is counted by shop_id, product'],
  ['/v1/streams/orders/live?by=shop_id', 422, 'key', 'has a key of 1: shop_id'],
  ['/v1/streams/orders/live?metrics=wrong', 422, 'metrics', 'by all there are orders'],
  ['/v1/streams/orders/live?period=7d', 400, 'period', 'is not a field that is known here'],
  ['/v1/streams/orders/top/live?by=shop_id', 422, 'by', 'orders has windows by product'],
  ['/v1/streams/orders/top/live?by=product&metric=dearest', 422, 'metric', 'by product there are'],
  ['/v1/streams/orders/top/live?by=product&limit=0', 400, 'limit', 'must be at least 1'],
  ['/v1/streams/orders/top/live', 400, 'by', 'is needed'],
])('%s is refused by name, and no stream is opened', async (url, status, field, detail) => {
  const {app, hub} = setup()
  const answer = await app.inject(url)
  expect([answer.statusCode, hub.clients]).toEqual([status, 0])
  expect(answer.json<{errors: unknown[]}>().errors).toMatchObject([
    {field, detail: expect.stringContaining(detail)},
  ])
})
