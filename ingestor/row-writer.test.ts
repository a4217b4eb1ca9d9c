import avsc from 'avsc'
import fc from 'fast-check'
import {expect, test} from 'vitest'
import {activity} from '../contracts/activity.ts'
import {engagement} from '../contracts/engagement.ts'
import type {Stream} from '../contracts/stream.ts'
import {createEncoder} from '../platform/avro-codec.ts'
import {toRecord} from './encode.ts'
import type {OutboxRow} from './outbox-reader.ts'
import {createRowWriter} from './row-writer.ts'

const micros = fc.integer({min: 0, max: 2 ** 53 - 2})
const stamp = fc.record({
  lanes: fc.constantFrom(1, 2, 1024),
  lane: fc.nat(1023),
  epoch: micros,
  redelivered: fc.boolean(),
})
const moment = fc
  .date({min: new Date('1969-01-01'), max: new Date('2250-01-01'), noInvalidDate: true})
  .map(date => date.toISOString().replace('Z', '+00:00'))
const text = fc.oneof(fc.string(), fc.string({unit: 'grapheme'}), fc.constant('ios'))

/** As row_to_json prints it, apart from JSON columns, which keep their own form. */
const print = (row: Readonly<Record<string, unknown>>): string => JSON.stringify(row)

const engagementRow = fc
  .record({
    id: fc.oneof(fc.nat(), micros),
    content_id: fc.option(fc.uuid()),
    user_id: fc.option(fc.uuid()),
    event_type: fc.constantFrom('play', 'finish'),
    event_ts: moment,
    duration_ms: fc.option(fc.integer()),
    device: fc.option(text),
    raw_payload: fc.option(fc.json().map(json => JSON.parse(json) as unknown)),
  })
  .map(print)
const activityRow = fc
  .record({
    id: fc.nat(),
    user_id: text,
    activity_type: text,
    occurred_at: fc.option(moment),
    metadata: fc.jsonValue(),
    added_later: fc.nat(),
  })
  .map(print)

const toRow = (payload: string, id: number, createdAt: number): OutboxRow => ({
  id,
  createdAt,
  payload,
  topic: 't',
  aggregateId: '1',
  key: null,
  op: 'c',
  headers: null,
})

/** How many of the rows the writer took; each as the library writes it. */
function compare(stream: Stream, payloads: fc.Arbitrary<string>): number {
  const writer = createRowWriter(stream, 77)
  const encoder = createEncoder(stream.schema, 77, 1_000_000)
  const type = avsc.Type.forSchema(stream.schema as unknown as avsc.Schema)
  let taken = 0
  fc.assert(
    fc.property(payloads, micros, micros, stamp, (payload, id, createdAt, laneStamp) => {
      const row = toRow(payload, id, createdAt)
      const written = writer.write(row, laneStamp)
      if (written === undefined) return
      taken += 1
      const record = toRecord(stream, row, laneStamp)
      expect(written.equals(encoder.encode(record))).toBe(true)
      expect(type.fromBuffer(written.subarray(5))).toEqual(type.clone(record))
    }),
    {numRuns: 500},
  )
  return taken
}

test('INV-22: what the writer takes is what the Avro library would have written', () => {
  expect(compare(engagement, engagementRow)).toBeGreaterThan(100)
  expect(compare(activity, activityRow)).toBeGreaterThan(100)
})

test.each([
  ['an escape in a text column', '"device":"a\\"b"'],
  ['a negative number', '"duration_ms":-1,"device":null'],
  ['a number beyond int', '"duration_ms":2147483648,"device":null'],
  ['a column at another place', '"device":null,"duration_ms":1'],
])('%s is left to the slow way', (_name, part) => {
  const payload = `{"id":1,"content_id":null,"user_id":null,"event_type":"play","event_ts":"2026-01-01T00:00:00+00:00",${part},"raw_payload":null}`
  const writer = createRowWriter(engagement, 1)
  const plain = {lanes: 1, lane: 0, epoch: 1, redelivered: false}
  expect(writer.write(toRow(payload, 1, 1), plain)).toBeUndefined()
})

test('a view stays what it was while later rows are written', () => {
  const writer = createRowWriter(activity, 1)
  const plain = {lanes: 1, lane: 0, epoch: 1, redelivered: false}
  const payload = (i: number): string =>
    `{"id":${i},"user_id":"${'u'.repeat(2_000)}","activity_type":"a","occurred_at":null,"metadata":null}`
  const first = writer.write(toRow(payload(1), 1, 1), plain)!
  const copy = Buffer.from(first)
  for (let i = 2; i < 1_000; i++) writer.write(toRow(payload(i), i, 1), plain)
  expect(first.equals(copy)).toBe(true)
})
