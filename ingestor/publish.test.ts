import {expect, test} from 'vitest'
import {partitionFor} from '../contracts/partition.ts'
import {compileSchema, createEncoder} from '../platform/avro-codec.ts'
import {PipelineError} from '../platform/errors.ts'
import {FRAME_HEADER_BYTES} from '../platform/frame.ts'
import {engagement} from '../streams/sample/engagement.ts'
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

test('what was published once can be corrected and deleted, however large it is', () => {
  const roomy = {
    ...route,
    encoder: createEncoder(engagement.schema, 1, 500_000),
    recordBytesMax: 500_000,
  }
  const image = row(7).payload.replace(
    '"raw_payload":null',
    `"raw_payload":"${'x'.repeat(490_000)}"`,
  )
  const rows = [
    row(1, {payload: image}),
    row(2, {op: 'u', payload: `{"before":${image},"after":${image}}`}),
    row(3, {op: 'd', payload: `{"before":${image}}`}),
    row(4, {payload: image.replace('xxx', 'x'.repeat(20_000))}),
  ]
  const of = {routes: new Map([['engagement_events', roomy]]), refuse: () => undefined}
  const batch = toBatch(rows, of, stamp, options)
  expect(batch.rejected.map(({row: bad, reason}) => [bad.id, reason])).toEqual([
    [4, 'RECORD_TOO_LARGE'],
  ])
  const type = compileSchema(engagement.schema)
  const [, update, gone] = batch.topics[0]!.records.map(
    ({value}) => type.fromBuffer(value!.subarray(FRAME_HEADER_BYTES)) as Record<string, unknown>,
  )
  expect(update).toMatchObject({event_id: 7, op: 'u', before: {event_id: 7, raw_payload: null}})
  expect(String(update!['raw_payload'])).toHaveLength(490_002)
  expect(gone).toMatchObject({
    event_id: 7,
    op: 'd',
    raw_payload: null,
    before: {event_id: 7, raw_payload: null},
  })
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
