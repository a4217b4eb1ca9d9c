/** Where aggregate rows of contents lie. Pure. */
import type {TimeBucket} from './aggregate-keys.ts'
import {HOUR_SECONDS, isoDayOfSeconds, startOf} from './time.ts'

/** Cassandra partitions that share the contents of one source partition. */
export const TOTALS_BUCKETS = 64
/** Cassandra partitions that share the contents of one day. */
export const DAY_BUCKETS = 16
const MINUTES_PERIOD_HOURS = 3

/** The end of a UUID is random in every version that is in use; the beginning can be a time. */
const tailOf = (contentId: string): number => Number.parseInt(contentId.slice(-2), 16)

export const totalsBucketOf = (contentId: string): number => tailOf(contentId) % TOTALS_BUCKETS
export const dayBucketOf = (contentId: string): number => tailOf(contentId) % DAY_BUCKETS

/** Minutes lie together by three hours (`2026-11-21T06`), hours and days by month (`2026-11`). */
export function periodOf({granularity, start}: TimeBucket): string {
  const day = isoDayOfSeconds(start)
  if (granularity !== 'minute') return day.slice(0, -3)
  // Before 1970 as after it: hours of the day are counted from its beginning.
  const hour = Math.floor((start - startOf('day', start)) / HOUR_SECONDS)
  const first = hour - (hour % MINUTES_PERIOD_HOURS)
  return `${day}T${String(first).padStart(2, '0')}`
}

/** Period of the spilled viewers of a content in total. */
export const TOTAL_PERIOD = 'total'
