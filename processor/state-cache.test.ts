/** Rows in memory against loads that fail in part and answer late: INV-33, INV-35. */
import {expect, test} from 'vitest'
import type {Projection} from './projections/projection.ts'
import {createBudget, StateCache} from './state-cache.ts'

interface Event {
  readonly value: number
}
interface Sum {
  sum: number
}

const sums = (name: string): Projection<Event, unknown> => ({
  name,
  stream: 'test',
  keysOf: () => ['key'],
  create: () => ({sum: 0}),
  apply: (state, event) => {
    ;(state as Sum).sum += event.value
  },
  retract: (state, event) => {
    ;(state as Sum).sum -= event.value
  },
  bytesOf: () => 10,
})

type Loaded = ReadonlyMap<string, {state: unknown; srcOffset: number}>
const stored = (sum: number): Loaded => new Map([['key', {state: {sum}, srcOffset: 4}]])

test('a load that answers after another one failed does not undo what was folded since', async () => {
  const late = Promise.withResolvers<Loaded>()
  let calls = 0
  const cache = new StateCache<Event>({
    partition: 0,
    projections: [sums('fails'), sums('slow')],
    liveProjections: new Set(),
    budget: createBudget({entriesMax: 10, bytesMax: 1000}),
    load: async projection => {
      calls += 1
      if (calls > 2) return stored(100)
      if (projection === 'fails') throw new Error('no answer')
      return await late.promise
    },
    ceiling: 10,
    maxPeriod: Number.NEGATIVE_INFINITY,
    stale: [],
  })
  const rows = cache.rowsOf({value: 1}, 5)

  let failed = false
  const first = cache.load().catch(() => {
    failed = true
  })
  await new Promise(setImmediate)
  // Whoever repeats the load at the first failure folds while the other answer is on its way.
  expect(failed).toBe(false)
  late.resolve(stored(100))
  await first
  await cache.load()
  for (const row of rows) cache.apply(row, {value: 1}, 5)
  await new Promise(setImmediate)
  expect(rows.map(({state}) => state)).toEqual([{sum: 101}, {sum: 101}])
})
