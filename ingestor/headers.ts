/** Headers on demand. Without a setting and without headers in the row, records carry none. */
import {TRACEPARENT} from '../contracts/headers.ts'
import type {Stream} from '../contracts/stream.ts'
import type {OutboxRow} from './outbox-reader.ts'

export interface HeaderOptions {
  /** CloudEvents 1.0, binary mode: `ce_*` beside the value. */
  readonly cloudEvents: boolean
  /** Debezium's outbox convention: `id` identifies the record. */
  readonly debeziumId: boolean
}

/** The identity of a record: the position alone can come twice after a crash of PostgreSQL. */
export const identityOf = (row: OutboxRow): string => `${row.id}-${row.createdAt}`

const toTime = (micros: number): string =>
  `${new Date(Math.floor(micros / 1_000)).toISOString().slice(0, 23)}${String(micros % 1_000).padStart(3, '0')}Z`

function addCloudEvent(headers: Record<string, string>, stream: Stream, row: OutboxRow): void {
  headers['ce_specversion'] = '1.0'
  headers['ce_id'] = identityOf(row)
  headers['ce_source'] = `/postgresql/${stream.table}`
  headers['ce_type'] = `${stream.name}.${row.op}`
  headers['ce_subject'] = row.aggregateId
  headers['ce_time'] = toTime(row.createdAt)
  headers['content-type'] = 'application/avro'
}

/** What the writer's transaction asked for: its trace and its notes. */
function addOwn(headers: Record<string, string>, text: string): void {
  const own = JSON.parse(text) as Record<string, unknown>
  for (const [name, value] of Object.entries(own)) {
    if (value === null) continue
    const raw = typeof value === 'string' ? value : JSON.stringify(value)
    headers[name === 'traceparent' ? TRACEPARENT : name] = raw
  }
}

export function toHeaders(
  stream: Stream,
  row: OutboxRow,
  options: HeaderOptions,
): Record<string, string> | undefined {
  if (row.headers === null && !options.cloudEvents && !options.debeziumId) return undefined
  const headers: Record<string, string> = {}
  if (options.cloudEvents) addCloudEvent(headers, stream, row)
  if (options.debeziumId) headers['id'] = identityOf(row)
  if (row.headers !== null) addOwn(headers, row.headers)
  return headers
}
