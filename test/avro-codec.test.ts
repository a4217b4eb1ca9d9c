import {pgTable} from 'drizzle-orm/pg-core'
import fc from 'fast-check'
import {describe, expect, test} from 'vitest'
import {bytea, type Column} from '../contracts/columns.ts'
import {LONG_MAX, LONG_MIN, type Carried, type ColumnKind} from '../contracts/kinds.ts'
import {stream as declare, type Stream} from '../contracts/stream.ts'
import {createDecoder, createEncoder} from '../platform/avro-codec.ts'
import {PipelineError} from '../platform/errors.ts'
import {engagement} from '../streams/sample/engagement.ts'
import {loadStreams} from '../streams/load.ts'
import {orders} from './order-stream.ts'

/** What the others have no column of. */
const readings = declare({
  name: 'readings',
  table: pgTable('readings', t => ({
    id: t.integer().primaryKey(),
    at: t.time(),
    took: t.interval().notNull(),
    raw: bytea(),
    tags: t.text().array(),
    costs: t.numeric({precision: 38, scale: 10}).array().notNull(),
    days: t.date().array(),
    blobs: bytea().array(),
  })),
  topic: 'readings',
  key: 'id',
})
const streams = [...(await loadStreams('streams/sample')), orders, readings]

const long = fc.maxSafeInteger().filter(n => n >= LONG_MIN && n <= LONG_MAX)
const natural = fc.maxSafeNat().filter(n => n <= LONG_MAX)
const INT = {min: -(2 ** 31), max: 2 ** 31 - 1}

/** Texts with all digits of the scale, the longest ones too. */
function decimal({precision = 0, scale = 0}: Carried): fc.Arbitrary<string> {
  const max = 10n ** BigInt(precision) - 1n
  return fc.oneof(fc.bigInt(-max, max), fc.bigInt(-9_999n, 9_999n)).map(unscaled => {
    const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0')
    const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`
    return unscaled < 0n ? `-${text}` : text
  })
}

function valuesOf(of: Carried): fc.Arbitrary<unknown> {
  const values: Record<Exclude<ColumnKind, 'array'>, fc.Arbitrary<unknown>> = {
    long,
    int: fc.integer(INT),
    double: fc.double({noNaN: true}),
    decimal: decimal(of),
    boolean: fc.boolean(),
    text: fc.string({unit: 'binary'}),
    uuid: fc.uuid(),
    timestamp: long,
    date: fc.integer(INT),
    time: fc.integer({min: 0, max: 86_400_000_000}),
    interval: fc.constantFrom('PT0S', 'P1Y-2M3DT4H5M6.789S'),
    json: fc.json(),
    bytes: fc.uint8Array().map(list => Buffer.from(list)),
  }
  return of.kind === 'array' ? fc.array(fc.option(valuesOf(of.element!))) : values[of.kind]
}

const arbitraryOf = (column: Column): fc.Arbitrary<unknown> =>
  column.nullable ? fc.option(valuesOf(column)) : valuesOf(column)

const rowOf = (columns: readonly Column[]) =>
  fc.record(Object.fromEntries(columns.map(c => [c.field, arbitraryOf(c)])))

/** What was looked up: a row of which each column may be null, or none. */
const lookedUpOf = ({enrich}: Stream) =>
  fc.record(
    Object.fromEntries(
      Object.entries(enrich).map(([alias, {columns}]) => [
        alias,
        fc.option(rowOf(columns.map(column => ({...column, nullable: true})))),
      ]),
    ),
  )

const recordOf = (stream: Stream) =>
  fc
    .tuple(
      rowOf(stream.columns),
      lookedUpOf(stream),
      fc.option(rowOf(stream.columns)),
      fc.record({
        op: fc.constantFrom('c', 'u', 'd', 'r'),
        outbox_id: natural,
        created_at: natural,
        lanes: fc.constantFrom(1, 2, 4),
        lane: fc.nat(3),
        epoch: natural,
        redelivered: fc.boolean(),
      }),
    )
    .map(([row, lookedUp, before, meta]) => ({...row, ...lookedUp, ...meta, before}))

const codeOf = (work: () => unknown): string => {
  try {
    work()
    return 'none'
  } catch (error) {
    return error instanceof PipelineError ? `${error.code} ${error.disposition}` : String(error)
  }
}

/** Without the classes that the library makes for records. */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value) || Buffer.isBuffer(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item)]))
}

async function setup(stream: Stream, id = 7) {
  const encoder = createEncoder(stream.schema, id, 900_000)
  const decoder = createDecoder<object>(stream.schema, async () => stream.schema)
  await decoder.prepare(Buffer.from([0, 0, 0, 0, id]))
  return {encoder, decoder}
}

describe.each(streams)('$name', stream => {
  test('every record comes back as it was written', async () => {
    const {encoder, decoder} = await setup(stream)
    fc.assert(
      fc.property(recordOf(stream), record => {
        expect(plain(decoder.decode(encoder.encode(record)))).toEqual(record)
      }),
    )
  })

  test('a missing column is refused with its name', async () => {
    const {encoder} = await setup(stream)
    expect(() => encoder.encode({op: 'c'})).toThrow(new RegExp(stream.columns[0]!.field))
    expect(codeOf(() => encoder.encode({op: 'c'}))).toBe('ENCODE_FAILED dead-letter')
  })
})

const event = {
  event_id: 1,
  content_id: null,
  user_id: null,
  event_type: 'play',
  event_ts: 0,
  duration_ms: null,
  device: null,
  raw_payload: null,
  op: 'c',
  outbox_id: 1,
  created_at: 0,
  lanes: 1,
  lane: 0,
  epoch: 1,
  redelivered: false,
  before: null,
}

test('a number that a record could not carry exactly is refused', async () => {
  const {encoder} = await setup(engagement)
  const tooBig = {...event, event_id: 2 ** 53 + 2}
  expect(codeOf(() => encoder.encode(tooBig))).toBe('ENCODE_FAILED dead-letter')
})

test('the lowest long that is allowed is carried, the next one would not be', async () => {
  const {encoder, decoder} = await setup(engagement)
  const carried = (event_ts: number): number =>
    (decoder.decode(encoder.encode({...event, event_ts})) as {event_ts: number}).event_ts
  expect(carried(LONG_MIN)).toBe(LONG_MIN)
  expect(carried(LONG_MIN - 1)).not.toBe(LONG_MIN - 1)
})

test('values written into one pool do not touch each other', async () => {
  const {encoder, decoder} = await setup(engagement)
  const values = Array.from({length: 20_000}, (_, i) =>
    encoder.encode({...event, event_id: i, device: 'd'.repeat(i % 90)}),
  )
  const ids = values.map(value => (decoder.decode(value) as {event_id: number}).event_id)
  expect(ids).toEqual(values.map((_, i) => i))
})

test('a record larger than allowed is told apart from one that does not fit the schema', async () => {
  const {encoder} = await setup(engagement)
  const large = {...event, raw_payload: JSON.stringify('x'.repeat(1_200_000))}
  expect(codeOf(() => encoder.encode(large))).toBe('RECORD_TOO_LARGE dead-letter')
  expect(encoder.encode(event)[0]).toBe(0)
})

test.each([
  ['nothing', Buffer.alloc(0)],
  ['another magic byte', Buffer.from([1, 0, 0, 0, 7, 1])],
  ['a body that ends too soon', Buffer.from([0, 0, 0, 0, 7, 2])],
])('%s is undecodable, and nothing else breaks', async (_, bytes) => {
  const {encoder, decoder} = await setup(engagement)
  expect(codeOf(() => decoder.decode(bytes))).toBe('DECODE_FAILED dead-letter')
  expect(decoder.decode(encoder.encode(event))).toMatchObject({event_type: 'play'})
})

test('bytes after the record are undecodable', async () => {
  const {encoder, decoder} = await setup(engagement)
  const value = Buffer.concat([encoder.encode(event), Buffer.from([0])])
  expect(codeOf(() => decoder.decode(value))).toBe('DECODE_FAILED dead-letter')
})

test('a record of an older schema is read with the default of what it lacks', async () => {
  const {schema} = engagement
  const older = {...schema, fields: schema.fields.filter(f => f.name !== 'device')}
  const encoder = createEncoder(older, 3, 900_000)
  const decoder = createDecoder<object>(schema, async () => older)
  const value = encoder.encode(event)
  expect(decoder.decode(value)).toBeUndefined()
  await decoder.prepare(value)
  expect(decoder.decode(value)).toMatchObject({event_id: 1, device: null})
})

const withDecimal = (precision: number, scale: number) => ({
  type: 'record',
  name: 'sale',
  fields: [{name: 'total', type: {type: 'bytes', logicalType: 'decimal', precision, scale}}],
})

test.each([
  ['0.00', '00'],
  ['12.50', '04e2'],
  ['-0.01', 'ff'],
  ['-1.00', '9c'],
  ['1.27', '7f'],
  ['1.28', '0080'],
  ['-1.28', '80'],
  ['-1.29', 'ff7f'],
  ['999999999999.99', '5af3107a3fff'],
  ['9999999999999.99', '038d7ea4c67fff'],
  ['-92233720368547758.08', '8000000000000000'],
  ['92233720368547758.08', '008000000000000000'],
])('a decimal %s has the bytes of a BigInteger in Java: %s', (total, hex) => {
  const value = createEncoder(withDecimal(30, 2), 1, 1_000).encode({total})
  expect(value.subarray(6).toString('hex')).toBe(hex)
})

test.each([1.5, '1.5', '1.500', '.50', '1,50', '1e2', 'NaN', '100.00', ''])(
  'a decimal that has not the digits of its column is refused: %s',
  total => {
    const encoder = createEncoder(withDecimal(4, 2), 1, 1_000)
    expect(codeOf(() => encoder.encode({total}))).toBe('ENCODE_FAILED dead-letter')
  },
)

test('a decimal gets the zeros that a column has more now, and a column that has fewer is told', async () => {
  const read = async (scale: number): Promise<unknown> => {
    const value = createEncoder(withDecimal(10, 2), 9, 1_000).encode({total: '-12.50'})
    const decoder = createDecoder<object>(withDecimal(12, scale), async () => withDecimal(10, 2))
    await decoder.prepare(value)
    return decoder.decode(value)
  }
  expect(await read(2)).toEqual({total: '-12.50'})
  expect(await read(4)).toEqual({total: '-12.5000'})
  await expect(read(0)).rejects.toThrow(/2 digits behind the point do not fit in 0/)
})

test('a decimal of no bytes, or of more than its digits need, is undecodable', async () => {
  const decoder = createDecoder<object>(withDecimal(4, 2), async () => withDecimal(4, 2))
  const framed = (...body: number[]): Buffer => Buffer.from([0, 0, 0, 0, 1, ...body])
  await decoder.prepare(framed())
  expect(decoder.decode(framed(4, 4, 0xe2))).toEqual({total: '12.50'})
  expect(codeOf(() => decoder.decode(framed(0)))).toBe('DECODE_FAILED dead-letter')
  expect(codeOf(() => decoder.decode(framed(6, 1, 1, 1)))).toBe('DECODE_FAILED dead-letter')
})
