import {describe, expect, test} from 'vitest'
import {floorTo} from '../calendar.ts'
import type {Problem} from '../problem.ts'
import {rangeOf} from './range.ts'
import {granularitiesOf, timeLabel, timeLabels} from './time.ts'

const range = rangeOf('7d', {now: Date.parse('2026-11-21T10:30:00Z'), zone: 'UTC'})

describe('how finely time is parted', () => {
  test.each([
    [[], []],
    [['device'], []],
    [['time:week', 'device'], ['week']],
    [['time'], ['day', 'week', 'month']],
    [['time:weekday'], ['day']],
    [['time:hour_of_day', 'device'], ['hour']],
    [['time:weekday', 'time:hour_of_day'], ['hour']],
    [['time:hour_of_day', 'time:weekday'], ['hour']],
  ])('%j: %j', (dimensions, granularities) => {
    expect(granularitiesOf(dimensions, range)).toEqual(granularities)
  })

  test.each([
    [
      ['device', 'time:year'],
      '/dimensions/1',
      /^must be one of time, time:minute, .*, time:weekday$/,
    ],
    [['time:day', 'time:weekday', 'time:toString'], '/dimensions/2', /^must be one of/],
    [
      ['time:day', 'time:weekday'],
      '/dimensions',
      /one dimension of time, or time:hour_of_day with/,
    ],
    [['time', 'time:hour'], '/dimensions', /one dimension of time/],
  ])('%j is refused at %s', (dimensions, field, detail) => {
    try {
      granularitiesOf(dimensions, range)
      throw new Error('it was not refused')
    } catch (error) {
      const {errors} = error as Problem
      expect(errors[0]).toMatchObject({field, detail: expect.stringMatching(detail) as string})
    }
  })
})

/** What an instant is told as, of the hour or day that it lies in. */
const labelOf = (dimension: string, time: string, zone: string): unknown => {
  const granularity = dimension === 'time:weekday' ? 'day' : 'hour'
  const start = floorTo(Date.parse(time), granularity, zone)
  return timeLabel(dimension, start, {granularity, zone})
}

describe('INV-142: what comes again is told by the clocks of the zone', () => {
  test.each([
    ['2026-11-21T10:59:59Z', 'UTC', 10, 6],
    ['2026-11-22T23:30:00Z', 'Europe/Berlin', 0, 1],
    ['2026-01-01T18:29:00Z', 'Asia/Kolkata', 23, 4],
    ['2026-01-01T18:30:00Z', 'Asia/Kolkata', 0, 5],
    ['2026-11-22T03:00:00Z', 'America/New_York', 22, 6],
    // Clocks go on from 2 to 3, and back from 3 to 2.
    ['2026-03-29T00:59:00Z', 'Europe/Berlin', 1, 7],
    ['2026-03-29T01:00:00Z', 'Europe/Berlin', 3, 7],
    ['2026-10-25T00:30:00Z', 'Europe/Berlin', 2, 7],
    ['2026-10-25T01:30:00Z', 'Europe/Berlin', 2, 7],
    // Clocks go back by half an hour, and a day begins at one.
    ['2026-04-04T14:45:00Z', 'Australia/Lord_Howe', 1, 7],
    ['2026-04-04T15:15:00Z', 'Australia/Lord_Howe', 1, 7],
    ['2026-03-29T00:10:00Z', 'Asia/Beirut', 3, 7],
    ['1969-12-31T23:00:00Z', 'UTC', 23, 3],
  ])('%s in %s: hour %i of weekday %i', (time, zone, hour, weekday) => {
    expect(labelOf('time:hour_of_day', time, zone)).toBe(hour)
    expect(labelOf('time:weekday', time, zone)).toBe(weekday)
  })

  test('there are 24 hours and 7 days, whatever happened', () => {
    const parted = {granularity: 'hour', zone: 'UTC'} as const
    expect(timeLabels('time:hour_of_day', [], parted)).toEqual(
      Array.from({length: 24}, (_, n) => n),
    )
    expect(timeLabels('time:weekday', [], parted)).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(timeLabels('time:hour', [0], parted)).toEqual(['1970-01-01T00:00:00.000000Z'])
  })
})
