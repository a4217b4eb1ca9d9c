import avsc from 'avsc'
import {expect, test} from 'vitest'
import {content} from '../contracts/content.ts'
import {engagement} from '../contracts/engagement.ts'
import type {Stream} from '../contracts/stream.ts'
import {toRecord} from './encode.ts'
import type {OutboxRow} from './outbox-reader.ts'

const stamp = {lanes: 2, lane: 1, epoch: 9, redelivered: true}
const row = (payload: string, op: OutboxRow['op'] = 'c'): OutboxRow => ({
  id: 5,
  topic: 't',
  aggregateId: '1',
  key: null,
  op,
  payload,
  headers: null,
  createdAt: 77,
})
const event = (changes: string): string =>
  `{"id":1,"content_id":null,"user_id":null,"event_type":"play","event_ts":"2026-01-01T00:00:00.5+00:00","duration_ms":null,"device":"a \\"b\\" \\u00e9","raw_payload":null${changes}}`

/** What a reader of the topic gets. */
function roundTrip(stream: Stream, outbox: OutboxRow): Record<string, unknown> {
  const type = avsc.Type.forSchema(stream.schema as unknown as avsc.Schema)
  return type.fromBuffer(type.toBuffer(toRecord(stream, outbox, stamp))) as Record<string, unknown>
}

test('a row becomes its columns, its place in the outbox and the stamp of its epoch', () => {
  expect(roundTrip(engagement, row(event('')))).toEqual({
    event_id: 1,
    content_id: null,
    user_id: null,
    event_type: 'play',
    event_ts: Date.UTC(2026, 0, 1) * 1_000 + 500_000,
    duration_ms: null,
    device: 'a "b" é',
    raw_payload: null,
    op: 'c',
    outbox_id: 5,
    created_at: 77,
    ...stamp,
    before: null,
  })
})

test('JSON travels as the text that PostgreSQL prints, large numbers included', () => {
  const json = '{"n": 12345678901234567890, "s": "}\\"", "a": [1.0, {"b": null}]}'
  const text = event('').replace('"raw_payload":null', `"raw_payload":${json}`)
  expect(roundTrip(engagement, row(text))['raw_payload']).toBe(json)
})

test('an update carries the row after and before, a delete the row that was', () => {
  const images = `{"before" : ${event('')}, "after" : ${event('').replace('"play"', '"pause"')}}`
  const updated = roundTrip(engagement, row(images, 'u'))
  expect([updated['event_type'], updated['before']]).toMatchObject(['pause', {event_type: 'play'}])
  const deleted = roundTrip(engagement, row(`{"before" : ${event('')}}`, 'd'))
  expect([deleted['event_type'], deleted['before']]).toMatchObject(['play', {event_type: 'play'}])
})

test.each([
  ['a missing column', '{"id":1}', /event_type = null/],
  [
    'infinity',
    event('').replace('2026-01-01T00:00:00.5+00:00', 'infinity'),
    /event_ts = "infinity"/,
  ],
  ['a number beyond 2^53', event('').replace('"id":1', '"id":9007199254740993'), /id = 9007199/],
  ['no object', '[1]', /not a JSON object/],
])('%s is told apart as unfit', (_name, payload, message) => {
  expect(() => toRecord(engagement, row(payload), stamp)).toThrow(message)
})

test('a payload of another shape never becomes a record', () => {
  expect(() => toRecord(content, row('{"before": null}', 'd'), stamp)).toThrow(/null/)
})
