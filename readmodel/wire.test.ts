import {types} from 'cassandra-driver'
import fc from 'fast-check'
import {expect, test} from 'vitest'
import {parseDays, toIsoDay, toIsoMicros} from '../contracts/times.ts'
import {toBigintBytes, toDateBytes, toLongBytes, toUuidBytes} from '../platform/cassandra.ts'
import {ByteReader, ByteWriter} from './bytes.ts'
import {fromCql, toCql} from './cql-columns.ts'

test('whole numbers travel as 64 bits, of either sign', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), value => {
      expect(toLongBytes(value)).toEqual(toBigintBytes(BigInt(value)))
    }),
  )
})

test('whole numbers of any size and sign come back as they were', () => {
  const whole = fc.oneof(
    fc.maxSafeInteger(),
    fc.integer({min: -200, max: 200}),
    fc.bigInt({min: -(2n ** 200n), max: 2n ** 200n}).map(n => {
      const number = Number(n)
      return Number.isSafeInteger(number) ? number : n
    }),
  )
  fc.assert(
    fc.property(fc.array(whole), list => {
      const writer = new ByteWriter()
      for (const one of list) writer.whole(one)
      const reader = new ByteReader(writer.take())
      for (const one of list) expect(reader.whole()).toBe(one === 0 ? 0 : one)
      expect(reader.isAtEnd).toBe(true)
    }),
    {numRuns: 500},
  )
})

test('a safe whole number is found again from any other, a signed one as its bytes always were', () => {
  const {MAX_SAFE_INTEGER: most, MIN_SAFE_INTEGER: least} = Number
  const safe = fc.oneof(
    fc.maxSafeInteger(),
    fc.integer({min: -200, max: 200}),
    fc.nat(200).map(n => most - n),
    fc.nat(200).map(n => least + n),
  )
  fc.assert(
    fc.property(safe, safe, (from, to) => {
      const writer = new ByteWriter()
      writer.step(from, to)
      writer.signed(to)
      const reader = new ByteReader(writer.take())
      expect(reader.step(from)).toBe(to + 0)
      expect(reader.signed()).toBe(to + 0)
      expect(reader.isAtEnd).toBe(true)
    }),
    {numRuns: 2000},
  )
  const bytesOf = (value: number): string => {
    const writer = new ByteWriter()
    writer.signed(value)
    return writer.take().toString('hex')
  }
  expect([0, -1, 1, 63, -64, 64, -65, 2 ** 40, -(2 ** 40)].map(bytesOf)).toEqual([
    '00',
    '01',
    '02',
    '7e',
    '7f',
    '8001',
    '8101',
    '808080808040',
    'ffffffffff3f',
  ])
})

test('a day is counted from the middle of 32 bits', () => {
  expect(toDateBytes(0)).toEqual(Buffer.from('80000000', 'hex'))
  expect(toDateBytes(-1)).toEqual(Buffer.from('7fffffff', 'hex'))
  expect(toDateBytes(20_778)).toEqual(Buffer.from('8000512a', 'hex'))
})

test('every day that PostgreSQL has is read back, and written as a day of its calendar', () => {
  const day = fc.integer({min: -2_440_550, max: 2_145_042_905})
  fc.assert(
    fc.property(day, days => {
      const stored = types.LocalDate.fromBuffer(toCql({kind: 'date'}, days) as Buffer)
      expect(fromCql({kind: 'date'}, stored)).toBe(days)
      expect(parseDays(toIsoDay(days))).toBe(days)
    }),
    {examples: [[0], [-1], [2_932_897], [100_000_000], [100_000_001], [2_145_042_905]]},
  )
  expect([-2_440_550, -719_529, 20_778, 2_932_897, 2_145_042_905].map(toIsoDay)).toEqual([
    '-004712-01-01',
    '-000001-12-31',
    '2026-11-21',
    '+010000-01-01',
    '+5874897-12-31',
  ])
})

test('a UUID travels as its 16 bytes, in either case', () => {
  fc.assert(
    fc.property(fc.uuid(), id => {
      const bytes = Buffer.from(id.replaceAll('-', ''), 'hex')
      expect(toUuidBytes(id)).toEqual(bytes)
      expect(toUuidBytes(id.toUpperCase())).toEqual(bytes)
    }),
  )
})

test('times keep their microseconds, in any order of asking', () => {
  expect(toIsoMicros(1_763_719_200_000_001)).toBe('2025-11-21T10:00:00.000001Z')
  expect(toIsoMicros(1_763_719_200_123_456)).toBe('2025-11-21T10:00:00.123456Z')
  expect(toIsoMicros(-1)).toBe('1969-12-31T23:59:59.999999Z')
  expect(toIsoMicros(1_763_719_200_999_999)).toBe('2025-11-21T10:00:00.999999Z')
})
