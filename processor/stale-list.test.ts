import fc from 'fast-check'
import {expect, test} from 'vitest'
import type {StaleRow} from '../readmodel/projection.ts'
import type {StaleBlock} from '../readmodel/stale-table.ts'
import {BLOCK_MAX, nameOfStale, StaleList, type StaleSave} from './stale-list.ts'

const partOf = (n: number): StaleRow => ({projection: 'p', key: `k${n}`, level: 'hour', start: 0})
const nameOf = ({takeover, number}: StaleBlock): string => `${takeover} ${number}`

/** What Cassandra holds: blocks, and those that the position names. */
function createStore() {
  const blocks = new Map<string, Map<string, StaleRow>>()
  let named: readonly StaleBlock[] = []
  return {
    get named() {
      return named
    },
    get blocks() {
      return blocks
    },
    read: (at: StaleBlock): readonly StaleRow[] => [...(blocks.get(nameOf(at))?.values() ?? [])],
    write({rows}: StaleSave): void {
      for (const {at, rows: some} of rows) {
        const block = blocks.get(nameOf(at)) ?? new Map<string, StaleRow>()
        for (const row of some) block.set(nameOfStale(row), row)
        blocks.set(nameOf(at), block)
      }
    },
    save(saved: StaleSave): void {
      this.write(saved)
      named = saved.blocks
      saved.commit()
      for (const at of saved.dropped) blocks.delete(nameOf(at))
    },
  }
}

/** Everything that the list knows of, once all is read. */
function drain(
  list: StaleList,
  store: ReturnType<typeof createStore>,
  save = (saved: StaleSave): void => saved.commit(),
): ReadonlySet<string> {
  const found = new Set<string>()
  while (list.size > 0) {
    const at = list.missing
    if (at !== undefined) list.loaded(at, store.read(at))
    for (const part of list) {
      found.add(nameOfStale(part))
      list.remove(part)
    }
    save(list.save())
  }
  return found
}

const STEP = fc.oneof(
  {weight: 6, arbitrary: fc.record({kind: fc.constant('add' as const), n: fc.nat(40)})},
  {weight: 4, arbitrary: fc.record({kind: fc.constant('remove' as const), n: fc.nat(40)})},
  {weight: 3, arbitrary: fc.constant({kind: 'save' as const, n: 0})},
  {weight: 1, arbitrary: fc.constant({kind: 'cut' as const, n: 0})},
  {weight: 1, arbitrary: fc.constant({kind: 'crash' as const, n: 0})},
)

test('INV-41: what was stale at the last position is found again by whoever comes next', () => {
  fc.assert(
    fc.property(fc.array(STEP, {maxLength: 60}), steps => {
      const store = createStore()
      let takeover = 1
      let list = new StaleList(takeover)
      /** What waits, and what waited when the position was written. */
      let waiting = new Set<string>()
      let saved = new Set<string>()
      for (const {kind, n} of steps) {
        const part = partOf(n)
        if (kind === 'add') {
          list.add(part)
          waiting.add(nameOfStale(part))
        } else if (kind === 'remove' && waiting.has(nameOfStale(part))) {
          const at = list.missing
          if (at !== undefined) list.loaded(at, store.read(at))
          if (![...list].some(one => nameOfStale(one) === nameOfStale(part))) continue
          list.remove(part)
          waiting.delete(nameOfStale(part))
        } else if (kind === 'save') {
          store.save(list.save())
          saved = new Set(waiting)
        } else if (kind === 'cut') {
          // The owner dies between the blocks and the position.
          store.write(list.save())
        }
        if (kind === 'cut' || kind === 'crash') {
          takeover += 1
          list = new StaleList(takeover, store.named)
          waiting = new Set(saved)
        }
      }
      const own = drain(list, store)
      for (const name of waiting) expect(own).toContain(name)
      const last = new StaleList(takeover + 1, store.named)
      const found = drain(last, store)
      for (const name of saved) expect(found).toContain(name)
    }),
  )
})

test('a hundred thousand parts wait with few of them in memory, and each is mended once', () => {
  const store = createStore()
  const list = new StaleList(1)
  for (let n = 0; n < 100_000; n++) {
    list.add(partOf(n))
    if (n % 1000 === 0) store.save(list.save())
  }
  store.save(list.save())
  expect([...list].length).toBeLessThanOrEqual(20_000)
  expect(drain(list, store, saved => store.save(saved)).size).toBe(100_000)
  store.save(list.save())
  expect(store.named).toEqual([])
  expect(store.blocks.size, 'nothing is left behind').toBe(0)
})

test('one part that is corrected all the time keeps no block for itself', () => {
  const store = createStore()
  const list = new StaleList(1)
  for (let n = 0; n < 10 * BLOCK_MAX; n++) {
    list.add(partOf(n))
    if (n % BLOCK_MAX !== 0) list.remove(partOf(n))
    if (n % 100 === 0) store.save(list.save())
  }
  store.save(list.save())
  expect(store.named.length).toBeLessThanOrEqual(2)
  expect([...list].length).toBe(10)
})

test('a part that is mended before a checkpoint is never written', () => {
  const list = new StaleList(1)
  list.add(partOf(1))
  list.remove(partOf(1))
  expect(list.save()).toMatchObject({rows: [], blocks: [], dropped: []})
})
