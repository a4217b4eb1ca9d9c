/** Raw activities: one row per event, which is also the register of what was last applied. */
import {
  toBigintBytes,
  toNumber,
  type Cassandra,
  type CqlParams,
  type CqlRow,
} from '../platform/cassandra.ts'
import {writeGrouped, type PlacedStatement} from './batches.ts'
import type {RawWrite, Register} from './event-store.ts'
import {offsetOfWritetime} from './event-store.ts'
import {parsePage, type ActivityDerived, type ActivityEvent} from './events.ts'
import {timestampBytes} from './fence.ts'
import {toIsoDay, US_PER_DAY} from './time.ts'

/** A raw activity as readers see it. */
export interface StoredActivity extends ActivityEvent {
  readonly outbox_id: number
  readonly created_at: number
  readonly processed_at: number
  readonly src_offset: number
}

const VALUES = 'occurred_us, activity_type, metadata, outbox_id, created_at, processed_at'
const PUT = `INSERT INTO user_activity (user_id, day, occurred_at, event_id, ${VALUES})
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?`
const REMOVE = `DELETE FROM user_activity USING TIMESTAMP ?
  WHERE user_id = ? AND day = ? AND occurred_at = ? AND event_id = ?`
const ONE = `SELECT event_id, ${VALUES}, writetime(outbox_id) AS written FROM user_activity
  WHERE user_id = ? AND day = ? AND occurred_at = ? AND event_id = ?`
export const ACTIVITIES_OF_DAY = `SELECT event_id, ${VALUES}, writetime(outbox_id) AS written
  FROM user_activity WHERE user_id = ? AND day = ?`

/** An activity without a time lies at the beginning of 1970. */
const timeOf = ({occurred_at}: ActivityEvent): number => occurred_at ?? 0

const keyOf = (event: ActivityEvent): CqlParams => {
  const at = timeOf(event)
  return [
    event.user_id,
    toIsoDay(Math.floor(at / US_PER_DAY)),
    Math.floor(at / 1000),
    toBigintBytes(BigInt(event.event_id)),
  ]
}

export function toStoredActivity(userId: string, row: CqlRow): StoredActivity {
  const activity_type = row['activity_type'] as string
  const metadata = (row['metadata'] as string | null) ?? null
  const us = row['occurred_us'] ?? null
  return {
    event_id: toNumber(row['event_id']),
    user_id: userId,
    activity_type,
    occurred_at: us === null ? null : toNumber(us),
    metadata,
    page: parsePage({activity_type, metadata}),
    outbox_id: toNumber(row['outbox_id']),
    created_at: toNumber(row['created_at']),
    processed_at: toNumber(row['processed_at']),
    src_offset: offsetOfWritetime(row['written']),
  }
}

function toPlaced(write: RawWrite<ActivityEvent, ActivityDerived>): PlacedStatement {
  const {event, fence} = write
  const key = keyOf(event)
  const partition = `${event.user_id}|${String(key[1])}`
  if (write.kind === 'delete') {
    return {partition, statement: {query: REMOVE, params: [timestampBytes(fence), ...key]}}
  }
  const none = write.fresh ? undefined : null
  const params = [
    ...key,
    event.occurred_at ?? none,
    event.activity_type,
    event.metadata ?? none,
    write.outboxId,
    write.createdAt,
    write.processedAt,
    timestampBytes(fence),
  ]
  return {partition, statement: {query: PUT, params}}
}

export interface ActivityStore {
  locationOf(event: ActivityEvent): string
  read(
    events: readonly ActivityEvent[],
  ): Promise<readonly (Register<ActivityEvent, ActivityDerived> | null)[]>
  write(writes: readonly RawWrite<ActivityEvent, ActivityDerived>[]): Promise<void>
  find(event: ActivityEvent): Promise<StoredActivity | null>
}

export function createActivityStore(cassandra: Cassandra): ActivityStore {
  const find: ActivityStore['find'] = async event => {
    const [row] = await cassandra.rows(ONE, keyOf(event))
    return row === undefined ? null : toStoredActivity(event.user_id, row)
  }
  return {
    locationOf: event => `${event.user_id}|${Math.floor(timeOf(event) / 1000)}|${event.event_id}`,
    find,
    read: async events =>
      await Promise.all(events.map(async event => toRegister(await find(event)))),
    write: async writes => await writeGrouped(cassandra, writes.map(toPlaced)),
  }
}

function toRegister(
  stored: StoredActivity | null,
): Register<ActivityEvent, ActivityDerived> | null {
  if (stored === null) return null
  const {event_id, user_id, activity_type, occurred_at, metadata, page} = stored
  return {
    event: {event_id, user_id, activity_type, occurred_at, metadata, page},
    derived: null,
    outboxId: stored.outbox_id,
    createdAt: stored.created_at,
  }
}
