import {toAvroSchema, type Column} from './columns.ts'
import type {StreamRecord} from './record.ts'
import type {Stream} from './stream.ts'

export const EVENT_TYPES = ['play', 'pause', 'finish', 'click'] as const
export type EventType = (typeof EVENT_TYPES)[number]

/** A row of `engagement_events`. Times are microseconds since 1970, durations milliseconds. */
export interface EngagementRow {
  readonly event_id: number
  readonly content_id: string | null
  readonly user_id: string | null
  readonly event_type: EventType
  readonly event_ts: number
  readonly duration_ms: number | null
  readonly device: string | null
  /** JSON text as PostgreSQL prints it. */
  readonly raw_payload: string | null
}
export type EngagementRecord = StreamRecord<EngagementRow>

const columns: readonly Column[] = [
  {field: 'event_id', column: 'id', kind: 'long', nullable: false},
  {field: 'content_id', column: 'content_id', kind: 'uuid', nullable: true},
  {field: 'user_id', column: 'user_id', kind: 'uuid', nullable: true},
  {field: 'event_type', column: 'event_type', kind: 'text', nullable: false},
  {field: 'event_ts', column: 'event_ts', kind: 'timestamp', nullable: false},
  {field: 'duration_ms', column: 'duration_ms', kind: 'int', nullable: true},
  {field: 'device', column: 'device', kind: 'text', nullable: true},
  {field: 'raw_payload', column: 'raw_payload', kind: 'json', nullable: true},
]

export const engagement: Stream = {
  name: 'engagement',
  topic: 'engagement_events',
  table: 'public.engagement_events',
  keyColumn: 'content_id',
  idColumn: 'id',
  columns,
  schema: toAvroSchema('engagement_event', columns),
}
