import {expect, test} from 'vitest'
import type {LiveEvent} from '../readmodel/event-hash.ts'
import type {HashStore} from '../readmodel/live-store.ts'
import {countRemovable, createHashBudget} from './hash-budget.ts'

const put = (id: number, kind: 'put' | 'delete' = 'put'): LiveEvent => ({
  kind,
  event: {id},
  shown: {},
  outboxId: id,
  createdAt: 0,
  processedAt: 0,
  offset: id,
})

/** Hashes of a thousand bytes each, and the list of what was written. */
function openStore() {
  const hashes = new Set<number | string>()
  const list: string[] = []
  const store: HashStore = {
    async write(events) {
      for (const {event} of events) hashes.add(event['id'] as number)
    },
    async note(entry) {
      list.push(entry)
      return 1000
    },
    noted: async () => list,
    async forget(ids) {
      for (const id of ids) hashes.delete(id)
      list.shift()
    },
  }
  const open = (bytesMax = 10_000) =>
    createHashBudget(store, 0, event => event['id'] as number, {bytesMax, ttlS: 60})
  return {store, hashes, list, open}
}

test('the oldest hashes go first, once all of them take more than they may', async () => {
  const {hashes, open, store} = openStore()
  const budget = open()
  for (let id = 0; id < 40; id++) {
    await store.write([put(id)], {name: 'r', takeover: 1}, 0)
    await budget.wrote([put(id)], 0)
    expect(hashes.size * 1000).toBeLessThanOrEqual(10_000)
  }
  expect([...hashes].at(-1)).toBe(39)
  expect(budget.bytes).toBeLessThanOrEqual(10_000)
})

test('the next owner goes on where the one before ended', async () => {
  const {hashes, list, open, store} = openStore()
  const write = async (budget: ReturnType<typeof open>, id: number) => {
    await store.write([put(id)], {name: 'r', takeover: 1}, 0)
    await budget.wrote([put(id)], 0)
  }
  const first = open()
  for (let id = 0; id < 9; id++) await write(first, id)
  const second = open()
  await second.start()
  for (let id = 9; id < 20; id++) await write(second, id)
  expect(hashes.size).toBeLessThanOrEqual(10)
  expect(list.length).toBe(hashes.size)
})

test('what has expired is forgotten without being removed again', () => {
  const groups = [
    {expiresS: 10, bytes: 5},
    {expiresS: 20, bytes: 5},
    {expiresS: 30, bytes: 5},
  ]
  expect(countRemovable(groups, {bytes: 15, bytesMax: 100, nowS: 20})).toBe(2)
  expect(countRemovable(groups, {bytes: 15, bytesMax: 9, nowS: 0})).toBe(2)
  expect(countRemovable(groups, {bytes: 15, bytesMax: 100, nowS: 0})).toBe(0)
})

test('a deleted event takes no part: what it leaves goes by itself', async () => {
  const {list, open} = openStore()
  await open().wrote([put(1, 'delete')], 0)
  expect(list).toEqual([])
})

test('what is written within a second, and takes little, is one entry of the list', async () => {
  const {list, open} = openStore()
  const budget = open(1_000_000)
  for (let id = 0; id < 10; id++) await budget.wrote([put(id)], 100 * id)
  expect(list).toEqual([])
  await budget.wrote([put(10)], 1000)
  expect(list.map(entry => (JSON.parse(entry) as unknown[])[2])).toEqual([
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  ])
})

test('what takes much of the memory is listed before the second is over', async () => {
  const {list, open} = openStore()
  const budget = open(64_000)
  await budget.wrote([put(1)], 0)
  expect(list).toHaveLength(1)
})
