/** Values of each kind as text, as PostgreSQL's JSON, and back. */
import fc from 'fast-check'
import {expect, test} from 'vitest'
import {KINDS, LONG_MAX, LONG_MIN, parsePrinted, type Carried, type ColumnKind} from './kinds.ts'
import {elementsOf} from './json-values.ts'

const INT = {min: -(2 ** 31), max: 2 ** 31 - 1}
const long = fc.maxSafeInteger().filter(n => n >= LONG_MIN && n <= LONG_MAX)
const digits = fc.bigInt(-(10n ** 38n) + 1n, 10n ** 38n - 1n).map(unscaled => {
  const text = String(unscaled < 0n ? -unscaled : unscaled).padStart(11, '0')
  return `${unscaled < 0n ? '-' : ''}${text.slice(0, -10)}.${text.slice(-10)}`
})

/** Values as records hold them. */
const VALUES: Readonly<Record<Exclude<ColumnKind, 'array'>, fc.Arbitrary<unknown>>> = {
  long,
  int: fc.integer(INT),
  double: fc.oneof(fc.double(), fc.constantFrom(NaN, Infinity, -Infinity, -0)),
  decimal: digits,
  boolean: fc.boolean(),
  text: fc.oneof(fc.string({unit: 'binary'}), fc.constantFrom('null', '"', '\\', '')),
  uuid: fc.uuid(),
  timestamp: long,
  date: fc.integer({min: -2_440_550, max: 2_145_042_905}),
  time: fc.integer({min: 0, max: 86_400_000_000}),
  interval: fc.constantFrom('PT0S', 'P1Y2M3DT4H5M6.789S', 'P-1M', 'PT-0.5S', 'infinity'),
  json: fc.json(),
  bytes: fc.uint8Array().map(list => Buffer.from(list)),
}

const ofKind = (kind: ColumnKind): Carried =>
  kind === 'decimal' ? {kind, precision: 38, scale: 10} : {kind}

test.each(Object.entries(VALUES))('INV-123: a %s comes back from its text', (kind, values) => {
  const of = ofKind(kind as ColumnKind)
  fc.assert(
    fc.property(values, value => {
      expect(parsePrinted(KINDS[of.kind].print(value, of), of)).toEqual(value)
    }),
  )
})

test.each(Object.entries(VALUES).filter(([kind]) => kind !== 'json'))(
  'INV-123: a list of %s comes back from its text, which is JSON',
  (kind, values) => {
    const of: Carried = {kind: 'array', element: ofKind(kind as ColumnKind)}
    fc.assert(
      fc.property(fc.array(fc.option(values)), list => {
        const text = KINDS.array.print(list, of)
        expect(JSON.parse(text)).toHaveLength(list.length)
        expect(parsePrinted(text, of)).toEqual(list)
      }),
    )
  },
)

test('elements of a flat list are those of its JSON, whatever is in their texts', () => {
  const value = fc.oneof(fc.string({unit: 'binary'}), fc.integer(), fc.boolean(), fc.constant(null))
  fc.assert(
    fc.property(fc.array(value), fc.constantFrom(undefined, 1), (list, space) => {
      const elements = elementsOf(JSON.stringify(list, null, space))
      expect(elements?.map(one => JSON.parse(one) as unknown)).toEqual(list)
    }),
  )
})

test.each(Object.keys(KINDS) as ColumnKind[])('what stands for no value is a %s', kind => {
  const of = {...ofKind(kind), element: {kind: 'text'}} as const
  expect(KINDS[kind].read(KINDS[kind].nothing, of)).toBeDefined()
})

test.each<[ColumnKind, string, unknown]>([
  ['time', '"24:00:00"', 86_400_000_000],
  ['time', '"00:00:00"', 0],
  ['time', '"12:34:56.789"', 45_296_789_000],
  ['interval', '"P1Y2M3DT-4H-5M-6.7S"', 'P1Y2M3DT-4H-5M-6.7S'],
  ['interval', '"-infinity"', '-infinity'],
  ['bytes', '"\\\\x00ff"', Buffer.from([0, 255])],
  ['bytes', '"\\\\x"', Buffer.alloc(0)],
  ['double', '"-Infinity"', -Infinity],
  ['double', '-0', -0],
  ['date', '"4713-01-01 BC"', -2_440_550],
])('a %s that PostgreSQL prints as %s is read exactly', (kind, raw, value) => {
  expect(KINDS[kind].read(raw, {kind})).toEqual(value)
})

test.each<[ColumnKind, readonly string[]]>([
  ['time', ['"24:00:00.000001"', '"25:00:00"', '"12:34:56+02"', '"12:60:00"', '123456', '""']],
  ['interval', ['"1 day"', '"P"', '"PT"', '"P1W"', '"P1DT"', '86400', '""']],
  ['bytes', ['"\\\\x0"', '"\\\\xzz"', '"abc"', '"\\\\000"', '0']],
  ['boolean', ['"true"', '1', '"yes"']],
  ['double', ['""', '" "', '"nan"', 'true']],
  ['long', ['9007199254740991', '1.5', '"1"', '-4503599627370497']],
  ['timestamp', ['"infinity"', '0', '"2300-01-01T00:00:00"']],
])('a %s is never made of what is none', (kind, raws) => {
  for (const raw of raws) expect(KINDS[kind].read(raw, {kind})).toBeUndefined()
})

test.each(['[[1]]', '[{"a":1}]', '[1,"x"]', '[1,9007199254740993]', '{}', '"[1]"', '[1'])(
  'a list of numbers is never made of %s',
  raw => {
    expect(KINDS.array.read(raw, {kind: 'array', element: {kind: 'long'}})).toBeUndefined()
  },
)
