/** Which time a question is about, what that is compared with, and how finely it is parted. Pure. */
import {bucketStarts, floorTo, offsetMs, toInstant, type Granularity} from '../calendar.ts'
import {parsePeriod, type Period} from '../period.ts'
import {refuse} from '../problem.ts'
import type {Comparisons, DateRange} from '../schemas/query.ts'

export interface Range extends Period {
  /** Its end is now: the running bucket belongs to it. */
  readonly endsNow: boolean
}

/** Of which time, from whose point of view. */
export interface Clock {
  readonly now: number
  readonly zone: string
}

const DAY = 86_400_000

/** @throws a problem that names the range */
export function rangeOf(range: DateRange, {now, zone}: Clock): Range {
  const request = typeof range === 'string' ? {period: range} : {from: range[0], to: range[1]}
  const period = parsePeriod(request, {now, zone, fallback: 'all'}, 'body')
  return {...period, endsNow: typeof range === 'string' && period.to === now}
}

/** An instant by so many days of the zone earlier, at the same time of the day. */
const daysBefore = (ms: number, days: number, zone: string): number =>
  toInstant(zone, ms + offsetMs(zone, ms) - days * DAY)

function yearBefore(ms: number, zone: string): number {
  const date = new Date(ms + offsetMs(zone, ms))
  return toInstant(zone, date.setUTCFullYear(date.getUTCFullYear() - 1))
}

/** Days of the zone that a range touches, when it begins with one of them. */
function daysOf(from: number, to: number, zone: string): number | undefined {
  if (floorTo(from, 'day', zone) !== from) return undefined
  const last = floorTo(to - 1, 'day', zone)
  return Math.round((last + offsetMs(zone, last) - from - offsetMs(zone, from)) / DAY) + 1
}

/**
 * The range that another one is compared with. The previous period of whole days is as many days before, up to the
 * same time of the day; of any other range the same time before it.
 *
 * @throws a problem that names the part that does not fit
 */
export function comparedRange(range: Range, {mode, date_range}: Comparisons, clock: Clock): Range {
  const pointer = '/include/comparisons'
  if ((mode === 'custom') !== (date_range !== undefined)) {
    const detail =
      mode === 'custom' ? 'is needed where mode is custom' : 'is for the mode custom alone'
    throw refuse('body', `${pointer}/date_range`, date_range ?? null, detail)
  }
  if (date_range !== undefined) return rangeOf(date_range, clock)
  const {from, to, endsNow} = range
  if (from === null) {
    throw refuse(
      'body',
      pointer,
      mode,
      'needs a date_range with a start: nothing is before all time',
    )
  }
  const {zone} = clock
  if (mode === 'year_over_year') {
    return {from: yearBefore(from, zone), to: yearBefore(to, zone), endsNow}
  }
  const days = daysOf(from, to, zone)
  if (days === undefined) return {from: from - (to - from), to: from, endsNow}
  return {from: daysBefore(from, days, zone), to: daysBefore(to, days, zone), endsNow}
}

/** What `time` is taken for in a range of at most so long: the first that can be answered. */
const AUTOMATIC: readonly (readonly [number, readonly Granularity[]])[] = [
  [DAY / 12, ['minute', 'hour', 'day']],
  [2 * DAY, ['hour', 'day']],
  [100 * DAY, ['day', 'week', 'month']],
  [Number.POSITIVE_INFINITY, ['month']],
]

/** @returns how finely a range is parted when nobody says it, best first */
export function automaticOf({from, to}: Period): readonly Granularity[] {
  const length = from === null ? Number.POSITIVE_INFINITY : to - from
  return AUTOMATIC.find(([most]) => length <= most)![1]
}

const BUCKETS_MAX = 5000

/** @throws 422 when a range has too many buckets */
export function startsOf(
  {from, to}: {readonly from: number; readonly to: number},
  granularity: Granularity,
  zone: string,
): readonly number[] {
  const starts = bucketStarts({from, to}, granularity, zone, BUCKETS_MAX)
  if (starts !== undefined) return starts
  const detail = `would have more than ${BUCKETS_MAX} buckets of a ${granularity}: ask for a shorter time, or for longer buckets`
  throw refuse('body', '/date_range', null, detail)
}
