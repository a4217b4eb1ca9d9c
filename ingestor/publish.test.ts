import {expect, test} from 'vitest'
import {partitionFor} from '../contracts/partition.ts'
import {createEncoder} from '../platform/avro-codec.ts'
import {PipelineError} from '../platform/errors.ts'
import {engagement} from '../streams/engagement.ts'
import type {OutboxRow} from './outbox-reader.ts'
import {createPartitioner, toBatch} from './publish.ts'
import {createRowWriter} from './row-writer.ts'

const route = {
  stream: engagement,
  writer: createRowWriter(engagement, 1),
  encoder: createEncoder(engagement.schema, 1, 1_000),
  recordBytesMax: 1_000,
  partitions: 6,
}
const stamp = {lanes: 1, lane: 0, epoch: 1, redelivered: false}
const options = {
  topicPrefix: 'p-',
  cloudEvents: false,
  debeziumId: false,
  partitionOf: createPartitioner(),
}
const none = {routes: new Map([['engagement_events', route]]), refuse: () => undefined}

const row = (id: number, changes: Partial<OutboxRow> = {}, device = 'ios'): OutboxRow => ({
  id,
  topic: 'engagement_events',
  aggregateId: String(id),
  key: null,
  op: 'c',
  payload: `{"id":${id},"content_id":null,"user_id":null,"event_type":"play","event_ts":"2026-01-01T00:00:00+00:00","duration_ms":null,"device":"${device}","raw_payload":null}`,
  headers: null,
  createdAt: 1_767_225_600_123_456,
  ...changes,
})

test('INV-8: bad rows are told apart, and the others keep their order', () => {
  const rows = [
    row(1),
    row(2, {payload: '{}'}),
    row(3, {topic: 'nowhere'}),
    row(4, {}, 'x'.repeat(2_000)),
    row(5),
  ]
  const batch = toBatch(rows, none, stamp, options)
  expect(batch.topics.map(({topic, records}) => [topic, records.length])).toEqual([
    ['p-engagement_events', 2],
  ])
  expect(batch.records).toBe(2)
  expect(batch.rejected.map(({row: bad, reason}) => [bad.id, reason])).toEqual([
    [2, 'ENCODE_FAILED'],
    [3, 'TOPIC_UNKNOWN'],
    [4, 'RECORD_TOO_LARGE'],
  ])
})

test('a row that the broker refused alone is not sent again', () => {
  const refused = new PipelineError('RECORD_TOO_LARGE', 'no', {disposition: 'dead-letter'})
  const refuse = ({id}: OutboxRow): PipelineError | undefined => (id === 1 ? refused : undefined)
  const batch = toBatch([row(1), row(2)], {...none, refuse}, stamp, options)
  expect(batch.records).toBe(1)
  expect(batch.rejected[0]).toMatchObject({reason: 'RECORD_TOO_LARGE', message: 'no'})
})

test('headers come on demand: CloudEvents, an identity, and what the writer asked for', () => {
  const headers = '{"traceparent":"00-a-b-01","annotations":{"by":"me"}}'
  const plain = toBatch([row(1), row(1, {headers})], none, stamp, options)
  const [without, own] = plain.topics[0]!.records
  expect(without!.headers).toBeUndefined()
  expect(own!.headers).toEqual({traceparent: '00-a-b-01', annotations: '{"by":"me"}'})
  const full = toBatch([row(1)], none, stamp, {...options, cloudEvents: true, debeziumId: true})
  expect(full.topics[0]!.records[0]!.headers).toEqual({
    ce_specversion: '1.0',
    ce_id: '1-1767225600123456',
    ce_source: '/postgresql/public.engagement_events',
    ce_type: 'engagement.c',
    ce_subject: '1',
    ce_time: '2026-01-01T00:00:00.123456Z',
    'content-type': 'application/avro',
    id: '1-1767225600123456',
  })
})

test('the partition of a key is that of every Kafka client', () => {
  const partitionOf = createPartitioner()
  for (const key of ['a', 'b', 'a', null]) {
    expect(partitionOf(key, '7', 6)).toBe(partitionFor(key, '7', 6))
  }
})
