/** Records of engagement for tests of the sink, as they lie in Kafka. */
import type {StreamRecord} from '../contracts/record.ts'
import {createDecoder, createEncoder} from '../platform/avro-codec.ts'
import type {ConsumedRecord} from '../platform/kafka.ts'
import {createMetrics} from '../platform/metrics.ts'
import type {Fields} from '../readmodel/fields.ts'
import {engagement} from '../streams/sample/engagement.ts'
import {eventIdOf, type SinkEvent} from '../worker/sink/event.ts'
import {createSinkMetrics} from '../worker/sink/metrics.ts'

export const TOPIC = 'engagement_events'
/** Microseconds since 1970, of 2026-01-01. */
export const AT_US = 1_767_225_600_000_000
export const CONTENT_ID = '11111111-1111-1111-1111-111111111111'

const encoder = createEncoder(engagement.schema, 1, 1_000_000)

export const decoder = () =>
  createDecoder<unknown>(engagement.schema, async () => engagement.schema)

export const sinkMetrics = () => createSinkMetrics(createMetrics())

export const toRecord = (outboxId: number, changes: Fields = {}): StreamRecord<Fields> => ({
  event_id: outboxId,
  content_id: CONTENT_ID,
  user_id: null,
  event_type: 'play',
  event_ts: AT_US,
  duration_ms: 30_000,
  device: 'ios',
  raw_payload: null,
  op: 'c',
  outbox_id: outboxId,
  created_at: AT_US + outboxId,
  lanes: 1,
  lane: 0,
  epoch: 1,
  redelivered: false,
  before: null,
  ...changes,
})

export const toSource = (
  offset: number,
  value: Buffer | null,
  headers: ConsumedRecord['headers'] = {},
): ConsumedRecord => ({
  topic: TOPIC,
  partition: 0,
  offset,
  timestampMs: AT_US / 1000,
  key: Buffer.from(CONTENT_ID),
  value,
  headers,
})

/** A record at an offset; its outbox row has the same number. */
export const toConsumed = (
  offset: number,
  changes: Fields = {},
  headers: ConsumedRecord['headers'] = {},
): ConsumedRecord => toSource(offset, encoder.encode(toRecord(offset, changes)), headers)

export function toEvent(offset: number, changes: Fields = {}): SinkEvent {
  const record = toRecord(offset, changes)
  const source = toConsumed(offset, changes)
  return {id: eventIdOf(engagement, record), source, record, shown: {}}
}
