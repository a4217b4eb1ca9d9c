import {expect, test} from 'vitest'
import {createAwaited} from './awaited.ts'

const signal = new AbortController().signal

test('a notice ends a wait, and counts for a moment', async () => {
  let nowMs = 0
  const awaited = createAwaited(() => nowMs)
  expect(awaited.isAwaited).toBe(false)
  const waiting = awaited.wait(60_000, signal)
  awaited.note()
  await waiting
  expect(awaited.isAwaited).toBe(true)
  nowMs = 499
  expect(awaited.isAwaited).toBe(true)
  nowMs = 500
  expect(awaited.isAwaited).toBe(false)
})
