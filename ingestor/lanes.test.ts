import fc from 'fast-check'
import {expect, test} from 'vitest'
import {planLanes, shareOf} from './lanes.ts'

test('shares add up to all lanes and differ by one at most', () => {
  fc.assert(
    fc.property(fc.integer({min: 1, max: 20}), fc.integer({min: 1, max: 64}), (members, lanes) => {
      const shares = Array.from({length: members}, (_, rank) => shareOf(rank, members, lanes))
      expect(shares.reduce((a, b) => a + b)).toBe(lanes)
      expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1)
    }),
  )
})

test('a relay that joins gets lanes from one that has too many', () => {
  const lanes = [0, 1, 2, 3]
  const first = planLanes({lanes, members: [7, 9], self: 7, held: lanes})
  expect(first).toMatchObject({release: [2, 3], want: 0})
  const second = planLanes({lanes, members: [7, 9], self: 9, held: []})
  expect(second).toMatchObject({release: [], want: 2})
})

test('a lane that does not exist any more is given up', () => {
  const plan = planLanes({lanes: [0], members: [7], self: 7, held: [0, 1]})
  expect(plan.release).toEqual([1])
})

test('a relay that is no member takes nothing', () => {
  const plan = planLanes({lanes: [0, 1], members: [7], self: 9, held: [1]})
  expect(plan).toEqual({release: [], candidates: [], want: 0})
})
