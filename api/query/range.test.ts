import {describe, expect, test} from 'vitest'
import type {Comparisons, DateRange} from '../schemas/query.ts'
import {automaticOf, comparedRange, rangeOf, startsOf} from './range.ts'

const ms = (text: string): number => Date.parse(text)
const clock = {now: ms('2026-11-21T10:30:00Z'), zone: 'Europe/Berlin'}
const iso = (at: number | null): string | null =>
  at === null ? null : new Date(at).toISOString().replace(':00.000Z', 'Z')

describe('every range of Plausible', () => {
  test.each<[DateRange, string | null, string]>([
    ['day', '2026-11-20T23:00Z', '2026-11-21T10:30Z'],
    ['yesterday', '2026-11-19T23:00Z', '2026-11-20T23:00Z'],
    ['24h', '2026-11-20T10:30Z', '2026-11-21T10:30Z'],
    ['30m', '2026-11-21T10:00Z', '2026-11-21T10:30Z'],
    ['7d', '2026-11-14T23:00Z', '2026-11-21T10:30Z'],
    ['28d', '2026-10-24T22:00Z', '2026-11-21T10:30Z'],
    ['30d', '2026-10-22T22:00Z', '2026-11-21T10:30Z'],
    ['91d', '2026-08-22T22:00Z', '2026-11-21T10:30Z'],
    ['month', '2026-10-31T23:00Z', '2026-11-21T10:30Z'],
    ['last_month', '2026-09-30T22:00Z', '2026-10-31T23:00Z'],
    ['6mo', '2026-05-31T22:00Z', '2026-11-21T10:30Z'],
    ['12mo', '2025-11-30T23:00Z', '2026-11-21T10:30Z'],
    ['year', '2025-12-31T23:00Z', '2026-11-21T10:30Z'],
    ['all', null, '2026-11-21T10:30Z'],
    [['2026-01-01', '2026-07-01'], '2025-12-31T23:00Z', '2026-06-30T22:00Z'],
    [
      ['2026-01-01T12:00:00+02:00', '2026-01-01T16:00:00+02:00'],
      '2026-01-01T10:00Z',
      '2026-01-01T14:00Z',
    ],
  ])('%j is from %s to %s', (range, from, to) => {
    const found = rangeOf(range, clock)
    expect([iso(found.from), iso(found.to)]).toEqual([from, to])
    expect(found.endsNow).toBe(to === '2026-11-21T10:30Z')
  })

  test('a range that ends before it starts is refused by name', () => {
    expect(() => rangeOf(['2026-02-01', '2026-01-01'], clock)).toThrow(/^to: must be after from/)
  })
})

describe('what a range is compared with', () => {
  test.each<[DateRange, Comparisons, string, string]>([
    ['day', {mode: 'previous_period'}, '2026-11-19T23:00Z', '2026-11-20T10:30Z'],
    ['7d', {mode: 'previous_period'}, '2026-11-07T23:00Z', '2026-11-14T10:30Z'],
    // Over the end of summer time: the same hours of the day.
    ['28d', {mode: 'previous_period'}, '2026-09-26T22:00Z', '2026-10-24T09:30Z'],
    ['24h', {mode: 'previous_period'}, '2026-11-19T10:30Z', '2026-11-20T10:30Z'],
    ['yesterday', {mode: 'previous_period'}, '2026-11-18T23:00Z', '2026-11-19T23:00Z'],
    [
      ['2026-03-01', '2026-04-01'],
      {mode: 'previous_period'},
      '2026-01-28T23:00Z',
      '2026-02-28T23:00Z',
    ],
    ['month', {mode: 'year_over_year'}, '2025-10-31T23:00Z', '2025-11-21T10:30Z'],
    [
      ['2024-02-29', '2024-03-01'],
      {mode: 'year_over_year'},
      '2023-02-28T23:00Z',
      '2023-02-28T23:00Z',
    ],
    [
      '7d',
      {mode: 'custom', date_range: ['2026-01-01', '2026-01-08']},
      '2025-12-31T23:00Z',
      '2026-01-07T23:00Z',
    ],
  ])('%j with %j is from %s to %s', (range, comparisons, from, to) => {
    const found = comparedRange(rangeOf(range, clock), comparisons, clock)
    expect([iso(found.from), iso(found.to)]).toEqual([from, to])
  })

  test.each<[DateRange, Comparisons, string, RegExp]>([
    ['all', {mode: 'previous_period'}, '', /nothing is before all time/],
    ['all', {mode: 'year_over_year'}, '', /nothing is before all time/],
    ['7d', {mode: 'custom'}, '/date_range', /is needed where mode is custom/],
    ['7d', {mode: 'previous_period', date_range: '7d'}, '/date_range', /for the mode custom alone/],
  ])('%j with %j is refused', (range, comparisons, field, detail) => {
    const compare = () => comparedRange(rangeOf(range, clock), comparisons, clock)
    expect(compare).toThrow(detail)
    expect(compare).toThrow(new RegExp(`^/include/comparisons${field}: `))
  })
})

test.each([
  ['30m', 'minute'],
  ['2h', 'minute'],
  ['day', 'hour'],
  ['24h', 'hour'],
  ['7d', 'day'],
  ['91d', 'day'],
  ['6mo', 'month'],
  ['all', 'month'],
])('time in %s is parted by %s', (range, granularity) => {
  expect(automaticOf(rangeOf(range, clock))[0]).toBe(granularity)
})

test('too many buckets are refused with what to ask for instead', () => {
  const range = {from: ms('2026-01-01T00:00:00Z'), to: ms('2026-02-01T00:00:00Z')}
  expect(() => startsOf(range, 'minute', 'UTC')).toThrow(
    /more than 5000 buckets of a minute: ask for/,
  )
})
