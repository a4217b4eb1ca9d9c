/** One event, as its hash in Redis or its row in Cassandra has it. */
import type {EventType} from '../../contracts/engagement.ts'
import type {StoredEvent} from '../../readmodel/event-store.ts'
import type {Database} from '../database.ts'
import type {EventView} from '../schemas/events.ts'
import {toIso} from '../times.ts'
import {placeEvent} from './event-place.ts'
import type {Answered} from './reads.ts'
import {liveOrStored, metaOf, type Stores} from './stores.ts'

function parsePayload(text: string | null): unknown {
  if (text === null) return null
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

export const toEventView = (event: StoredEvent): EventView => ({
  event_id: event.event_id,
  content_id: event.content_id,
  user_id: event.user_id,
  event_type: event.event_type,
  event_ts: toIso(event.event_ts),
  duration_ms: event.duration_ms,
  device: event.device,
  raw_payload: parsePayload(event.raw_payload),
  content_type: event.content_type,
  length_seconds: event.length_seconds,
  engagement_seconds: event.engagement_seconds,
  engagement_pct: event.engagement_pct,
})

const numberOrNull = (text: string | undefined): number | null =>
  text === undefined ? null : Number(text)

/** The hash of Redis as it is served. */
export const toHashView = (fields: Readonly<Record<string, string>>): EventView => ({
  event_id: Number(fields['event_id']),
  content_id: fields['content_id'] ?? null,
  user_id: fields['user_id'] ?? null,
  event_type: fields['event_type'] as EventType,
  event_ts: fields['event_ts']!,
  duration_ms: numberOrNull(fields['duration_ms']),
  device: fields['device'] ?? null,
  raw_payload: parsePayload(fields['raw_payload'] ?? null),
  content_type: fields['content_type'] ?? null,
  length_seconds: numberOrNull(fields['length_seconds']),
  engagement_seconds: numberOrNull(fields['engagement_seconds']),
  engagement_pct: numberOrNull(fields['engagement_pct']),
})

/** From its hash; when that has expired, by its place, which PostgreSQL knows, from Cassandra. */
export async function readEvent(
  {db, stores}: {readonly db: Database; readonly stores: Stores},
  id: number,
): Promise<Answered<EventView> | undefined> {
  const {value, source} = await liveOrStored('event', stores, {
    live: async live => {
      const fields = await live.engagement.event(id)
      return fields === null ? null : toHashView(fields)
    },
    stored: async stored => {
      const place = await placeEvent(db, id)
      const found = place === undefined ? null : await stored.events.find(place)
      return found === null ? undefined : toEventView(found)
    },
  })
  if (value === undefined) return undefined
  const ageMs = stores.ageMs(source, 'engagement')
  return {value, meta: {...metaOf(source, {ageMs}), newest_event_at: value.event_ts}}
}
