import * as fc from 'fast-check'
import {expect, test} from 'vitest'
import {ByteWriter} from '../../readmodel/bytes.ts'
import type {Fields} from '../../readmodel/fields.ts'
import {metricNames, planStream} from '../../readmodel/plan.ts'
import {addStep, Step, type WindowTotals} from '../../readmodel/step.ts'
import {orders} from '../../test/streams-with-orders/orders.ts'
import {pickFigures} from '../measures.ts'
import {rankWindow} from './stream-tops.ts'

const plan = planStream({
  ...orders,
  measures: {...orders.measures, each: {kind: 'ratio', of: 'revenue', to: 'buyers'}},
  top: [{by: 'product', seconds: 600, measures: ['orders', 'revenue', 'price', 'buyers', 'each']}],
})
const window = plan.tops[0]!
const NAMES = metricNames(window)

/** A window with an order of each of these products and amounts. */
function windowOf(all: readonly (readonly [product: string, amount: string])[]): WindowTotals {
  const step = new Step(window)
  for (const [offset, [product, amount]] of all.entries()) {
    const event: Fields = {
      id: `order ${offset}`,
      shop_id: 1,
      product,
      status: 'new',
      buyer: `buyer ${offset % 3}`,
      amount,
      placed_at: 1_800_000_000_000_000,
    }
    plan.inputs.read(event, {timeUs: plan.timeOf(event), id: plan.idOf(event)})
    step.fold(window.keyOf(event)!, plan.inputs, offset, 1)
  }
  const totals: WindowTotals = new Map()
  addStep(totals, window, step.encode(new ByteWriter()))
  return totals
}

test('the most come first, equal ones by their keys, and what has nothing is in no list', () => {
  const totals = windowOf([
    ['bed', '1.00'],
    ['sofa', '2.50'],
    ['lamp', '0.00'],
    ['arm', '2.50'],
  ])
  const asked = {metric: 'revenue', metrics: ['orders', 'price'], limit: 2}
  expect(rankWindow(totals, asked)).toEqual([
    {rank: 1, key: ['arm'], value: 2.5, metrics: {orders: 1, price: 2.5}},
    {rank: 2, key: ['sofa'], value: 2.5, metrics: {orders: 1, price: 2.5}},
  ])
  const all = rankWindow(totals, {metric: 'revenue', limit: 10})
  expect(all.map(({key: [product]}) => product)).toEqual(['arm', 'sofa', 'bed'])
  expect(all[0]).not.toHaveProperty('metrics')
})

test('INV-118: whatever figures of a window are named, they are what they are among all', () => {
  const order = fc.tuple(fc.constantFrom('bed', 'sofa'), fc.constantFrom('1.00', '2.50', '-3.00'))
  fc.assert(
    fc.property(fc.array(order, {minLength: 1}), fc.subarray([...NAMES]), (all, names) => {
      for (const sums of windowOf(all).values()) {
        expect(pickFigures(sums.values(new Set(names)), names)).toEqual(
          pickFigures(sums.values(), names),
        )
      }
    }),
  )
})
