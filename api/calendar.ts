/**
 * Calendar arithmetic for time series: where buckets of a granularity begin in a time zone.
 *
 * All instants are milliseconds since 1970. A bucket runs to the start of the next one, so a day
 * with a clock change is one bucket of 23 or 25 hours.
 */

export const GRANULARITIES = ['minute', 'hour', 'day', 'week', 'month'] as const
export type Granularity = (typeof GRANULARITIES)[number]

const MINUTE = 60_000
const HOUR = 3_600_000
const DAY = 86_400_000

const formats = new Map<string, Intl.DateTimeFormat>()
const ZONES_MAX = 600

/** Whether the runtime knows the IANA zone. Offsets such as `+05:30` are not zones here. */
export function isZone(zone: string): boolean {
  if (!/^[A-Za-z][\w+\-/]{0,50}$/.test(zone)) return false
  try {
    formatOf(zone)
    return true
  } catch {
    return false
  }
}

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone)
  if (known !== undefined) return known
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
    era: 'short',
  })
  if (formats.size < ZONES_MAX) formats.set(zone, made)
  return made
}

/** Local time minus UTC at an instant. */
export function offsetMs(zone: string, ms: number): number {
  if (zone === 'UTC') return 0
  const part: Record<string, number> = {}
  for (const {type, value} of formatOf(zone).formatToParts(ms)) part[type] = Number(value)
  const local = Date.UTC(
    part['year']!,
    part['month']! - 1,
    part['day'],
    part['hour'],
    part['minute'],
    part['second'],
  )
  return local - Math.floor(ms / 1000) * 1000
}

/** The instant at which clocks in `zone` show `local`; in a gap, the instant after it. */
export function toInstant(zone: string, local: number): number {
  const guess = local - offsetMs(zone, local)
  const second = local - offsetMs(zone, guess)
  if (local - offsetMs(zone, second) === second) return second
  return Math.max(guess, second)
}

function floorLocal(local: number, granularity: Granularity): number {
  const date = new Date(local)
  switch (granularity) {
    case 'minute':
      return Math.floor(local / MINUTE) * MINUTE
    case 'hour':
      return Math.floor(local / HOUR) * HOUR
    case 'day':
      return Math.floor(local / DAY) * DAY
    case 'week': {
      const day = Math.floor(local / DAY) * DAY
      // Monday is the first day; 1970-01-01 was a Thursday.
      return day - ((new Date(day).getUTCDay() + 6) % 7) * DAY
    }
    case 'month':
    default:
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1)
  }
}

/** The start of the bucket that holds `ms`. */
export function floorTo(ms: number, granularity: Granularity, zone: string): number {
  if (granularity === 'minute') return Math.floor(ms / MINUTE) * MINUTE
  const offset = offsetMs(zone, ms)
  const local = floorLocal(ms + offset, granularity)
  // Inside one hour the offset of the instant is the one to use: an hour that comes twice when
  // clocks go back is two buckets.
  if (granularity === 'hour') return local - offset
  return toInstant(zone, local)
}

/** The start of the bucket after the one that starts at `start`. */
export function nextStart(start: number, granularity: Granularity, zone: string): number {
  if (granularity === 'minute') return start + MINUTE
  if (granularity === 'hour') return start + HOUR
  // Where midnight is skipped, the bucket starts later: count on from the midnight that is not.
  const local = floorLocal(start + offsetMs(zone, start), granularity)
  const date = new Date(local)
  switch (granularity) {
    case 'day':
      return toInstant(zone, local + DAY)
    case 'week':
      return toInstant(zone, local + 7 * DAY)
    case 'month':
    default:
      return toInstant(zone, Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1))
  }
}

/**
 * Starts of all buckets that touch [from, to).
 *
 * @returns undefined when there would be more than `max`
 */
export function bucketStarts(
  range: {readonly from: number; readonly to: number},
  granularity: Granularity,
  zone: string,
  max: number,
): readonly number[] | undefined {
  const starts: number[] = []
  for (let at = floorTo(range.from, granularity, zone); at < range.to;) {
    if (starts.length >= max) return undefined
    starts.push(at)
    at = nextStart(at, granularity, zone)
  }
  return starts
}
