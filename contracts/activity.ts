import {toAvroSchema, type Column} from './columns.ts'
import type {StreamRecord} from './record.ts'
import type {Stream} from './stream.ts'

/** `activity_type` of a page view; the page is `metadata.page`. */
export const PAGE_VIEW = 'page_view'

/** A row of `activity_events`. Times are microseconds since 1970. */
export interface ActivityRow {
  readonly event_id: number
  readonly user_id: string
  readonly activity_type: string
  readonly occurred_at: number | null
  /** JSON text as PostgreSQL prints it. */
  readonly metadata: string | null
}
export type ActivityRecord = StreamRecord<ActivityRow>

const columns: readonly Column[] = [
  {field: 'event_id', column: 'id', kind: 'long', nullable: false},
  {field: 'user_id', column: 'user_id', kind: 'text', nullable: false},
  {field: 'activity_type', column: 'activity_type', kind: 'text', nullable: false},
  {field: 'occurred_at', column: 'occurred_at', kind: 'timestamp', nullable: true},
  {field: 'metadata', column: 'metadata', kind: 'json', nullable: true},
]

export const activity: Stream = {
  name: 'activity',
  topic: 'user_activity',
  table: 'public.activity_events',
  keyColumn: 'user_id',
  idColumn: 'id',
  columns,
  schema: toAvroSchema('user_activity', columns),
}
