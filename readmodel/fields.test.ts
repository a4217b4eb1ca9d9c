import {date, doublePrecision, integer, interval, pgTable, real, time} from 'drizzle-orm/pg-core'
import {expect, test} from 'vitest'
import {stream} from '../contracts/stream.ts'
import {wholeFieldOf} from './fields.ts'

const readings = stream({
  name: 'readings',
  table: pgTable('readings', {
    id: integer('id').primaryKey(),
    weight: doublePrecision('weight'),
    share: real('share'),
    at: time('at'),
    day: date('day'),
    took: interval('took'),
  }),
  topic: 'readings',
  key: 'id',
})

test.each([Number.NaN, Infinity, -Infinity, 1e300, null])(
  'INV-124: a double that is no number of its scale brings nothing: %d',
  weight => {
    expect(wholeFieldOf(readings, 'weight', 3).get({weight})).toBeNull()
    expect(wholeFieldOf(readings, 'share', 3).get({share: weight})).toBeNull()
  },
)

test('times of day count as microseconds, and dates as days', () => {
  const event = {at: 86_400_000_000, day: 20_000}
  expect(wholeFieldOf(readings, 'at', undefined).get(event)).toBe(86_400_000_000)
  expect(wholeFieldOf(readings, 'day', undefined).get(event)).toBe(20_000)
})

test('an interval is text, which is said to who would measure it', () => {
  expect(() => wholeFieldOf(readings, 'took', undefined)).toThrow(
    'stream readings: took is interval, no number to measure',
  )
})
