/** Raw engagement events for readers: newest first, page by page. */
import type {Cassandra} from '../platform/cassandra.ts'
import {eventsOfSlice, slicesWithEvents, type TimeRange} from './event-scan.ts'
import type {StoredEvent} from './event-store.ts'

export interface EventCursor {
  /** `event_ts`, microseconds since 1970. */
  readonly ts: number
  readonly id: number
}

export interface EventPageOptions {
  readonly range: TimeRange
  readonly limit: number
  /** Only events older than this one. */
  readonly before?: EventCursor
  readonly accept?: (event: StoredEvent) => boolean
}

/** Newest first; at one time the higher id is the newer. */
export const byAge = (a: StoredEvent, b: StoredEvent): number =>
  b.event_ts - a.event_ts || b.event_id - a.event_id

/** At most `limit` events of a content. */
export async function readEvents(
  cassandra: Cassandra,
  contentId: string,
  options: EventPageOptions,
): Promise<readonly StoredEvent[]> {
  const {limit, before, accept} = options
  const from = options.range.from
  const to =
    before === undefined
      ? options.range.to
      : Math.min(options.range.to, Math.floor(before.ts / 1_000_000) + 1)
  const found: StoredEvent[] = []
  if (limit <= 0 || to <= from) return found
  const isInside = (event: StoredEvent): boolean => {
    const seconds = Math.floor(event.event_ts / 1_000_000)
    if (seconds < from || seconds >= to || accept?.(event) === false) return false
    if (before === undefined) return true
    return (
      event.event_ts < before.ts || (event.event_ts === before.ts && event.event_id < before.id)
    )
  }
  for await (const slice of slicesWithEvents(cassandra, contentId, {from, to})) {
    // A slice is read whole, but never more of it is kept than the page needs.
    let newest: StoredEvent[] = []
    for await (const page of eventsOfSlice(cassandra, contentId, slice)) {
      newest = [...newest, ...page.filter(isInside)].toSorted(byAge).slice(0, limit - found.length)
    }
    found.push(...newest)
    if (found.length >= limit) break
  }
  return found
}
