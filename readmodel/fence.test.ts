import * as fc from 'fast-check'
import {expect, test} from 'vitest'
import {timestampBytes, timestampOf} from './fence.ts'

const offsets = fc.integer({min: 0, max: 2 ** 42})
const generations = fc.integer({min: 0, max: 2 ** 20 - 1})

test('a later offset wins whatever the generations, and a later generation wins at one offset', () => {
  fc.assert(
    fc.property(offsets, offsets, generations, generations, (a, b, g, h) => {
      const first = timestampOf({offset: a, generation: g})
      const second = timestampOf({offset: b, generation: h})
      const expected = a === b ? Math.sign(g - h) : Math.sign(a - b)
      expect(first < second ? -1 : first > second ? 1 : 0).toBe(expected)
    }),
  )
})

test('offsets and generations that do not fit stop the writer instead of mixing cells', () => {
  expect(() => timestampOf({offset: 2 ** 43, generation: 0})).toThrow(/do not fit/)
  expect(() => timestampOf({offset: 1, generation: 2 ** 20})).toThrow(/do not fit/)
  expect(() => timestampOf({offset: -1, generation: 1})).toThrow(/do not fit/)
})

test('bytes are those of a big-endian signed 64-bit number', () => {
  expect(timestampBytes({offset: 1, generation: 2}).readBigInt64BE()).toBe(1_048_578n)
})
