import {expect, test} from 'vitest'
import {checkpointWaitMs} from './flush.ts'

const OPTIONS = {
  intervalMs: 1000,
  intervalMaxMs: 10_000,
  awaitedMs: 300,
  dirtyMax: 500,
  rowsPerSecond: 50,
  partition: 0,
}
const QUIET = {lastMs: 10, dirty: 1, filings: 0, isAwaited: false}
const waitOf = (load: Partial<typeof QUIET>, options = OPTIONS): number =>
  checkpointWaitMs({...QUIET, ...load}, options)

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
})

test('checkpoints of several partitions drift apart, and none waits longer than it may', () => {
  const waits = [0, 1, 2, 3, 4, 5].map(partition =>
    waitOf({lastMs: 60_000}, {...OPTIONS, partition}),
  )
  const sorted = waits.toSorted((a, b) => a - b)
  expect(Math.max(...waits)).toBe(10_000)
  expect(sorted[0]).toBeGreaterThan(7000)
  for (let i = 1; i < sorted.length; i++) expect(sorted[i]! - sorted[i - 1]!).toBeGreaterThan(200)
})
