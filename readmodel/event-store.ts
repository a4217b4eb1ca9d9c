/**
 * Raw engagement events: one row per event, which is also the register of what was last applied.
 *
 * Guarantees    a write is fenced by its record's offset, whole rows win or lose (`put` that is not
 *               fresh writes every cell, null where there is no value).
 * Does not      leave tombstones for new events: cells without value stay unset.
 */
import {
  toBigintBytes,
  toDateBytes,
  toLongBytes,
  toNumber,
  toText,
  toUuidBytes,
  type Cassandra,
  type CqlParams,
  type CqlRow,
  type CqlStatement,
} from '../platform/cassandra.ts'
import {writeGrouped} from './batches.ts'
import {placeOf, type EventPlace} from './event-place.ts'
import {parsePosition, type EngagementDerived, type EngagementEvent} from './events.ts'
import {timestampBytes, type Fence} from './fence.ts'

export interface Register<Event, Derived = unknown> {
  readonly event: Event
  readonly derived: Derived | null
  readonly outboxId: number
  readonly createdAt: number
}

export interface RawWrite<Event, Derived> {
  readonly kind: 'put' | 'delete'
  readonly event: Event
  readonly derived: Derived | null
  readonly outboxId: number
  readonly createdAt: number
  readonly fresh: boolean
  readonly mayRepeat?: boolean
  readonly fence: Fence
  readonly processedAt: number
}

/** A raw row as readers see it. */
export interface StoredEvent extends EngagementEvent, EngagementDerived {
  readonly outbox_id: number
  /** Microseconds since 1970. */
  readonly created_at: number
  /** Milliseconds since 1970. */
  readonly processed_at: number
  readonly src_offset: number
}

const VALUES = `event_us, user_id, event_type, duration_ms, device, raw_payload, content_type,
  length_seconds, engagement_seconds, engagement_pct, outbox_id, created_at, processed_at`
const QUESTIONS = '?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?'

const TABLES = {
  withContent: {
    table: 'engagement_metrics',
    partition: 'content_id, day, bucket',
    where: 'content_id = ? AND day = ? AND bucket = ?',
    questions: '?, ?, ?',
  },
  withoutContent: {
    table: 'engagement_metrics_without_content',
    partition: 'day, bucket',
    where: 'day = ? AND bucket = ?',
    questions: '?, ?',
  },
} as const

const statementsOf = ({
  table,
  partition,
  where,
  questions,
}: (typeof TABLES)[keyof typeof TABLES]) => ({
  put: `INSERT INTO ${table} (${partition}, event_ts, event_id, ${VALUES})
    VALUES (${questions}, ?, ?, ${QUESTIONS}) USING TIMESTAMP ?`,
  remove: `DELETE FROM ${table} USING TIMESTAMP ? WHERE ${where} AND event_ts = ? AND event_id = ?`,
  one: `SELECT ${VALUES}, event_id, writetime(outbox_id) AS written FROM ${table}
    WHERE ${where} AND event_ts = ? AND event_id = ?`,
  slice: `SELECT ${VALUES}, event_id, writetime(outbox_id) AS written FROM ${table} WHERE ${where}`,
})

export const EVENT_CQL = {
  withContent: statementsOf(TABLES.withContent),
  withoutContent: statementsOf(TABLES.withoutContent),
}

/** The full primary key as text: equal texts are one row. */
export const locationOfEvent = (event: EngagementEvent): string =>
  `${event.content_id ?? ''}|${Math.floor(event.event_ts / 1000)}|${event.event_id}`

function partitionParams(contentId: string | null, {dayNumber, bucket}: EventPlace): CqlParams {
  const day = toDateBytes(dayNumber)
  return contentId === null ? [day, bucket] : [toUuidBytes(contentId), day, bucket]
}

const clusteringParams = (event: EngagementEvent): CqlParams => [
  toLongBytes(Math.floor(event.event_ts / 1000)),
  toLongBytes(event.event_id),
]

export function toStoredEvent(contentId: string | null, row: CqlRow): StoredEvent {
  const rawPayload = (row['raw_payload'] as string | null) ?? null
  return {
    event_id: toNumber(row['event_id']),
    content_id: contentId,
    user_id: row['user_id'] === null ? null : toText(row['user_id']),
    event_type: row['event_type'] as StoredEvent['event_type'],
    event_ts: toNumber(row['event_us']),
    duration_ms: (row['duration_ms'] as number | null) ?? null,
    device: (row['device'] as string | null) ?? null,
    raw_payload: rawPayload,
    position_ms: parsePosition(rawPayload),
    content_type: (row['content_type'] as string | null) ?? null,
    length_seconds: (row['length_seconds'] as number | null) ?? null,
    engagement_seconds: (row['engagement_seconds'] as number | null) ?? null,
    engagement_pct: (row['engagement_pct'] as number | null) ?? null,
    outbox_id: toNumber(row['outbox_id']),
    created_at: toNumber(row['created_at']),
    processed_at: toNumber(row['processed_at']),
    src_offset: offsetOfWritetime(row['written']),
  }
}

/** The offset in a write timestamp. */
export const offsetOfWritetime = (written: unknown): number =>
  Number(BigInt(String(written)) >> 20n)

function toStatement(write: RawWrite<EngagementEvent, EngagementDerived>): {
  readonly partition: string
  readonly statement: CqlStatement
} {
  const {event, derived, fence, fresh} = write
  const cql = event.content_id === null ? EVENT_CQL.withoutContent : EVENT_CQL.withContent
  const place = placeOf(event.event_ts, event.event_id)
  const partition = `${event.content_id ?? ''}|${place.day}|${place.bucket}`
  const key = [...partitionParams(event.content_id, place), ...clusteringParams(event)]
  if (write.kind === 'delete') {
    return {partition, statement: {query: cql.remove, params: [timestampBytes(fence), ...key]}}
  }
  const none = fresh ? undefined : null
  // Metadata may have gone since an earlier owner wrote this row; what the event lacks it always did.
  const unknown = fresh && write.mayRepeat !== true ? undefined : null
  const noPct = event.duration_ms === null ? none : unknown
  const params = [
    ...key,
    toLongBytes(event.event_ts),
    event.user_id === null ? none : toUuidBytes(event.user_id),
    event.event_type,
    event.duration_ms ?? none,
    event.device ?? none,
    event.raw_payload ?? none,
    derived?.content_type ?? unknown,
    derived?.length_seconds ?? unknown,
    derived?.engagement_seconds ?? none,
    derived?.engagement_pct ?? noPct,
    toLongBytes(write.outboxId),
    toLongBytes(write.createdAt),
    toLongBytes(write.processedAt),
    timestampBytes(fence),
  ]
  return {partition, statement: {query: cql.put, params}}
}

export interface EventStore {
  locationOf(event: EngagementEvent): string
  read(
    events: readonly EngagementEvent[],
  ): Promise<readonly (Register<EngagementEvent, EngagementDerived> | null)[]>
  write(writes: readonly RawWrite<EngagementEvent, EngagementDerived>[]): Promise<void>
  /** The row at an event's place, for readers. */
  find(
    at: Pick<EngagementEvent, 'content_id' | 'event_ts' | 'event_id'>,
  ): Promise<StoredEvent | null>
}

export function createEventStore(cassandra: Cassandra): EventStore {
  const find: EventStore['find'] = async at => {
    const cql = at.content_id === null ? EVENT_CQL.withoutContent : EVENT_CQL.withContent
    const [row] = await cassandra.rows(cql.one, [
      ...partitionParams(at.content_id, placeOf(at.event_ts, at.event_id)),
      Math.floor(at.event_ts / 1000),
      toBigintBytes(BigInt(at.event_id)),
    ])
    return row === undefined ? null : toStoredEvent(at.content_id, row)
  }
  return {
    locationOf: locationOfEvent,
    find,
    read: async events =>
      await Promise.all(events.map(async event => toRegister(await find(event)))),
    write: async writes => await writeGrouped(cassandra, writes.map(toStatement)),
  }
}

function toRegister(
  stored: StoredEvent | null,
): Register<EngagementEvent, EngagementDerived> | null {
  if (stored === null) return null
  const {event_id, content_id, user_id, event_type, event_ts, duration_ms, device} = stored
  const {raw_payload, position_ms} = stored
  const {content_type, length_seconds, engagement_seconds, engagement_pct} = stored
  return {
    event: {
      event_id,
      content_id,
      user_id,
      event_type,
      event_ts,
      duration_ms,
      device,
      raw_payload,
      position_ms,
    },
    derived: {content_type, length_seconds, engagement_seconds, engagement_pct},
    outboxId: stored.outbox_id,
    createdAt: stored.created_at,
  }
}
