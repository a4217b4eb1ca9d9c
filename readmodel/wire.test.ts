import fc from 'fast-check'
import {expect, test} from 'vitest'
import {toBigintBytes, toDateBytes, toLongBytes, toUuidBytes} from '../platform/cassandra.ts'
import {timestampBytes, timestampOf} from './fence.ts'
import {toIsoMicros} from './time.ts'

test('whole numbers travel as 64 bits, of either sign', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), value => {
      expect(toLongBytes(value)).toEqual(toBigintBytes(BigInt(value)))
    }),
  )
})

test('a write timestamp has the same bytes by halves as by big integers', () => {
  const generation = fc.integer({min: 0, max: 2 ** 20 - 1})
  const offset = fc.oneof(fc.nat(10_000), fc.integer({min: 0, max: 2 ** 43 - 1}))
  fc.assert(
    fc.property(fc.record({offset, generation}), fence => {
      expect(timestampBytes(fence)).toEqual(toBigintBytes(timestampOf(fence)))
    }),
  )
  expect(() => timestampBytes({offset: 2 ** 43, generation: 0})).toThrow(/do not fit/)
})

test('a day is counted from the middle of 32 bits', () => {
  expect(toDateBytes(0)).toEqual(Buffer.from('80000000', 'hex'))
  expect(toDateBytes(-1)).toEqual(Buffer.from('7fffffff', 'hex'))
  expect(toDateBytes(20_778)).toEqual(Buffer.from('8000512a', 'hex'))
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
