import {
  bigserial,
  boolean,
  date,
  doublePrecision,
  numeric,
  pgTable,
  time,
} from 'drizzle-orm/pg-core'
import fc from 'fast-check'
import {expect, test} from 'vitest'
import {stream, type Stream} from '../contracts/stream.ts'
import {compileSchema, createEncoder} from '../platform/avro-codec.ts'
import {activity} from '../streams/sample/activity.ts'
import {engagement} from '../streams/sample/engagement.ts'
import {orders} from '../test/order-stream.ts'
import {toRecord} from './encode.ts'
import type {OutboxRow} from './outbox-reader.ts'
import {createLookUp} from './look-ups.ts'
import type {Pool} from '../platform/postgres.ts'
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
  .map(at => at.toISOString().replace('Z', '+00:00'))
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

/** Kinds that our own streams lack, with numbers of few and of many digits. */
const salesTable = pgTable('sales', {
  id: bigserial('id', {mode: 'number'}).primaryKey(),
  total: numeric('total', {precision: 9, scale: 2}),
  parts: numeric('parts', {precision: 30, scale: 0}),
  day: date('day', {mode: 'string'}),
  weight: doublePrecision('weight'),
  open: boolean('open').notNull(),
  at: time('at'),
})
const sales = stream({name: 'sales', table: salesTable, topic: 'sales', key: 'id'})
const salesRow = fc
  .record({
    id: fc.nat(),
    total: fc.option(
      fc.oneof(fc.integer({min: -300, max: 300}), fc.integer({min: -2e9, max: 2e9})),
    ),
    parts: fc.option(fc.oneof(fc.nat(), fc.bigInt({min: -(10n ** 29n), max: 10n ** 29n}))),
    day: fc.option(
      fc
        .date({min: new Date('1960-01-01'), max: new Date('2040-01-01'), noInvalidDate: true})
        .map(day => day.toISOString().slice(0, 10)),
    ),
    open: fc.boolean(),
    at: fc.option(fc.constantFrom('24:00:00', '00:00:00', '12:34:56.789')),
  })
  .map(
    ({id, total, parts, day, open, at}) =>
      `{"id":${id},"total":${total === null ? null : (total / 100).toFixed(2)},"parts":${parts},"day":${JSON.stringify(day)},"weight":null,"open":${open},"at":${JSON.stringify(at)}}`,
  )

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
function compare(of: Stream, payloads: fc.Arbitrary<string>): number {
  const writer = createRowWriter(of, 77)
  const encoder = createEncoder(of.schema, 77, 1_000_000)
  const type = compileSchema(of.schema)
  let taken = 0
  fc.assert(
    fc.property(payloads, micros, micros, stamp, (payload, id, createdAt, laneStamp) => {
      const row = toRow(payload, id, createdAt)
      const written = writer.write(row, laneStamp)
      if (written === undefined) return
      taken += 1
      const record = toRecord(of, row, laneStamp)
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
  expect(compare(sales, salesRow)).toBeGreaterThan(100)
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

test.each([
  ['a number with other digits than its column', '1.5', '1', null],
  ['a number that its column cannot hold', '10000000.00', '1', null],
  ['a number of many digits', '1.50', '100000000000000', null],
  ['a number with an exponent', '1.50', '1e3', null],
  ['a date before 1970', '1.50', '1', '"1969-12-31"'],
  ['a date without end', '1.50', '1', '"infinity"'],
])('%s is left to the slow way', (_name, total, parts, day) => {
  const payload = `{"id":1,"total":${total},"parts":${parts},"day":${day},"weight":null,"open":true,"at":null}`
  const plain = {lanes: 1, lane: 0, epoch: 1, redelivered: false}
  expect(createRowWriter(sales, 1).write(toRow(payload, 1, 1), plain)).toBeUndefined()
})

test('what was looked up is copied into its place; a row for which nothing was is left to the slow way', async () => {
  const rows = [
    [
      '11111111-1111-1111-1111-11111111111a',
      '{"name":"sofa","price":12.5,"added_on":"1950-01-01"}',
    ],
  ]
  const pool = {query: async () => await Promise.resolve({rows})} as unknown as Pool
  const lookUp = createLookUp([orders], () => pool)!
  const row = toRow(
    `{"id":1,"product":"${rows[0]![0]}","country":null,"clerk":null,"total":1.00,"day":null}`,
    1,
    1,
  )
  const answer = {kind: 'page', rowCount: 1, limit: 1, lastId: 1} as const
  const page = await lookUp({answer, rows: [{...row, topic: 'orders'}]})
  const laneStamp = {lanes: 2, lane: 1, epoch: 9, redelivered: true}
  const written = createRowWriter(orders, 7).write(page.rows[0]!, laneStamp)
  const record = toRecord(orders, page.rows[0]!, laneStamp)
  expect(record).toMatchObject({of: {name: 'sofa', price: '12.50'}, to: null, by: null})
  expect(written).toEqual(createEncoder(orders.schema, 7, 1_000).encode(record))
  expect(createRowWriter(orders, 7).write(row, laneStamp)).toBeUndefined()
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
