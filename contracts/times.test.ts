import fc from 'fast-check'
import {expect, test} from 'vitest'
import {parseDays, parseMicros} from './times.ts'

test.each([
  ['1970-01-01T00:00:00+00:00', 0],
  ['2026-11-21T06:28:00.123456+00:00', Date.UTC(2026, 10, 21, 6, 28) * 1_000 + 123_456],
  ['2026-11-21T11:58:00.5+05:30', Date.UTC(2026, 10, 21, 6, 28) * 1_000 + 500_000],
  ['2026-11-21 06:28:00.000001+00', Date.UTC(2026, 10, 21, 6, 28) * 1_000 + 1],
  ['2026-11-20T22:28:00-08:00', Date.UTC(2026, 10, 21, 6, 28) * 1_000],
  ['1883-11-18T12:03:58-07:52:58', Date.UTC(1883, 10, 18, 19, 56, 56) * 1_000],
  ['2026-11-21T06:28:00', Date.UTC(2026, 10, 21, 6, 28) * 1_000],
])('%s is %i', (text, micros) => {
  expect(parseMicros(text)).toBe(micros)
})

test.each([
  'infinity',
  '-infinity',
  '',
  'now',
  '2026-11-21',
  '12026-11-21T06:28:00+00:00',
  '0044-03-15T12:00:00+00:00 BC',
  '2256-01-01T00:00:00+00:00',
])('%s has no microseconds that a number counts exactly', text => {
  expect(parseMicros(text)).toBeUndefined()
})

test('every moment that has microseconds is read as JavaScript reads it', () => {
  fc.assert(
    fc.property(
      fc.date({min: new Date('1685-01-01'), max: new Date('2255-01-01'), noInvalidDate: true}),
      moment => {
        expect(parseMicros(moment.toISOString().replace('Z', '+00:00'))).toBe(
          moment.getTime() * 1_000,
        )
      },
    ),
  )
})

test('every date is read as JavaScript reads it', () => {
  fc.assert(
    fc.property(
      fc.date({min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true}),
      date => {
        expect(parseDays(date.toISOString().slice(0, 10))).toBe(
          Math.floor(date.getTime() / 86_400_000),
        )
      },
    ),
  )
})
