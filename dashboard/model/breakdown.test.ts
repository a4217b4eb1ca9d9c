import {expect, test} from 'vitest'
import {joinItems, shareOf, totalOf} from './breakdown.ts'

const item = (value: string | null, events: number) => ({
  value,
  metrics: {events, engagement_seconds: events * 10},
})

test('two contents have a row for whatever one of them has, in the order of the first', () => {
  const rows = joinItems([
    [item('ios', 3), item('web', 9), item('tv', 0)],
    [item(null, 5), item('ios', 1), item('tv', 0)],
  ])
  expect(rows.map(({value, of}) => [value, ...of.map(one => one?.events)])).toEqual([
    ['web', 9, undefined],
    ['ios', 3, 1],
    [null, undefined, 5],
  ])
  expect([totalOf(rows, 0), totalOf(rows, 1)]).toEqual([12, 6])
  expect(shareOf(rows[1]!, 1, 6)).toBeCloseTo(1 / 6)
  expect(shareOf(rows[0]!, 1, 0)).toBeNull()
})
