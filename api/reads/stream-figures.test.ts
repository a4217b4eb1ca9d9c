import * as fc from 'fast-check'
import {expect, test, vi} from 'vitest'
import {Entity} from '../../readmodel/entity.ts'
import type {Fields} from '../../readmodel/fields.ts'
import {metricNames, planStream} from '../../readmodel/plan.ts'
import type {EntityView} from '../../readmodel/stream-reads.ts'
import {orders} from '../../test/streams-with-orders/orders.ts'
import {pickFigures} from '../measures.ts'
import type {Stores} from './stores.ts'
import {createStreamFigures} from './stream-figures.ts'

const plan = planStream(orders)
const rollup = plan.rollups.find(({name}) => name === 'shop_id')!
const PLACED = '2026-05-01T10:00:00Z'

/** A shop with orders of these amounts, each by a buyer of its own. */
function shopOf(key: string, amounts: readonly string[]): EntityView {
  const entity = new Entity(rollup)
  for (const [offset, amount] of amounts.entries()) {
    const event: Fields = {
      id: `order ${offset}`,
      shop_id: Number(key),
      product: 'bed',
      status: offset === 0 ? 'returned' : 'paid',
      buyer: `buyer ${offset}`,
      amount,
      placed_at: Date.parse(PLACED) * 1000,
    }
    const timeUs = plan.timeOf(event)
    plan.inputs.read(event, {timeUs, id: plan.idOf(event)})
    entity.prepare(timeUs)
    for (const missing of entity.missing) entity.setLoaded(missing, null)
    entity.apply(rollup.splitsOf(event), plan.inputs, offset)
  }
  return {key, parts: [{partition: 0, entity, source: 'redis', isFresh: true}]}
}

function setup() {
  const views = new Map(['1', '2'].map(key => [key, shopOf(key, ['10.50', '2.25'])]))
  const entities = vi.fn(async (keys: readonly string[], _options: {uniques: boolean}) => {
    await Promise.resolve()
    return new Map([...views].filter(([key]) => keys.includes(key)))
  })
  const reads = {rollup: () => ({entities})}
  const stores = {
    reads: async () => await Promise.resolve(reads),
    isLive: () => true,
    standing: () => [],
    ageMs: () => 0,
    metrics: {reads: {inc: () => undefined}},
  } as unknown as Stores
  return {figures: createStreamFigures(stores), entities}
}

test('only the figures that are wanted are answered, in their order, with how new they are', async () => {
  const {figures} = setup()
  const {value, meta} = await figures.figures(
    {rollup, key: '1', metrics: ['revenue', 'returning', 'amounts_p50']},
    null,
  )
  expect(Object.keys(value)).toEqual(['revenue', 'returning', 'amounts_p50'])
  expect(value).toMatchObject({revenue: 12.75, returning: 0.5})
  expect(meta.newest_event_at).toBe('2026-05-01T10:00:00.000000Z')
})

test('INV-118: whatever figures are named, they are what they are among all', async () => {
  const {figures} = setup()
  const {value: all} = await figures.figures({rollup, key: '1'}, null)
  const names = fc.subarray([...metricNames(rollup)])
  await fc.assert(
    fc.asyncProperty(names, async metrics => {
      const {value, meta} = await figures.figures({rollup, key: '1', metrics}, null)
      expect(value).toEqual(pickFigures(all, metrics))
      expect(meta.newest_event_at).toBe('2026-05-01T10:00:00.000000Z')
    }),
  )
})

test('INV-118: distinct values are read where they are wanted, or a ratio of them', async () => {
  const ofBuyers = planStream({
    ...orders,
    measures: {...orders.measures, each: {kind: 'ratio', of: 'orders', to: 'buyers'}},
  }).rollups.find(({name}) => name === 'shop_id')!
  for (const [metrics, uniques] of [
    [['orders', 'amounts_p99'], false],
    [['buyers'], true],
    [['each'], true],
    [undefined, true],
  ] as const) {
    const {figures, entities} = setup()
    await figures.figures({rollup: ofBuyers, key: '1', metrics}, null)
    expect([metrics, entities.mock.calls[0]![1]]).toEqual([metrics, {uniques}])
  }
})

test('rows that are asked for at the same time are read together, by what has to be read of them', async () => {
  const {figures, entities} = setup()
  const [one, two] = await Promise.all([
    figures.figures({rollup, key: '1', metrics: ['orders']}, null),
    figures.breakdown({rollup, key: '2', metrics: ['orders']}, 'status', null),
    figures.figures({rollup, key: '1'}, null),
  ])
  expect(entities.mock.calls.map(([keys]) => keys)).toEqual([['1', '2'], ['1']])
  expect(one.value).toEqual({orders: 2})
  expect(two.value).toEqual([
    {value: 'paid', metrics: {orders: 1}},
    {value: 'returned', metrics: {orders: 1}},
  ])
})
