/** Which stored buckets make up a period: the coarsest that fit, so that few rows are read. Pure. */
import {offsetMs, type Granularity} from '../calendar.ts'

export type StoredGranularity = 'minute' | 'hour' | 'day'

export interface Part {
  readonly granularity: StoredGranularity
  /** Seconds since 1970. */
  readonly from: number
  readonly to: number
}

const SECONDS = {minute: 60, hour: 3600, day: 86_400} as const
const COARSER = {minute: 'hour', hour: 'day', day: undefined} as const

/**
 * Parts that cover [from, to), both whole minutes: minutes up to the hour, hours up to the day, days,
 * and back.
 */
export function decompose(
  from: number,
  to: number,
  granularity: StoredGranularity = 'minute',
): readonly Part[] {
  if (to <= from) return []
  const coarser = COARSER[granularity]
  if (coarser === undefined) return [{granularity, from, to}]
  const step = SECONDS[coarser]
  const inner = {from: Math.ceil(from / step) * step, to: Math.floor(to / step) * step}
  if (inner.to <= inner.from) return [{granularity, from, to}]
  const edge = (a: number, b: number): readonly Part[] =>
    b > a ? [{granularity, from: a, to: b}] : []
  return [
    ...edge(from, inner.from),
    ...decompose(inner.from, inner.to, coarser),
    ...edge(inner.to, to),
  ]
}

/** Whole minutes that hold a period, seconds. */
export const wholeMinutes = (fromMs: number, toMs: number): {from: number; to: number} => ({
  from: Math.floor(fromMs / 60_000) * 60,
  to: Math.ceil(toMs / 60_000) * 60,
})

/**
 * The coarsest stored buckets from which local buckets can be made: days where local midnight is
 * that of UTC, hours where offsets are whole hours, else minutes.
 */
export function storedFor(
  granularity: Granularity,
  zone: string,
  starts: readonly number[],
): StoredGranularity {
  if (granularity === 'minute') return 'minute'
  const offsets = new Set(starts.map(start => offsetMs(zone, start)))
  if ([...offsets].some(offset => offset % 3_600_000 !== 0)) return 'minute'
  if (granularity === 'hour') return 'hour'
  return [...offsets].every(offset => offset === 0) ? 'day' : 'hour'
}
