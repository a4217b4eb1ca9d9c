import avsc from 'avsc'
import {expect, test} from 'vitest'
import type {Column} from '../contracts/columns.ts'
import type {ColumnKind} from '../contracts/kinds.ts'
import type {Stream} from '../contracts/stream.ts'
import {orders} from '../test/order-stream.ts'
import {content} from '../streams/sample/content.ts'
import {engagement} from '../streams/sample/engagement.ts'
import {toLookedUp, toRecord, withoutLarge} from './encode.ts'
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

test('what mends or deletes a row that could not be carried is carried', () => {
  const bad = event('').replace('2026-01-01T00:00:00.5+00:00', '-infinity')
  const mended = roundTrip(engagement, row(`{"before" : ${bad}, "after" : ${event('')}}`, 'u'))
  expect(mended).toMatchObject({op: 'u', event_id: 1, event_type: 'play', before: null})
  const deleted = roundTrip(engagement, row(`{"before" : ${bad}}`, 'd'))
  expect(deleted, 'what fits of it').toMatchObject({op: 'd', event_id: 1, event_type: 'play'})
  expect(deleted).toMatchObject({event_ts: 0, before: null})
  const worse = event('').replace('"id":1', '"id":9007199254740993')
  expect(() => toRecord(engagement, row(`{"before" : ${worse}}`, 'd'), stamp)).toThrow(/id = 90/)
})

test.each([
  ['a missing column', '{"id":1}', /the row has no content_id: the column was renamed or dropped/],
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

/** What a stream of one column makes of a value as PostgreSQL prints it in JSON. */
function carry(kind: ColumnKind, raw: string, digits: Partial<Column> = {}): unknown {
  const stream = {
    columns: [{column: 'x', field: 'x', nullable: false, kind, ...digits}],
  } as unknown as Stream
  return (toRecord(stream, row(`{"x":${raw}}`), stamp) as {readonly x: unknown}).x
}

test.each([
  ['12.50', '12.50'],
  ['-0.01', '-0.01'],
  ['7', '7.00'],
  ['0', '0.00'],
  ['-0.0', '0.00'],
  ['0.10', '0.10'],
  ['1.5000', '1.50'],
  ['"0012.5"', '12.50'],
  ['99999999.99', '99999999.99'],
])('a numeric printed as %s travels as %s', (raw, text) => {
  expect(carry('decimal', raw, {precision: 10, scale: 2})).toBe(text)
})

test('a numeric without digits behind the point has no point', () => {
  expect(carry('decimal', '100', {precision: 3, scale: 0})).toBe('100')
})

test.each([
  ['"NaN"'],
  ['"Infinity"'],
  ['"-Infinity"'],
  ['1e5'],
  ['1.001'],
  ['100000000.00'],
  ['true'],
])('a numeric that its column cannot hold is told apart: %s', raw => {
  expect(() => carry('decimal', raw, {precision: 10, scale: 2})).toThrow(
    `x = ${raw.slice(0, 100)}: expected a number of 10 digits, 2 behind the point`,
  )
})

test('a number of a million digits is refused at once', () => {
  const raw = `1${'0'.repeat(1_000_000)}.${'0'.repeat(1_000_000)}1`
  expect(() => carry('decimal', raw, {precision: 1_000, scale: 0})).toThrow(/^x = 1000/)
})

test.each([
  ['"1970-01-01"', 0],
  ['"1969-12-31"', -1],
  ['"2026-11-21"', 20_778],
  ['"5874897-12-31"', 2_145_042_905],
  ['"4713-01-01 BC"', -2_440_550],
])('a date %s travels as %i days', (raw, days) => {
  expect(carry('date', raw)).toBe(days)
})

test.each(['"infinity"', '"-infinity"', '"9999999-01-01"', '"2026-13-01"', '"today"', '20261121'])(
  'a date that has no days is told apart: %s',
  raw => {
    expect(() => carry('date', raw)).toThrow(`x = ${raw}: expected a date`)
  },
)

test.each([
  ['[[1,2],[3,4]]', 'a list of int, each null or an integer from'],
  ['[1,"x"]', 'declared as jsonb() lists of lists are carried'],
])('a list that is none of its kind is told apart, with what to do: %s', (raw, sentence) => {
  expect(() => carry('array', raw, {element: {kind: 'int'}})).toThrow(sentence)
})

test('of a deleted row the large values are left out, lists and bytes too', () => {
  const column = {nullable: false, element: {kind: 'text'}}
  const columns = [
    {...column, column: 'raw', field: 'raw', kind: 'bytes'},
    {...column, column: 'list', field: 'list', kind: 'array'},
  ]
  const stream = {columns, idField: 'id', keyField: 'id'} as unknown as Stream
  const before = {raw: Buffer.alloc(20_000), list: ['x'.repeat(20_000)]}
  expect(withoutLarge(stream, 'u', {before})).toEqual({before: {raw: Buffer.alloc(0), list: []}})
})

test('what was looked up travels beside the row, each column that cannot be carried as null', () => {
  const {of} = orders.enrich
  const text =
    '{"name": "sofa", "price": "NaN", "weight": 1.5, "stock": 9007199254740993, "added_on": "infinity"}'
  const lookedUp = [toLookedUp(of!.columns, text), null, null].map(fields => ({
    fields,
    bytes: Buffer.alloc(0),
  }))
  const order = '{"id":1,"product":"p","country":null,"clerk":null,"total":1,"day":null}'
  const record = toRecord(orders, {...row(order), lookedUp}, stamp)
  expect(record).toMatchObject({
    total: '1.00',
    of: {name: 'sofa', price: null, weight: 1.5, stock: null, added_on: null, changed_at: null},
    to: null,
    by: null,
  })
})

test('a payload of another shape never becomes a record', () => {
  expect(() => toRecord(content, row('{"before": null}', 'd'), stamp)).toThrow(/null/)
})
