/**
 * Calendar arithmetic for time series: where buckets of a granularity begin in a time zone.
 *
 * All instants are milliseconds since 1970. A bucket runs to the start of the next one, so a day
 * with a clock change is one bucket of 23 or 25 hours, and an hour in which clocks change is two.
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

/** Clocks are changed at most once within so long. */
const PROBE = 13 * HOUR

/** When the offset becomes another one, between two instants that differ in it. */
function changeBetween(zone: string, from: number, to: number): number {
  const before = offsetMs(zone, from)
  let [low, high] = [from, to]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (offsetMs(zone, middle) === before) low = middle
    else high = middle
  }
  return high
}

/** The first instant at which clocks in `zone` show `local` or later. */
export function toInstant(zone: string, local: number): number {
  if (zone === 'UTC') return local
  // No offset is larger than two probes: the instant lies between the first and the last.
  for (let at = local - 2 * PROBE; at < local + 2 * PROBE; at += PROBE) {
    const offset = offsetMs(zone, at)
    const isSame = offsetMs(zone, at + PROBE) === offset
    const end = isSame ? at + PROBE : changeBetween(zone, at, at + PROBE)
    if (local - offset < end) return Math.max(at, local - offset)
    const later = local - offsetMs(zone, end)
    if (!isSame && later < at + PROBE) return Math.max(end, later)
  }
  return local
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

/**
 * The start of the bucket that holds `ms`: the first instant of its hour, day, week or month. A day that
 * begins twice, because clocks go back over midnight, begins once: the first time.
 */
export function floorTo(ms: number, granularity: Granularity, zone: string): number {
  if (granularity === 'minute') return Math.floor(ms / MINUTE) * MINUTE
  const offset = offsetMs(zone, ms)
  const local = floorLocal(ms + offset, granularity)
  if (granularity !== 'hour') {
    const start = toInstant(zone, local)
    const next = toInstant(zone, nextLocal(local, granularity))
    return next <= ms ? next : start
  }
  // An hour ends where its offset does: one that comes twice is two buckets.
  const start = local - offset
  return offsetMs(zone, start) === offset ? start : changeBetween(zone, start, ms)
}

function nextLocal(local: number, granularity: 'day' | 'week' | 'month'): number {
  if (granularity !== 'month') return local + (granularity === 'day' ? DAY : 7 * DAY)
  const date = new Date(local)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1)
}

/** The start of the bucket after the one that starts at `start`. */
export function nextStart(start: number, granularity: Granularity, zone: string): number {
  if (granularity === 'minute') return start + MINUTE
  const offset = offsetMs(zone, start)
  let local = floorLocal(start + offset, granularity)
  if (granularity === 'hour') {
    const next = local - offset + HOUR
    return offsetMs(zone, next - 1) === offset ? next : changeBetween(zone, start, next - 1)
  }
  // Days that were left out have no instant of their own.
  for (;;) {
    local = nextLocal(local, granularity)
    const next = toInstant(zone, local)
    if (next > start) return next
  }
}

/** A bucket of time, its end exclusive. */
export interface Bucket {
  readonly start: number
  readonly end: number
}

export const withEnds = (
  starts: readonly number[],
  granularity: Granularity,
  zone: string,
): readonly Bucket[] => starts.map(start => ({start, end: nextStart(start, granularity, zone)}))

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
