import * as fc from 'fast-check'
import {expect, test} from 'vitest'
import {BOUNDS, bucketOfMs, middleOf, percentileOf} from './histogram.ts'
import {entryOf, HyperLogLog} from './hyperloglog.ts'
import {hashUser} from './user-hash.ts'

/** Ids of users as they are: version 4 UUIDs, here from a counter. */
const user = (n: number): string =>
  `${((n * 2654435761) >>> 0).toString(16).padStart(8, '0')}-0000-4000-8000-${n.toString(16).padStart(12, '0')}`

const sketchOf = (from: number, to: number): HyperLogLog => {
  const sketch = new HyperLogLog()
  for (let n = from; n < to; n++) sketch.add(entryOf(hashUser(user(n))))
  return sketch
}

test('distinct users are counted within three standard errors, from none to half a million', () => {
  for (const n of [0, 1, 2, 10, 100, 1000, 1025, 10_000, 100_000, 500_000]) {
    const estimate = sketchOf(0, n).estimate()
    expect(Math.abs(estimate - n), `${n} users estimated as ${estimate}`).toBeLessThanOrEqual(
      Math.ceil(n * 3 * 0.0081),
    )
  }
}, 60_000)

test('the standard error over many sketches is at most 1 %', () => {
  for (const n of [500, 5000, 20_000]) {
    const rounds = 30
    const squares = Array.from({length: rounds}, (_, i) => {
      const from = 10_000_000 * (i + 1)
      return ((sketchOf(from, from + n).estimate() - n) / n) ** 2
    })
    expect(Math.sqrt(squares.reduce((a, b) => a + b, 0) / rounds)).toBeLessThanOrEqual(0.01)
  }
}, 60_000)

test('adding again or in another order changes nothing, and merging equals adding all', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(5000), {maxLength: 3000}), fc.nat(3000), (ids, cut) => {
      const whole = new HyperLogLog()
      for (const n of ids) whole.add(entryOf(hashUser(user(n))))
      const left = new HyperLogLog()
      const right = new HyperLogLog()
      for (const n of ids.slice(0, cut).toReversed()) left.add(entryOf(hashUser(user(n))))
      for (const n of [...ids.slice(cut), ...ids]) right.add(entryOf(hashUser(user(n))))
      left.merge(right)
      expect([...left.entries()].toSorted((a, b) => a - b)).toEqual(
        [...whole.entries()].toSorted((a, b) => a - b),
      )
      expect(left.estimate()).toBe(whole.estimate())
    }),
    {numRuns: 60},
  )
})

test('every duration is within 4.9 % of what stands for its bucket', () => {
  fc.assert(
    fc.property(fc.oneof(fc.integer({min: 0, max: 2 ** 31 - 1}), fc.nat(5000)), ms => {
      const bucket = bucketOfMs(ms)
      expect(BOUNDS[bucket]!).toBeLessThanOrEqual(ms)
      expect(BOUNDS[bucket + 1] ?? Infinity).toBeGreaterThan(ms)
      expect(Math.abs(middleOf(bucket) - ms)).toBeLessThanOrEqual(ms * 0.049)
    }),
    {numRuns: 2000},
  )
})

test('percentiles are within 5 % of the exact ones', () => {
  const durations = fc.array(fc.nat(4_000_000), {minLength: 1, maxLength: 400})
  fc.assert(
    fc.property(durations, fc.constantFrom(0, 0.25, 0.5, 0.9, 0.99, 1), (values, ratio) => {
      const counts = new Map<number, number>()
      for (const ms of values) counts.set(bucketOfMs(ms), (counts.get(bucketOfMs(ms)) ?? 0) + 1)
      const sorted = values.toSorted((a, b) => a - b)
      const exact = sorted[Math.max(1, Math.ceil(ratio * sorted.length)) - 1]!
      expect(Math.abs(percentileOf(counts, ratio)! - exact)).toBeLessThanOrEqual(exact * 0.05)
    }),
  )
})

test('without durations there is no percentile', () => {
  expect(percentileOf(new Map(), 0.5)).toBeNull()
  expect(percentileOf(new Map([[3, 0]]), 0.5)).toBeNull()
})
