/**
 * Finds raw events of a content by time: hours and minutes that hold events say which slices are
 * worth reading, so that sixteen shards of an empty slice are never asked.
 */
import {toNumber, toUuidBytes, type Cassandra} from '../platform/cassandra.ts'
import {periodOf} from './content-place.ts'
import {bucketsOfSlice, SLICES} from './event-place.ts'
import {EVENT_CQL, toStoredEvent, type StoredEvent} from './event-store.ts'
import {DAY_SECONDS, HOUR_SECONDS, isoDayOfSeconds, startOf} from './time.ts'

/** Seconds since 1970: `from` inclusive, `to` exclusive. */
export interface TimeRange {
  readonly from: number
  readonly to: number
}

const SLICE_SECONDS = DAY_SECONDS / SLICES
/** Rows of one shard at once: all shards of a slice are read together. */
const SHARD_PAGE = 500

const STARTS = `SELECT start, events FROM content_metrics
  WHERE content_id = ? AND period = ? AND granularity = ? AND start >= ? AND start < ?`

/** First seconds of the months that the range touches. */
export function monthsOf({from, to}: TimeRange): readonly number[] {
  const months: number[] = []
  const date = new Date(from * 1000)
  let year = date.getUTCFullYear()
  let month = date.getUTCMonth()
  for (let start = Date.UTC(year, month) / 1000; start < to; start = Date.UTC(year, month) / 1000) {
    months.push(start)
    month += 1
    if (month === 12) {
      month = 0
      year += 1
    }
  }
  return months
}

async function startsWithEvents(
  cassandra: Cassandra,
  at: {
    readonly contentId: string
    readonly period: string
    readonly granularity: 'hour' | 'minute'
  },
  {from, to}: TimeRange,
): Promise<readonly number[]> {
  const key = [toUuidBytes(at.contentId), at.period, at.granularity, from * 1000, to * 1000]
  const rows = await cassandra.rows(STARTS, key)
  return rows.filter(row => toNumber(row['events']) > 0).map(row => toNumber(row['start']) / 1000)
}

/** Months that are asked for at once: most of a long range are empty. */
const MONTHS_AT_ONCE = 24

/** Starts of the ten-minute slices with events of the content, newest first. */
export async function* slicesWithEvents(
  cassandra: Cassandra,
  contentId: string,
  range: TimeRange,
): AsyncIterable<number> {
  const hourRange = {from: startOf('hour', range.from), to: range.to}
  const months = monthsOf(range).toReversed()
  for (let i = 0; i < months.length; i += MONTHS_AT_ONCE) {
    const hours = await Promise.all(
      months.slice(i, i + MONTHS_AT_ONCE).map(async start => {
        const period = periodOf({granularity: 'hour', start})
        const at = {contentId, period, granularity: 'hour'} as const
        return (await startsWithEvents(cassandra, at, hourRange)).toReversed()
      }),
    )
    for (const hour of hours.flat()) yield* await slicesOfHour(cassandra, {contentId, hour}, range)
  }
}

async function slicesOfHour(
  cassandra: Cassandra,
  {contentId, hour}: {readonly contentId: string; readonly hour: number},
  range: TimeRange,
): Promise<readonly number[]> {
  const minutes = await startsWithEvents(
    cassandra,
    {contentId, period: periodOf({granularity: 'minute', start: hour}), granularity: 'minute'},
    {
      from: Math.max(hour, startOf('minute', range.from)),
      to: Math.min(hour + HOUR_SECONDS, range.to),
    },
  )
  const slices = new Set(minutes.map(at => Math.floor(at / SLICE_SECONDS) * SLICE_SECONDS))
  return [...slices].toSorted((x, y) => y - x)
}

/** Raw events of one slice, every shard, in no order. */
export async function* eventsOfSlice(
  cassandra: Cassandra,
  contentId: string | null,
  sliceStart: number,
): AsyncIterable<readonly StoredEvent[]> {
  const day = isoDayOfSeconds(sliceStart)
  const slice = Math.floor((sliceStart - startOf('day', sliceStart)) / SLICE_SECONDS)
  const cql = contentId === null ? EVENT_CQL.withoutContent : EVENT_CQL.withContent
  const key = contentId === null ? [] : [toUuidBytes(contentId)]
  const shards = await Promise.all(
    bucketsOfSlice(slice).map(async bucket => {
      const params = [...key, day, bucket]
      return {params, page: await cassandra.page(cql.slice, params, {size: SHARD_PAGE})}
    }),
  )
  for (const {params, page: first} of shards) {
    for (let page = first; ;) {
      if (page.rows.length > 0) yield page.rows.map(row => toStoredEvent(contentId, row))
      if (page.next === null) break
      page = await cassandra.page(cql.slice, params, {size: SHARD_PAGE, from: page.next})
    }
  }
}

/** Every raw event of the content in the range, page by page, newest slice first. */
export async function* scanEvents(
  cassandra: Cassandra,
  contentId: string,
  range: TimeRange,
): AsyncIterable<readonly StoredEvent[]> {
  for await (const slice of slicesWithEvents(cassandra, contentId, range)) {
    for await (const page of eventsOfSlice(cassandra, contentId, slice)) {
      const inside = page.filter(({event_ts}) => {
        const seconds = Math.floor(event_ts / 1_000_000)
        return seconds >= range.from && seconds < range.to
      })
      if (inside.length > 0) yield inside
    }
  }
}
