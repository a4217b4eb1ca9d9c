/** Rows in memory against loads that fail in part and answer late: INV-33. */
import {expect, test} from 'vitest'
import {textOf, type Fields} from '../readmodel/fields.ts'
import type {Projection, StaleRow} from '../readmodel/projection.ts'
import {createBudget, isLoaded, StateCache, type LoadedRow} from './state-cache.ts'

interface Sum {
  sum: number
  guard: number
}

type Load = (keys: readonly string[]) => Promise<ReadonlyMap<string, Sum>>

const sums = (id: string, load: Load): Projection<Sum> => {
  const fold = (state: Sum, event: Fields, offset: number, times: 1 | -1): boolean => {
    if (offset <= state.guard) return false
    state.sum += times * (event['value'] as number)
    return true
  }
  return {
    id,
    keysOf: event => [textOf(event['key'] ?? 'key')],
    create: () => ({sum: 0, guard: -1}),
    apply: (state, event, offset) => fold(state, event, offset, 1),
    retract: (state, event, offset) => fold(state, event, offset, -1),
    staleOf: state => (state.sum < 0 ? [{level: 'total', start: 0}] : []),
    bytesOf: () => 10,
    table: {
      load,
      encode: () => ({parts: [], before: [], rows: [], commit: () => undefined}),
    },
    liveOf: () => [],
  }
}

const stored = (sum: number) => new Map([['key', {sum, guard: 4}]])
const nothing: Load = async () => new Map()

const openCache = (
  projections: readonly Projection[],
  more: {ceiling?: number; onStale?: (row: StaleRow) => void} = {},
): StateCache =>
  new StateCache({
    partition: 0,
    projections,
    budget: createBudget({entriesMax: 10, bytesMax: 100_000}),
    ceiling: 10,
    onStale: () => undefined,
    ...more,
  })

const loaded = (cache: StateCache, event: Fields): readonly LoadedRow[] =>
  cache.rowsOf(event).filter(isLoaded)

test('a load that answers after another one failed does not undo what was folded since', async () => {
  const late = Promise.withResolvers<ReadonlyMap<string, Sum>>()
  let calls = 0
  const cache = openCache([
    sums('fails', async () => {
      calls += 1
      if (calls === 1) throw new Error('no answer')
      return stored(100)
    }),
    sums('slow', async () => await late.promise),
  ])
  cache.rowsOf({value: 1})
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
  for (const row of loaded(cache, {value: 1})) cache.apply(row, {value: 1}, 5)
  await new Promise(setImmediate)
  expect(loaded(cache, {}).map(({state}) => state)).toMatchObject([{sum: 101}, {sum: 101}])
})

test('INV-33: a row that includes a record already is neither changed nor written again', async () => {
  const cache = openCache([sums('a', async () => stored(7))])
  cache.rowsOf({})
  await cache.load()
  const [row] = loaded(cache, {})
  cache.apply(row!, {value: 1}, 4)
  expect(cache.dirtyCount).toBe(0)
  cache.apply(row!, {value: 1}, 5)
  expect(row!.state).toMatchObject({sum: 8})
  expect(cache.dirtyCount).toBe(1)
})

test('INV-33: without an owner before, a row is made without a look-up, until one was forgotten', async () => {
  let loads = 0
  const counted: Load = async () => {
    loads += 1
    return new Map()
  }
  const cache = openCache([sums('a', counted)], {ceiling: -1})
  for (let n = 0; n < 20; n++) {
    for (const row of loaded(cache, {key: n})) cache.apply(row, {value: 1}, n)
  }
  expect(cache.missingCount).toBe(0)
  cache.saved(cache.takeDirty(100))
  cache.evict()
  expect(cache.evict()).toBeGreaterThan(0)
  cache.rowsOf({key: 'new'})
  expect(cache.missingCount).toBe(1)
  await cache.load()
  expect(loads).toBe(1)
})

test('a new run has everything due that is not stored, and nothing else', () => {
  const cache = openCache([sums('a', nothing)], {ceiling: -1})
  const fold = (key: string) => {
    for (const row of loaded(cache, {key})) cache.apply(row, {value: 1}, 1)
  }
  fold('stored')
  cache.saved(cache.takeDirty(10))
  fold('on its way')
  const saving = cache.takeDirty(10)
  fold('waiting')
  cache.startLive()
  expect(cache.takeLiveDirty(10).map(({key}) => key)).toEqual(['on its way', 'waiting'])
  cache.saved(saving)
  fold('later')
  expect(cache.liveDirtyCount).toBe(1)
  cache.stopLive()
  fold('unseen')
  expect(cache.liveDirtyCount).toBe(0)
})

test('a row that includes a record already is due for Redis, unless this run wrote it', async () => {
  const cache = openCache([sums('a', async () => stored(7))])
  cache.startLive()
  cache.rowsOf({})
  await cache.load()
  const [row] = loaded(cache, {})
  cache.apply(row!, {value: 1}, 4)
  const flushed = cache.takeLiveDirty(10)
  expect(flushed).toEqual([row])
  cache.flushed(flushed)
  cache.retract(row!, {value: 1}, 4)
  expect(cache.liveDirtyCount).toBe(0)
  expect(cache.dirtyCount).toBe(0)
})

test('what Redis got long ago is written whole the next time, since it may have expired', () => {
  const cache = openCache([sums('a', nothing)], {ceiling: -1})
  cache.startLive()
  const [row] = loaded(cache, {})
  cache.apply(row!, {value: 1}, 1)
  cache.flushed(cache.takeLiveDirty(10))
  cache.saved(cache.takeDirty(10))
  expect(row!.isLive).toBe(true)
  cache.refreshLive()
  expect(row!.isLive).toBe(false)
  expect(cache.liveDirtyCount).toBe(0)
})

test('INV-41: what cannot be taken out is said to be stale', () => {
  const found: StaleRow[] = []
  const cache = openCache([sums('a', nothing)], {ceiling: -1, onStale: row => void found.push(row)})
  const wanted = {projection: 'a', key: 'key', level: 'total', start: 0}
  for (const row of loaded(cache, {})) cache.retract(row, {value: 1}, 1)
  cache.noteStaleOfDirty()
  expect(found, 'with the position that a checkpoint saves').toEqual([wanted])
  cache.takeDirty(10)
  expect(found, 'and with the row').toEqual([wanted, wanted])
})

test('what is used all the time stays when rows of another kind fill the memory', async () => {
  let loads = 0
  const of = (id: string, load: Load = nothing): Projection => ({
    ...sums(id, load),
    keysOf: event => [textOf(event[id])],
  })
  const few = of('few', async () => {
    loads += 1
    return await nothing([])
  })
  const cache = openCache([few, of('many')], {ceiling: -1})
  for (let i = 0; i < 300; i++) {
    // A batch uses one of the few, and a row that nobody asks for again.
    const event = {few: i % 3, many: i}
    cache.rowsOf(event)
    await cache.load()
    for (const row of loaded(cache, event)) cache.apply(row, {value: 1}, i)
    cache.saved(cache.takeDirty(10))
    cache.evict()
  }
  expect(loads).toBeLessThan(30)
})
