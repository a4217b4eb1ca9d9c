import {expect, test} from 'vitest'
import {createShare} from './share.ts'

const MINUTE_MS = 60_000

function setup() {
  let clock = 0
  const share = createShare(() => clock)
  return {share, wait: (minutes: number) => (clock += minutes * MINUTE_MS)}
}

test('the share is of the last hour, or of the last day', () => {
  const {share, wait} = setup()
  share.note(100, 10)
  expect([share.of('hour'), share.of('day')]).toEqual([0.1, 0.1])
  wait(59)
  share.note(100, 0)
  expect(share.of('hour')).toBe(0.05)
  wait(1)
  expect([share.of('hour'), share.of('day')]).toEqual([0, 0.05])
  wait(1_440)
  expect(share.of('day')).toBe(0)
})

test('what was noted longer ago than a day takes no memory and counts for nothing', () => {
  const {share, wait} = setup()
  for (let i = 0; i < 3_000; i++) {
    share.note(1, i < 1_600 ? 1 : 0)
    wait(1)
  }
  expect(share.of('day')).toBeCloseTo(40 / 1_440, 2)
})
