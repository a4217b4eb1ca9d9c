import {expect, test} from 'vitest'
import {endsLater, nameBucket, splitRunning} from './buckets.ts'

test.each([
  ['minute', '28 Nov 2026, 15:03'],
  ['hour', '28 Nov 2026, 15:03'],
  ['day', '28 Nov 2026'],
  ['week', 'week of 28 Nov 2026'],
  ['month', 'November 2026'],
] as const)('a %s is named as people name it', (granularity, name) => {
  expect(nameBucket(Date.parse('2026-11-28T14:03:00Z'), granularity, 'Europe/Berlin')).toBe(name)
})

test('a month that begins at midnight of the viewer is that month', () => {
  const start = Date.parse('2026-08-31T22:00:00Z')
  expect(nameBucket(start, 'month', 'Europe/Berlin')).toBe('September 2026')
})

test('the bucket that still grows is a piece of its own, joined to the line', () => {
  expect(splitRunning([4, 5, 1])).toEqual([
    [4, 5, null],
    [null, 5, 1],
  ])
  expect(splitRunning([7])).toEqual([[null], [7]])
  expect(splitRunning([])).toEqual([[], []])
})

test('a bucket runs until its end is over', () => {
  const buckets = [{end: '2026-11-28T14:00:00Z'}, {end: '2026-11-28T15:00:00Z'}]
  const end = Date.parse('2026-11-28T15:00:00Z')
  expect([endsLater(buckets, end - 1), endsLater(buckets, end), endsLater([], end)]).toEqual([
    true,
    false,
    false,
  ])
})
