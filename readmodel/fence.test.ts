import * as fc from 'fast-check'
import {expect, test} from 'vitest'
import {
  markOfAggregate,
  markOfRaw,
  offsetOfWritetime,
  timestampBytes,
  timestampOf,
} from './fence.ts'

const offsets = fc.integer({min: 0, max: 2 ** 42})
const marks = fc.integer({min: 0, max: 2 ** 20 - 1})

test('INV-54: a later offset wins whatever the marks, and a higher mark wins at one offset', () => {
  fc.assert(
    fc.property(offsets, offsets, marks, marks, (a, b, g, h) => {
      const first = timestampOf(a, g)
      const second = timestampOf(b, h)
      const expected = a === b ? Math.sign(g - h) : Math.sign(a - b)
      expect(first < second ? -1 : first > second ? 1 : 0).toBe(expected)
    }),
  )
})

test('at one offset the row in which less is stale wins: no two writes of an owner are alike', () => {
  for (let stale = 0; stale < 8; stale++) {
    expect(markOfAggregate(stale)).toBeGreaterThan(markOfAggregate(stale + 1))
  }
  expect(markOfAggregate(8)).toBe(0)
})

test('at one offset the later owner of a raw row wins, and a patch over what it was read from', () => {
  expect(markOfRaw(3)).toBeGreaterThan(markOfRaw(2, true))
  expect(markOfRaw(2, true)).toBeGreaterThan(markOfRaw(2))
})

test('offsets and marks that do not fit stop the writer instead of mixing cells', () => {
  expect(() => timestampOf(2 ** 43, 0)).toThrow(/do not fit/)
  expect(() => timestampOf(1, 2 ** 20)).toThrow(/do not fit/)
  expect(() => timestampOf(-1, 1)).toThrow(/do not fit/)
  expect(() => timestampOf(1, markOfRaw(2 ** 19))).toThrow(/do not fit/)
})

test('INV-54: no number runs out within twenty years of 10,000 changes a second in one partition', () => {
  const seconds = 20 * 365.25 * 86_400
  // A partition that stands still is taken again once an hour; and forty rebalances a day.
  const takeovers = 20 * 365.25 * (24 + 40)
  // Each change is a correction: what is mended takes no number of its own.
  const last = 10_000 * seconds
  expect(timestampOf(last, markOfRaw(takeovers, true))).toBeGreaterThan(timestampOf(last, 0))
  expect(offsetOfWritetime(timestampOf(last, markOfRaw(takeovers, true)))).toBe(last)
  expect(takeovers * 2 ** 32, 'names of parts are exact').toBeLessThan(Number.MAX_SAFE_INTEGER)
})

test('bytes are those of a big-endian signed 64-bit number, and tell the offset again', () => {
  expect(timestampBytes(1, 2).readBigInt64BE()).toBe(1_048_578n)
  fc.assert(
    fc.property(offsets, marks, (offset, mark) => {
      expect(timestampBytes(offset, mark).readBigInt64BE()).toBe(timestampOf(offset, mark))
      expect(offsetOfWritetime(timestampOf(offset, mark))).toBe(offset)
    }),
  )
})
