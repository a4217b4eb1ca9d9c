import {expect, test} from 'vitest'
import {describeChange} from './words.ts'

const CHANGE = {
  stream: 'orders',
  metric: 'lines',
  dimension: 'place',
  value: 'web',
  present: 80,
  usual: 600,
  expected: 600,
  kindGrowth: 1,
  deviations: -30,
  impact: -0.5,
}

test('a change is a sentence with its numbers', () => {
  const whole = {...CHANGE, dimension: null, value: null}
  expect(
    [
      CHANGE,
      {...whole, present: 900},
      {...whole, present: 1_500},
      {...whole, present: 60_000},
      {...CHANGE, value: null},
    ].map(describeChange),
  ).toEqual([
    'lines of orders, place web: 80, 87 % less than the 600 to be expected',
    'lines of orders: 900, 50 % more than the 600 to be expected',
    'lines of orders: 1,500, 2.5 times as much as the 600 to be expected',
    'lines of orders: 60,000, 100 times as much as the 600 to be expected',
    'lines of orders, place without a value: 80, 87 % less than the 600 to be expected',
  ])
})
