import {expect, test} from 'vitest'
import {createEpochTable, lanesOverlap, type LaneEpoch} from './epochs.ts'

const at = (offset: number, epoch: number, lane = 0, lanes = 1): LaneEpoch => ({
  lanes,
  lane,
  epoch,
  offset,
})

test('lanes overlap when a hash can belong to both', () => {
  expect(lanesOverlap({lanes: 2, lane: 1}, {lanes: 4, lane: 3})).toBe(true)
  expect(lanesOverlap({lanes: 2, lane: 1}, {lanes: 4, lane: 2})).toBe(false)
  expect(lanesOverlap({lanes: 1, lane: 0}, {lanes: 8, lane: 5})).toBe(true)
})

test('a late record of an overtaken epoch is dropped', () => {
  const table = createEpochTable()
  expect(table.admit(at(0, 1))).toBe('apply')
  expect(table.admit(at(1, 2))).toBe('apply')
  expect(table.admit(at(2, 1))).toBe('drop')
  expect(table.admit(at(3, 2))).toBe('apply')
})

test('another lane goes on under its lower epoch', () => {
  const table = createEpochTable()
  table.admit(at(0, 1, 0, 2))
  table.admit(at(1, 2, 1, 2))
  expect(table.admit(at(2, 1, 0, 2))).toBe('apply')
})

test('after the number of lanes changed, both halves overtake the parent', () => {
  const table = createEpochTable()
  table.admit(at(0, 5, 0, 2))
  table.admit(at(1, 6, 2, 4))
  expect(table.admit(at(2, 5, 0, 2))).toBe('drop')
  expect(table.admit(at(3, 5, 1, 2))).toBe('apply')
})

test('a replay with entries from ahead of its start judges as the first reading did', () => {
  const history = [at(0, 1), at(1, 1), at(2, 2), at(3, 1), at(4, 3), at(5, 2), at(6, 3)]
  const first = createEpochTable()
  const judged = history.map(record => first.admit(record))
  for (let start = 0; start <= history.length; start++) {
    const again = createEpochTable(first.entries(), start)
    expect(history.slice(start).map(record => again.admit(record))).toEqual(judged.slice(start))
  }
})

test('pruning keeps every verdict of a reader that starts later, and bounds the table', () => {
  const random = (() => {
    let seed = 7
    return (n: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff
      return (seed >> 8) % n
    }
  })()
  for (let round = 0; round < 200; round++) {
    let epoch = 1
    const history = Array.from({length: 60}, (_, offset) => {
      if (random(6) === 0) epoch += 1
      const lanes = 2 ** random(3)
      return at(offset, Math.max(1, epoch - random(3)), random(lanes), lanes)
    })
    const table = createEpochTable()
    const judged = history.map(record => table.admit(record))
    const start = random(60)
    const pruned = createEpochTable(table.entries())
    pruned.prune(start)
    const reader = createEpochTable(pruned.entries(), start)
    expect(history.slice(start).map(record => reader.admit(record))).toEqual(judged.slice(start))
  }
  const long = createEpochTable()
  for (let offset = 0; offset < 1000; offset++) {
    long.admit(at(offset, offset))
    long.prune(offset)
  }
  expect(long.entries().length).toBeLessThan(4)
})
