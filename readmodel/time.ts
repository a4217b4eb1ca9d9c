/** Time in whole units since 1970, UTC. Pure. */

export const US_PER_SECOND = 1_000_000
export const US_PER_DAY = 86_400 * US_PER_SECOND
export const DAY_SECONDS = 86_400
export const HOUR_SECONDS = 3600
export const MINUTE_SECONDS = 60
/** Windows slide in steps of so many seconds. */
export const STEP_SECONDS = 10

export const GRANULARITIES = ['minute', 'hour', 'day', 'total'] as const
export type Granularity = (typeof GRANULARITIES)[number]

const SECONDS_OF = {minute: MINUTE_SECONDS, hour: HOUR_SECONDS, day: DAY_SECONDS} as const

/** Start of the bucket that the time lies in, seconds since 1970. */
export const startOf = (granularity: Exclude<Granularity, 'total'>, seconds: number): number =>
  Math.floor(seconds / SECONDS_OF[granularity]) * SECONDS_OF[granularity]

export const secondsOf = (granularity: Exclude<Granularity, 'total'>): number =>
  SECONDS_OF[granularity]

const days = new Map<number, string>()
const DAYS_KEPT = 1000

/** `2026-11-21` for a number of days since 1970. */
export function toIsoDay(day: number): string {
  const known = days.get(day)
  if (known !== undefined) return known
  const text = new Date(day * 86_400_000).toISOString()
  // Years beyond 9999 or before 0 have a sign and six digits.
  const iso = text.slice(0, text.indexOf('T'))
  if (days.size >= DAYS_KEPT) days.clear()
  days.set(day, iso)
  return iso
}

export const isoDayOfSeconds = (seconds: number): string =>
  toIsoDay(Math.floor(seconds / DAY_SECONDS))

let second = Number.NaN
let secondText = ''

/** `2026-11-21T06:00:00.123456Z` for microseconds since 1970. */
export function toIsoMicros(us: number): string {
  const seconds = Math.floor(us / US_PER_SECOND)
  // Neighbours share their second, and a date is dear to print.
  if (seconds !== second) {
    const text = new Date(seconds * 1000).toISOString()
    secondText = text.slice(0, text.lastIndexOf('.') + 1)
    second = seconds
  }
  return `${secondText}${String(us - seconds * US_PER_SECOND).padStart(6, '0')}Z`
}
