import {expect, test} from 'vitest'
import {isFlapping, restartDelayMs} from './restart-policy.ts'

test('INV-82: the wait doubles with each restart of the last minute, up to ten seconds', () => {
  const at = (count: number): number =>
    restartDelayMs(
      Array.from({length: count}, () => 1000),
      2000,
    )
  expect([0, 1, 2, 3, 9].map(at)).toEqual([200, 400, 800, 1600, 10_000])
})

test('INV-82: a minute without an end makes the wait short again', () => {
  expect(restartDelayMs([1000, 2000, 3000], 63_001)).toBe(200)
})

test('INV-82: five restarts in a minute are unhealthy, four or a slower five are not', () => {
  const restarts = [0, 10_000, 20_000, 30_000, 40_000]
  expect(isFlapping(restarts, 50_000)).toBe(true)
  expect(isFlapping(restarts.slice(1), 50_000)).toBe(false)
  expect(isFlapping(restarts, 61_000)).toBe(false)
})
