import {expect, test} from 'vitest'
import {createWake, nextWaitMs} from './wake.ts'

const pace = {closePollMs: 2, safetyPollMs: 100}

test('waiting grows with the silence, between the close and the safety interval', () => {
  expect([0, 2, 10, 50, 500].map(quiet => nextWaitMs(quiet, pace))).toEqual([2, 2, 10, 50, 100])
})

test('a ring ends the wait of every loop, and the next wait of one that was busy', async () => {
  const wake = createWake()
  const [a, busy] = [wake.subscribe(), wake.subscribe()]
  const {signal} = new AbortController()
  const waiting = a.wait(60_000, signal)
  wake.ring('notify')
  expect(await waiting).toBe('notify')
  expect(await busy.wait(60_000, signal)).toBe('notify')
  expect(await busy.wait(1, signal)).toBe('poll')
})

test('a stop ends a wait', async () => {
  const stop = new AbortController()
  const waiting = createWake().subscribe().wait(60_000, stop.signal)
  stop.abort()
  expect(await waiting).toBe('poll')
})
