import {expect, test} from 'vitest'
import {
  areNothing,
  describeWindow,
  drawableOf,
  formatFigure,
  formatShort,
  toNumber,
  type Figure,
} from './figures.ts'
import {formatTime} from './format.ts'

test.each<[Figure, string]>([
  [null, '–'],
  [undefined, '–'],
  [0, '0'],
  [1_234_567, '1,234,567'],
  [19.99, '19.99'],
  [-1234.5, '-1,234.5'],
  [2 / 3, '0.667'],
  [0.000_012_345, '0.0000123'],
  [true, 'yes'],
  [false, 'no'],
  ['', '“”'],
  ['refunded', 'refunded'],
  // More digits than a number has: each of them stands.
  ['12345678901234567890.10', '12345678901234567890.10'],
])('the figure %j reads %s', (figure, text) => {
  expect(formatFigure(figure)).toBe(text)
})

test('a time is shown in the zone of whoever reads it, a text that begins like one is not', () => {
  const time = '2026-01-31T12:00:00.000000Z'
  expect(formatFigure(time)).toBe(formatTime(time))
  expect(formatFigure(`${time} or later`)).toBe(`${time} or later`)
})

test('only large numbers are shortened', () => {
  expect(formatShort(12_345)).toBe('12.3K')
  expect(formatShort(-12_345)).toBe('-12.3K')
  expect(formatShort(9999)).toBe('9,999')
  expect(formatShort('12345.60')).toBe('12345.60')
})

test('decimals are drawn, times and texts are not', () => {
  expect(toNumber('-12.50')).toBe(-12.5)
  for (const one of [null, undefined, true, 'play', '2026-01-31T12:00:00Z', '', '1e3', '0x10'])
    expect(toNumber(one)).toBeNull()
  const known = [{orders: 3, revenue: '12.50', first_at: null}, {first_at: '2026-01-31T12:00:00Z'}]
  expect(drawableOf(['orders', 'revenue', 'first_at', 'unknown'], known)).toEqual([
    'orders',
    'revenue',
    'unknown',
  ])
  expect(drawableOf(['orders'], [undefined])).toEqual(['orders'])
})

test('nothing was counted where all is zero or missing', () => {
  expect(areNothing({orders: 0, revenue: '0.00', first_at: null})).toBe(true)
  expect(areNothing({orders: 0, first_at: '2026-01-31T12:00:00Z'})).toBe(false)
})

test('a window is told in the largest unit that it is whole in', () => {
  expect([1, 90, 60, 600, 3600, 5400, 86_400].map(describeWindow)).toEqual([
    '1 second',
    '90 seconds',
    '1 minute',
    '10 minutes',
    '1 hour',
    '90 minutes',
    '24 hours',
  ])
})
