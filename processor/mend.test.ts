import {expect, test, vi} from 'vitest'
import type {Fields} from '../readmodel/fields.ts'
import type {EventSource} from '../readmodel/event-reads.ts'
import type {MendAt, Mending, Projection, StaleRow} from '../readmodel/projection.ts'
import {createMender, mendParts, type Mended} from './mend.ts'
import type {OwnerDeps, OwnerShared} from './owner-shared.ts'
import {StaleList} from './stale-list.ts'
import {createBudget, StateCache} from './state-cache.ts'
import {createTurns} from '../platform/turns.ts'
import {createWake} from './wake.ts'

const STALE: StaleRow = {projection: 'sums', key: 'a', level: 'hour', start: 0}

const NO_EVENTS = {} as EventSource
const DEPS = {
  stores: {plan: {stream: {name: 's'}}},
  metrics: {mended: {inc: () => undefined}, staleParts: {set: () => undefined}},
  log: {warn: () => undefined},
  budget: createBudget({entriesMax: 10, bytesMax: 1000}),
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
      encode: () => ({parts: [], before: [], rows: [], commit: () => undefined}),
    },
    liveOf: () => [],
  }
  const cache = new StateCache({
    partition: 0,
    projections: [projection],
    budget: createBudget({entriesMax: 10, bytesMax: 1e6}),
    ceiling: -1,
    onStale: () => undefined,
  })
  const stale = new StaleList(1)
  stale.add(STALE)
  const state = {partition: 0, foldedOffset: 15, durableOffset: 10, staleEnd: 0, cache, stale}
  const progress = createWake()
  const patience = () => ({attempts: 1, firstDelayMs: 1, maxDelayMs: 1})
  const shared = {state, progress, between: createTurns(), patience} as unknown as OwnerShared
  const {signal} = new AbortController()
  const failed: unknown[] = []
  const mend = async (): Promise<Mended | undefined> => {
    const onFailed = (_part: StaleRow, error: unknown): void => void failed.push(error)
    return (await mendParts(shared, [STALE], {source: NO_EVENTS, signal, onFailed})).get(STALE)
  }
  return {calls, cache, stale, state, progress, shared, failed, mend}
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
  expect(calls.slice(0, 3)).toEqual(['collect', 'adopt', 'end'])
})

test('what a part is made of is mended, too, when it is stale; the part is better till then, and stale', async () => {
  const {stale, state, mend} = setup({
    collect: async () => [{level: 'minute', start: 60}],
    adopt: () => false,
  })
  state.durableOffset = 15
  expect(await mend()).toBe('again')
  expect([...stale]).toEqual([STALE, {projection: 'sums', key: 'a', level: 'minute', start: 60}])
})

test('nothing is taken over while it would include what is not folded yet', async () => {
  const {calls, state, mend} = setup({collect: async () => null})
  state.durableOffset = 15
  expect(await mend()).toBe('early')
  expect(calls).not.toContain('adopt')
})

/** Runs until nothing waits but a part that something is taken out of whenever it is read. */
async function mendAllBut(corrected: StaleRow): Promise<void> {
  const {stale, state, shared} = setup({
    async collect() {
      await turns()
      return []
    },
  })
  let nowMs = 0
  const deps: OwnerDeps = {...DEPS, now: () => (nowMs += 1000)}
  state.durableOffset = 15
  const projection = state.cache.projection('sums')!
  const mend = projection.mend!.bind(projection)
  vi.spyOn(projection, 'mend').mockImplementation((own, at) => {
    const mending = mend(own, at) as Mending
    const isCorrected = at.key === corrected.key && at.level === corrected.level
    return {...mending, adopt: () => !isCorrected && mending.adopt()}
  })
  stale.add(corrected)
  const stop = new AbortController()
  const running = createMender(shared, deps, {mendAgainMs: 1}).run(stop.signal)
  await expect.poll(() => [...stale]).toEqual([corrected])
  stop.abort()
  await running
}

test('INV-59: hours of a row whose minutes are corrected all the time have their turn', async () => {
  await mendAllBut({...STALE, level: 'minute'})
})

test('what something was taken out of meanwhile is mended again, and written with its record', async () => {
  const {cache, state, mend} = setup({adopt: () => false})
  state.durableOffset = 15
  expect(await mend()).toBe('again')
  expect(cache.dirtyCount).toBe(0)
})

test('a reading that fails ends the computation and changes nothing', async () => {
  const {calls, cache, state, failed, mend} = setup({
    collect: async () => await Promise.reject(new Error('away')),
  })
  state.durableOffset = 15
  expect(await mend()).toBe('failed')
  expect(failed).toEqual([new Error('away')])
  expect(calls).toContain('end')
  expect(cache.dirtyCount).toBe(0)
})

test('what is taken out of a part right after it was mended is mended, too', async () => {
  let adopted = 0
  const {stale, state, shared} = setup({
    adopt() {
      adopted += 1
      // A record that was waiting for its turn.
      if (adopted === 1) queueMicrotask(() => stale.add(STALE))
      return true
    },
  })
  state.durableOffset = 15
  const stop = new AbortController()
  const running = createMender(shared, DEPS, {mendAgainMs: 1}).run(stop.signal)
  await expect.poll(() => adopted).toBe(2)
  stop.abort()
  await running
  expect([...stale]).toEqual([])
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
  await expect.poll(() => calls.slice(0, 2)).toEqual(['collect', 'adopt'])
  stop.abort()
  await running
})

test('what an earlier owner has mended after all is written to Redis again', async () => {
  const {cache, stale, mend} = setup(null)
  cache.startLive()
  expect(await mend()).toBe('fresh')
  expect(cache.liveDirtyCount).toBe(1)
  expect([...stale]).toEqual([])
})

test('INV-59: days of one row do not wait for minutes of another that is corrected all the time', async () => {
  await mendAllBut({...STALE, key: 'b', level: 'minute'})
})

test('INV-59: one part that cannot be read keeps no other one stale', async () => {
  const {cache, stale, state, shared} = setup()
  const bad: StaleRow = {...STALE, key: 'bad'}
  // The worse one came first.
  stale.remove(STALE)
  stale.add(bad)
  stale.add(STALE)
  const projection = cache.projection('sums')!
  const mend = projection.mend!.bind(projection)
  const collect = async () => await Promise.reject(new Error('too many tombstones'))
  Object.assign(projection, {
    mend: (own: object, at: MendAt) => {
      const mending = mend(own, at)
      return at.key === 'bad' ? {...(mending as Mending), collect} : mending
    },
  })
  state.durableOffset = 15
  const stop = new AbortController()
  const running = createMender(shared, DEPS, {mendAgainMs: 1}).run(stop.signal)
  await expect.poll(() => [...stale]).toEqual([bad])
  stop.abort()
  await running
})

test('parts that look among the events of all entities share one reading of a slice', async () => {
  const {cache, stale, state, shared} = setup()
  const added: string[] = []
  const projection = cache.projection('sums')!
  const begin = projection.mend!.bind(projection)
  Object.assign(projection, {
    keysOf: (event: Fields) => [String(event['product'])],
    mend: (own: object, at: MendAt) => ({
      ...(begin(own, at) as Mending),
      scan: {
        slices: [0],
        add: (event: Fields) => void added.push(`${at.key} ${String(event['id'])}`),
      },
    }),
  })
  let pages = 0
  const source = {
    plan: {timeOf: () => 5, idOf: (event: Fields) => event['id'], stream: {filed: 'hour'}},
    raw: {
      read: async (ids: readonly number[]) =>
        ids.map(id => ({event: {id, product: id % 2 ? 'a' : 'b'}})),
    },
    files: {
      async page({shard}: {readonly shard: number}) {
        pages += 1
        const events = shard === 3 ? [1, 2, 3, 4].map(id => ({id, timeUs: 5})) : []
        return {events, next: null}
      },
    },
  } as unknown as EventSource
  state.durableOffset = 15
  const parts = ['a', 'b', 'c'].map(key => ({...STALE, key}))
  for (const part of parts) stale.add(part)
  const {signal} = new AbortController()
  const onFailed = (): never => expect.unreachable('every read answers')
  const outcomes = await mendParts(shared, parts, {source, signal, onFailed})
  expect([...outcomes.values()]).toEqual(['done', 'done', 'done'])
  expect(added.toSorted()).toEqual(['a 1', 'a 3', 'b 2', 'b 4'])
  expect(pages, 'a page for each of the sixteen shards').toBe(16)
  expect([...stale]).toEqual([])
})
