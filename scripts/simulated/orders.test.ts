import {expect, test} from 'vitest'
import type {Change, OrderLineRow} from './changes.ts'
import {COUNTRIES} from './countries.ts'
import {createOrders} from './orders.ts'
import {createLedger} from './planted.ts'
import {createPopulation} from './population.ts'
import {CATEGORIES, openShop} from './products.ts'
import {homeOf} from './profiles.ts'

const START_MS = Date.UTC(2026, 0, 1)
const SEED = 5

function setup({startMs = START_MS, products = 200} = {}) {
  const population = createPopulation(createLedger(), {
    seed: SEED,
    startMs,
    users: 400,
    seenIn: 'orders',
    isCalm: true,
  })
  const orders = createOrders(population, {seed: SEED, startMs, products})
  const take = (count: number): readonly (readonly Change[])[] =>
    Array.from({length: count}, (_, index) => orders.next(START_MS + index * 1000))
  return {population, take}
}

const linesOf = (changes: readonly Change[]): readonly OrderLineRow[] =>
  changes.flatMap(one => (one.stream === 'orders' && one.op === 'insert' ? [one.row] : []))

test('a basket has one id, user, place and time, and each product once', () => {
  const baskets = setup().take(2000).map(linesOf)
  for (const lines of baskets) {
    for (const part of ['order_id', 'user_id', 'place', 'ordered_at'] as const) {
      expect(new Set(lines.map(line => line[part])).size).toBe(1)
    }
    expect(new Set(lines.map(({product}) => product)).size).toBe(lines.length)
    expect(lines.length).toBeGreaterThanOrEqual(1)
    expect(lines.length).toBeLessThanOrEqual(8)
  }
  expect(new Set(baskets.map(lines => lines[0]!.order_id)).size).toBe(2000)
  const all = baskets.flat().length
  expect(all / 2000).toBeGreaterThan(1.7)
  expect(all / 2000).toBeLessThan(2.3)
})

test('the same seed fills the same baskets; their ids are those of the run', () => {
  const withoutIds = (changes: readonly (readonly Change[])[]) =>
    changes.flat().map(({op, row}) => ({op, row: {...row, order_id: ''}}))
  const [one, same, later] = [setup(), setup(), setup({startMs: START_MS + 1})].map(run =>
    run.take(500),
  )
  expect(same).toEqual(one)
  expect(later).not.toEqual(one)
  expect(withoutIds(later!)).toEqual(withoutIds(one!))
})

test('a few products sell most, and prices are within what their category costs', () => {
  const lines = setup().take(5000).flatMap(linesOf)
  const counts = [...Map.groupBy(lines, ({product}) => product).values()].map(some => some.length)
  const top = counts.toSorted((a, b) => b - a).slice(0, 20)
  expect(top.reduce((sum, count) => sum + count, 0) / lines.length).toBeGreaterThan(0.45)
  for (const {category, price} of lines) {
    const {bounds} = CATEGORIES.find(({name}) => name === category)!
    expect(price).toBeGreaterThanOrEqual(bounds[0])
    expect(price).toBeLessThanOrEqual(bounds[1])
  }
})

test('products have a name each, however many there are', () => {
  const {products} = openShop(SEED, 5000)
  expect(new Set(products.map(({name}) => name)).size).toBe(5000)
})

test('people order in their country, most at home; a few are not known', () => {
  const {population, take} = setup()
  const known = new Set(population.first.map(({id}) => id))
  const baskets = take(3000).map(changes => linesOf(changes)[0]!)
  const ofUsers = baskets.filter(({user_id}) => user_id !== null)
  expect(1 - ofUsers.length / baskets.length).toBeCloseTo(0.08, 1)
  let atHome = 0
  for (const {user_id, place} of ofUsers) {
    expect(known.has(user_id!)).toBe(true)
    const {country, city} = homeOf(SEED, user_id!)
    expect(country.cities).toContain(place)
    if (place === city) atHome += 1
  }
  expect(atHome / ofUsers.length).toBeGreaterThan(0.85)
  const cities = new Set(COUNTRIES.flatMap(country => country.cities))
  expect(baskets.filter(({place}) => !cities.has(place))).toEqual([])
})

test('a small share comes back or is corrected to less: lines that were written before, each once', () => {
  const written = new Map<string, OrderLineRow>()
  let [returned, corrected, inserted] = [0, 0, 0]
  for (const changes of setup().take(5000)) {
    for (const {stream, op, row} of changes) {
      if (stream !== 'orders') throw new Error(`orders do not write ${stream}`)
      const name = `${row.order_id} ${row.product}`
      if (op === 'insert') {
        written.set(name, row)
        inserted += 1
        continue
      }
      const line = written.get(name)!
      expect(line).toBeDefined()
      written.delete(name)
      if (op === 'delete') returned += 1
      else {
        corrected += 1
        expect(row.price * row.quantity).toBeLessThan(line.price * line.quantity)
        expect(row.quantity).toBeGreaterThan(0)
      }
    }
  }
  expect(returned / inserted).toBeGreaterThan(0.01)
  expect(returned / inserted).toBeLessThan(0.03)
  expect(corrected / inserted).toBeGreaterThan(0.005)
  expect(corrected / inserted).toBeLessThan(0.02)
})
