import {toAvroSchema, type Column} from './columns.ts'
import type {StreamRecord} from './record.ts'
import type {Stream} from './stream.ts'

export const CONTENT_TYPES = ['podcast', 'newsletter', 'video'] as const
export type ContentType = (typeof CONTENT_TYPES)[number]

/** A row of `content`. `publish_ts` is microseconds since 1970. */
export interface ContentRow {
  readonly id: string
  readonly slug: string
  readonly title: string
  readonly content_type: ContentType | null
  readonly length_seconds: number | null
  readonly publish_ts: number
}
export type ContentRecord = StreamRecord<ContentRow>

const columns: readonly Column[] = [
  {field: 'id', column: 'id', kind: 'uuid', nullable: false},
  {field: 'slug', column: 'slug', kind: 'text', nullable: false},
  {field: 'title', column: 'title', kind: 'text', nullable: false},
  {field: 'content_type', column: 'content_type', kind: 'text', nullable: true},
  {field: 'length_seconds', column: 'length_seconds', kind: 'int', nullable: true},
  {field: 'publish_ts', column: 'publish_ts', kind: 'timestamp', nullable: false},
]

export const content: Stream = {
  name: 'content',
  topic: 'content',
  table: 'public.content',
  keyColumn: 'id',
  idColumn: 'id',
  columns,
  schema: toAvroSchema('content', columns),
}
