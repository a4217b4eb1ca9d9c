import {expect, test} from 'vitest'
import {checkpointWaitMs} from './flush.ts'

const OPTIONS = {
  checkpointMs: 1000,
  checkpointMaxMs: 10_000,
  checkpointRowsMax: 500,
  checkpointRowsPerSecond: 50,
}
const QUIET = {lastMs: 10, dirty: 1, filings: 0, isAwaited: false, isFull: false}
const waitOf = (load: Partial<typeof QUIET>, partition = 0): number =>
  checkpointWaitMs({...QUIET, ...load}, OPTIONS, partition)

test('a checkpoint comes every second, and the more seldom the more rows there are', () => {
  expect(waitOf({})).toBe(1000)
  expect(waitOf({dirty: 200})).toBe(4000)
  expect(waitOf({dirty: 499})).toBe(9980)
})

test('writing takes at most a tenth of the time, and never waits longer than ten seconds', () => {
  expect(waitOf({lastMs: 400})).toBe(4000)
  expect(waitOf({lastMs: 60_000})).toBe(10_000)
})

test('a reader who waits for it gets the next checkpoint soon', () => {
  expect(waitOf({dirty: 400, isAwaited: true})).toBe(300)
})

test('too many dirty rows, or events to be filed, start a checkpoint at once', () => {
  expect(waitOf({dirty: 500})).toBe(0)
  expect(waitOf({filings: 500})).toBe(0)
  expect(waitOf({isFull: true}), 'corrections wait for it').toBe(0)
})

test('checkpoints of several partitions drift apart, and none waits longer than it may', () => {
  const waits = [0, 1, 2, 3, 4, 5].map(partition => waitOf({lastMs: 60_000}, partition))
  const sorted = waits.toSorted((a, b) => a - b)
  expect(Math.max(...waits)).toBe(10_000)
  expect(sorted[0]).toBeGreaterThan(7000)
  for (let i = 1; i < sorted.length; i++) expect(sorted[i]! - sorted[i - 1]!).toBeGreaterThan(200)
})
