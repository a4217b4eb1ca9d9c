import {expect, test} from 'vitest'
import {areDays, askedOfRange, chooseStretch, zoneOf} from './stream-ranges.ts'

const namesOf = (...levels: readonly string[]) =>
  chooseStretch([...levels, 'total'], undefined, undefined)?.ranges

test('only ranges are offered that the stored buckets can answer', () => {
  expect(namesOf('minute', 'hour', 'day')).toEqual(['60m', '24h', '7d', '30d', '90d', '12mo'])
  expect(namesOf('hour')).toEqual(['24h', '7d', '30d', '90d', '12mo'])
  expect(namesOf('quarter')).toEqual(['24h', '7d', '30d', '90d', '12mo'])
  expect(namesOf('day')).toEqual(['7d', '30d', '90d', '12mo'])
  expect(namesOf()).toBeUndefined()
})

test('what is asked for is taken where it can be, and is else the nearest that can', () => {
  const all = ['minute', 'hour', 'day', 'total']
  expect(chooseStretch(all, '7d', 'hour')).toMatchObject({range: '7d', granularity: 'hour'})
  expect(chooseStretch(all, 'bogus', undefined)).toMatchObject({range: '24h', granularity: 'hour'})
  expect(chooseStretch(['day', 'total'], '24h', 'minute')).toMatchObject({
    range: '7d',
    granularity: 'day',
    granularities: ['day'],
  })
  expect(chooseStretch(['hour', 'total'], '24h', 'minute')?.granularities).toEqual(['hour'])
})

test('days are those of the viewer unless they begin within a stored bucket', () => {
  const berlin = {zone: 'Europe/Berlin', offsets: [60, 120]}
  const kolkata = {zone: 'Asia/Kolkata', offsets: [330, 330]}
  expect(zoneOf(['minute'], kolkata)).toBe('Asia/Kolkata')
  expect(zoneOf(['quarter', 'day'], kolkata)).toBe('Asia/Kolkata')
  expect(zoneOf(['hour', 'day'], kolkata)).toBe('UTC')
  expect(zoneOf(['hour', 'day'], berlin)).toBe('Europe/Berlin')
  expect(zoneOf(['day'], berlin)).toBe('UTC')
})

test('figures are asked for from the start of a stored bucket', () => {
  const now = Date.parse('2026-11-30T11:22:33.456Z')
  const asked = (range: '24h' | '7d', ...levels: readonly string[]) =>
    askedOfRange(levels, {range, zone: 'UTC'}, now)
  expect(asked('24h', 'minute', 'hour')).toEqual({period: '24h', timezone: 'UTC'})
  expect(asked('24h', 'hour')).toEqual({from: '2026-11-29T11:00:00.000Z'})
  expect(asked('24h', 'quarter', 'day')).toEqual({from: '2026-11-29T11:15:00.000Z'})
  expect(asked('7d', 'day')).toEqual({period: '7d', timezone: 'UTC'})
  // Part of a day is in no bucket of days.
  expect(asked('24h', 'day')).toBeUndefined()
})

test('an hour is no day', () => {
  expect((['minute', 'hour', 'day', 'week', 'month'] as const).map(areDays)).toEqual([
    false,
    false,
    true,
    true,
    true,
  ])
})
