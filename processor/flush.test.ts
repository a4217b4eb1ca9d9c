import {expect, test} from 'vitest'
import {checkpointWaitMs, commitableOffset} from './flush.ts'

const OPTIONS = {intervalMs: 1000, intervalMaxMs: 10_000, dirtyMax: 500}
const READY = {durableOffset: 9, committedOffset: 4, rawIsDurable: true, liveAllows: true}

test('a checkpoint comes every second, under load after twice what the last one took', () => {
  expect(checkpointWaitMs(10, {dirty: 1, isBehind: false}, OPTIONS)).toBe(1000)
  expect(checkpointWaitMs(2000, {dirty: 1, isBehind: false}, OPTIONS)).toBe(8000)
  expect(checkpointWaitMs(60_000, {dirty: 1, isBehind: false}, OPTIONS)).toBe(10_000)
})

test('with a backlog checkpoints come as seldom as allowed', () => {
  expect(checkpointWaitMs(10, {dirty: 1, isBehind: true}, OPTIONS)).toBe(10_000)
})

test('too many dirty rows start a checkpoint at once', () => {
  expect(checkpointWaitMs(2000, {dirty: 500, isBehind: true}, OPTIONS)).toBe(0)
})

test('INV-43: an offset is committed when both stores have it, and only once', () => {
  expect(commitableOffset(READY)).toBe(9)
  expect(commitableOffset({...READY, rawIsDurable: false})).toBeUndefined()
  expect(commitableOffset({...READY, liveAllows: false})).toBeUndefined()
  expect(commitableOffset({...READY, committedOffset: 9})).toBeUndefined()
})
