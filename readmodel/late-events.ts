/**
 * Raw events that were written before their content was known, and what they lack.
 *
 * Guarantees    a patch sets derived columns only, at the offset of the row it was read from: any
 *               later write of that row, also a delete, wins.
 */
import {toUuidBytes, type Cassandra} from '../platform/cassandra.ts'
import {writeGrouped} from './batches.ts'
import {placeOf} from './event-place.ts'
import {scanEvents, type TimeRange} from './event-scan.ts'
import type {EngagementDerived, EngagementEvent} from './events.ts'
import {timestampBytes} from './fence.ts'

/** A raw row with what identifies its last write. */
export interface StoredRow<Event> {
  readonly event: Event
  readonly outboxId: number
  /** Microseconds since 1970. */
  readonly createdAt: number
  /** Milliseconds since 1970. */
  readonly processedAt: number
  readonly offset: number
}

export interface LateEvents {
  /** Events of a content that have neither type nor length, in pages. */
  scan(contentId: string, range: TimeRange): AsyncIterable<readonly StoredRow<EngagementEvent>[]>
  patch(
    rows: readonly (StoredRow<EngagementEvent> & {readonly derived: EngagementDerived})[],
    generation: number,
  ): Promise<void>
}

const PATCH = `UPDATE engagement_metrics USING TIMESTAMP ?
  SET content_type = ?, length_seconds = ?, engagement_pct = ?
  WHERE content_id = ? AND day = ? AND bucket = ? AND event_ts = ? AND event_id = ?`

export function createLateEvents(cassandra: Cassandra): LateEvents {
  return {
    async *scan(contentId, range) {
      for await (const page of scanEvents(cassandra, contentId, range)) {
        const found = page.filter(row => row.content_type === null && row.length_seconds === null)
        if (found.length === 0) continue
        yield found.map(({outbox_id, created_at, processed_at, src_offset, ...event}) => ({
          event,
          outboxId: outbox_id,
          createdAt: created_at,
          processedAt: processed_at,
          offset: src_offset,
        }))
      }
    },
    async patch(rows, generation) {
      const statements = rows.map(({event, derived, offset}) => {
        const {day, bucket} = placeOf(event.event_ts, event.event_id)
        return {
          partition: `${event.content_id}|${day}|${bucket}`,
          statement: {
            query: PATCH,
            params: [
              timestampBytes({offset, generation}),
              // Nulls clear what a patch of an earlier owner may have set meanwhile, by other metadata.
              derived.content_type,
              derived.length_seconds,
              event.duration_ms === null ? undefined : derived.engagement_pct,
              toUuidBytes(event.content_id!),
              day,
              bucket,
              Math.floor(event.event_ts / 1000),
              event.event_id,
            ],
          },
        }
      })
      await writeGrouped(cassandra, statements)
    },
  }
}
