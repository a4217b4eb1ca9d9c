/** What the engagement stream keeps in Redis, and how it looks there. */
import {engagement, EVENT_TYPES} from '../contracts/engagement.ts'
import type {Redis, RedisArg} from '../platform/redis.ts'
import {parseTimeKey, PROJECTIONS} from './aggregate-keys.ts'
import {ByteWriter} from './bytes.ts'
import {encodeNumbers, typeIndexOf, type ContentState} from './content-state.ts'
import type {EngagementDerived, EngagementEvent} from './events.ts'
import {encodeLiveEntry, type LeaderboardState} from './leaderboard-state.ts'
import {
  createLiveStore,
  type EncodedLive,
  type LiveCodec,
  type LiveEvent,
  type LiveStore,
} from './live-store.ts'
import {EVENT_TTL_S, LIVE_MINUTES_S, LIVE_STEPS_S} from './live-windows.ts'
import {eventKey, leaderboardKey, platformMinuteKey, totalsKey, viewersKey} from './redis-keys.ts'
import {toIsoMicros} from './time.ts'
import {encodeLiveViewers, type ViewersState} from './viewers-state.ts'

export type EngagementLive = LiveStore<EngagementEvent, EngagementDerived>

const NOTHING: EncodedLive = {values: []}

/** Readable figures, then the whole state as bytes, then what it includes. */
function figureFields(state: ContentState, detail: Buffer, offset: number): RedisArg[] {
  const fields: RedisArg[] = []
  let events = 0
  for (const type of EVENT_TYPES) {
    const count = state.eventsOfType(typeIndexOf(type))
    events += count
    fields.push(PLURALS[type], String(count))
  }
  fields.push('events', String(events), 'duration_ms', String(state.totalDurationMs()))
  fields.push('detail', detail, 'src_offset', String(offset))
  return fields
}

const PLURALS = {play: 'plays', pause: 'pauses', finish: 'finishes', click: 'clicks'} as const

/**
 * Fields of an event's hash. Names are those of the columns in Cassandra, the time with its
 * microseconds.
 */
const EVENT_FIELDS = [
  'event_id',
  'content_id',
  'user_id',
  'event_type',
  'event_ts',
  'duration_ms',
  'device',
  'raw_payload',
  'content_type',
  'length_seconds',
  'engagement_seconds',
  'engagement_pct',
  'outbox_id',
  'created_at',
  'processed_at',
  'src_offset',
  'generation',
] as const

type FieldValue = string | number | null | undefined

const toFieldText = (value: FieldValue): string | null =>
  value === null || value === undefined ? null : String(value)

/** Values in the order of `EVENT_FIELDS`; what is null is absent from the hash. */
export function eventValues(
  live: LiveEvent<EngagementEvent, EngagementDerived>,
): ReadonlyArray<string | null> {
  const {event, derived} = live
  return [
    String(event.event_id),
    event.content_id,
    event.user_id,
    event.event_type,
    toIsoMicros(event.event_ts),
    toFieldText(event.duration_ms),
    event.device,
    event.raw_payload,
    toFieldText(derived?.content_type),
    toFieldText(derived?.length_seconds),
    toFieldText(derived?.engagement_seconds),
    toFieldText(derived?.engagement_pct),
    String(live.outboxId),
    String(live.createdAt),
    toFieldText(live.processedAt),
    String(live.offset),
    String(live.generation),
  ]
}

export interface EngagementLiveOptions {
  readonly eventTtlS?: number
  readonly eventsPerCall?: number
}

export function createEngagementLive(
  redis: Redis,
  now: () => number,
  options: EngagementLiveOptions = {},
): EngagementLive {
  const writer = new ByteWriter()
  const isKept = (startS: number, keptS: number): boolean => startS > now() / 1000 - keptS

  const totals: LiveCodec = (row, partition) => {
    const state = row.state as ContentState
    const fields = figureFields(state, encodeNumbers(state, writer), row.offset)
    fields.push('unique_viewers', String(state.viewers.estimate()))
    fields.push('stale', state.stale ? '1' : '0')
    return {values: [{key: totalsKey(partition, row.key), ttlS: 0, fields}]}
  }

  const platform: LiveCodec = (row, partition) => {
    const {granularity, start} = parseTimeKey(row.key)
    if (granularity !== 'minute' || !isKept(start, LIVE_MINUTES_S)) return NOTHING
    const state = row.state as ContentState
    const fields = figureFields(state, encodeNumbers(state, writer), row.offset)
    return {values: [{key: platformMinuteKey(partition, start), ttlS: LIVE_MINUTES_S, fields}]}
  }

  const leaderboard: LiveCodec = (row, partition, whole) => {
    const step = Number(row.key)
    const state = row.state as LeaderboardState
    const changed = state.changed
    state.changed = new Set()
    if (!isKept(step, LIVE_STEPS_S)) return NOTHING
    const fields: RedisArg[] = ['src_offset', String(row.offset)]
    for (const contentId of whole ? state.contents.keys() : changed) {
      const entry = state.contents.get(contentId)
      if (entry !== undefined) fields.push(contentId, encodeLiveEntry(entry, writer))
    }
    return {values: [{key: leaderboardKey(partition, step), ttlS: LIVE_STEPS_S, fields}]}
  }

  const viewers: LiveCodec = (row, partition) => {
    const step = Number(row.key)
    if (!isKept(step, LIVE_STEPS_S)) return NOTHING
    const value = encodeLiveViewers(row.state as ViewersState, writer)
    return {values: [{key: viewersKey(partition, step), ttlS: LIVE_STEPS_S, value}]}
  }

  return createLiveStore<EngagementEvent, EngagementDerived>(
    redis,
    {
      rows: {
        [PROJECTIONS.contentTotals]: totals,
        [PROJECTIONS.platformTime]: platform,
        [PROJECTIONS.leaderboard]: leaderboard,
        [PROJECTIONS.viewers]: viewers,
      },
      event: {
        fields: EVENT_FIELDS,
        keyOf: live => eventKey(live.event.event_id),
        valuesOf: eventValues,
      },
    },
    {
      stream: engagement.name,
      eventTtlS: options.eventTtlS ?? EVENT_TTL_S,
      eventsPerCall: options.eventsPerCall ?? 100,
    },
  )
}
