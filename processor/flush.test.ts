import {expect, test} from 'vitest'
import {checkpointWaitMs, commitableOffset} from './flush.ts'

const OPTIONS = {intervalMs: 1000, intervalMaxMs: 10_000, awaitedMs: 100, dirtyMax: 500}
const QUIET = {isBehind: false, isAwaited: false}
const READY = {
  durableOffset: 9,
  committedOffset: 4,
  openCorrection: () => Number.POSITIVE_INFINITY,
  isRawDurable: () => true,
  liveAllows: () => true,
}

test('a checkpoint comes every second, under load after four times what the last one took', () => {
  expect(checkpointWaitMs(10, {dirty: 1, ...QUIET}, OPTIONS)).toBe(1000)
  expect(checkpointWaitMs(2000, {dirty: 1, ...QUIET}, OPTIONS)).toBe(8000)
  expect(checkpointWaitMs(60_000, {dirty: 1, ...QUIET}, OPTIONS)).toBe(10_000)
})

test('with a backlog checkpoints come as seldom as allowed', () => {
  expect(checkpointWaitMs(10, {dirty: 1, ...QUIET, isBehind: true}, OPTIONS)).toBe(10_000)
})

test('a reader who waits for it gets the next checkpoint at once, but not before a backlog', () => {
  const awaited = {dirty: 1, isBehind: false, isAwaited: true}
  expect(checkpointWaitMs(2000, awaited, OPTIONS)).toBe(100)
  expect(checkpointWaitMs(2000, {...awaited, isBehind: true}, OPTIONS)).toBe(10_000)
})

test('too many dirty rows start a checkpoint at once', () => {
  expect(checkpointWaitMs(2000, {dirty: 500, ...QUIET, isBehind: true}, OPTIONS)).toBe(0)
})

test('INV-43: an offset is committed when both stores have it, and only once', () => {
  expect(commitableOffset(READY)).toBe(9)
  expect(commitableOffset({...READY, isRawDurable: () => false})).toBeUndefined()
  expect(commitableOffset({...READY, liveAllows: () => false})).toBeUndefined()
  expect(commitableOffset({...READY, committedOffset: 9})).toBeUndefined()
})

test('INV-43: a correction whose hash Redis may not have is not committed, what is before it is', () => {
  expect(commitableOffset({...READY, openCorrection: () => 7})).toBe(6)
  expect(commitableOffset({...READY, openCorrection: () => 5})).toBeUndefined()
  expect(commitableOffset({...READY, openCorrection: () => 20})).toBe(9)
})
