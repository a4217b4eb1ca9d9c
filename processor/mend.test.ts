import {expect, test} from 'vitest'
import type {Mending, Projection, StaleRow} from '../readmodel/projection.ts'
import {createMender, mendRow} from './mend.ts'
import type {OwnerDeps, OwnerShared} from './owner-shared.ts'
import {createBudget, StateCache} from './state-cache.ts'
import {createTurns} from './turns.ts'
import {createWake} from './wake.ts'

const STALE: StaleRow = {projection: 'sums', key: 'a', level: 'hour', start: 0}

const DEPS = {
  stores: {plan: {stream: {name: 's'}}},
  metrics: {mended: {inc: () => undefined}},
  now: () => 0,
} as unknown as OwnerDeps

function setup(mending: Partial<Mending> | null = {}) {
  const calls: string[] = []
  const projection: Projection = {
    id: 'sums',
    keysOf: () => ['a'],
    create: () => ({}),
    apply: () => true,
    retract: () => true,
    bytesOf: () => 1,
    mend: () =>
      mending && {
        async collect() {
          calls.push('collect')
          return []
        },
        adopt() {
          calls.push('adopt')
          return true
        },
        end: () => void calls.push('end'),
        ...mending,
      },
    table: {
      load: async () => new Map(),
      encode: () => ({before: [], rows: [], commit: () => undefined}),
    },
    liveOf: () => [],
  }
  const cache = new StateCache({
    partition: 0,
    projections: [projection],
    budget: createBudget({entriesMax: 10, bytesMax: 1e6}),
    ceiling: -1,
    stale: [STALE],
  })
  const state = {partition: 0, foldedOffset: 15, durableOffset: 10, staleEnd: 0, cache}
  const progress = createWake()
  const patience = () => ({attempts: 1, firstDelayMs: 1, maxDelayMs: 1})
  const shared = {state, progress, between: createTurns(), patience} as unknown as OwnerShared
  const {signal} = new AbortController()
  return {calls, cache, state, progress, shared, mend: () => mendRow(shared, STALE, signal)}
}

const turns = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await new Promise(resolve => setImmediate(resolve))
}

test('INV-41: what is stored is read only when everything that was folded before is durable', async () => {
  const {calls, state, progress, mend} = setup()
  const mending = mend()
  await turns()
  state.durableOffset = 14
  progress.ring()
  await turns()
  expect(calls, 'offset 15 is not durable yet').toEqual([])
  state.durableOffset = 15
  progress.ring()
  expect(await mending).toBe('done')
  expect(calls).toEqual(['collect', 'adopt', 'end'])
})

test('what a part is made of is mended before it, and nothing of it is taken over till then', async () => {
  const {calls, cache, state, mend} = setup({collect: async () => [{level: 'minute', start: 60}]})
  state.durableOffset = 15
  expect(await mend()).toBe('early')
  expect(calls).toEqual(['end'])
  expect(cache.stale).toContainEqual({projection: 'sums', key: 'a', level: 'minute', start: 60})
})

test('what something was taken out of meanwhile is written, and mended again', async () => {
  const {cache, state, mend} = setup({adopt: () => false})
  state.durableOffset = 15
  expect(await mend()).toBe('again')
  expect(cache.dirtyCount).toBe(1)
})

test('a reading that fails ends the computation and changes nothing', async () => {
  const {calls, cache, state, mend} = setup({
    collect: async () => await Promise.reject(new Error('away')),
  })
  state.durableOffset = 15
  await expect(mend()).rejects.toThrow('away')
  expect(calls).toEqual(['end'])
  expect(cache.dirtyCount).toBe(0)
})

test('what is taken out of a part right after it was mended is mended, too', async () => {
  let adopted = 0
  const {cache, state, shared} = setup({
    adopt() {
      adopted += 1
      // A record that was waiting for its turn.
      if (adopted === 1) queueMicrotask(() => cache.addStale(STALE))
      return true
    },
  })
  state.durableOffset = 15
  const stop = new AbortController()
  const running = createMender(shared, DEPS, {mendAgainMs: 1}).run(stop.signal)
  await expect.poll(() => adopted).toBe(2)
  stop.abort()
  await running
  expect(cache.stale).toEqual([])
})

test('INV-41: nothing is mended before what was in the log at the start is folded', async () => {
  const {calls, state, progress, shared} = setup()
  Object.assign(state, {durableOffset: 15, staleEnd: 17})
  const stop = new AbortController()
  const running = createMender(shared, DEPS, {mendAgainMs: 1}).run(stop.signal)
  await turns()
  expect(calls, 'an earlier owner may have written offset 16').toEqual([])
  Object.assign(state, {foldedOffset: 16, durableOffset: 16})
  progress.ring()
  await expect.poll(() => calls).toEqual(['collect', 'adopt', 'end'])
  stop.abort()
  await running
})

test('what an earlier owner has mended after all is written to Redis again', async () => {
  const {cache, mend} = setup(null)
  cache.startLive()
  expect(await mend()).toBe('fresh')
  expect(cache.liveDirtyCount).toBe(1)
  expect(cache.stale).toEqual([])
})
