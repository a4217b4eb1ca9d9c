import * as fc from 'fast-check'
import {expect, test} from 'vitest'
import {bucketOf, BOUNDS, middleOf, percentilesOf} from './histogram.ts'
import {ByteReader, ByteWriter} from './bytes.ts'
import {entryOf, HyperLogLog} from './hyperloglog.ts'
import {hashText} from './text-hash.ts'
import {UserSet, UserUnion} from './user-set.ts'

/** Ids of users as they are: version 4 UUIDs, here from a counter. */
const user = (n: number): string =>
  `${((n * 2654435761) >>> 0).toString(16).padStart(8, '0')}-0000-4000-8000-${n.toString(16).padStart(12, '0')}`

const sketchOf = (from: number, to: number): HyperLogLog => {
  const sketch = new HyperLogLog()
  for (let n = from; n < to; n++) sketch.add(entryOf(hashText(user(n))))
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
      for (const n of ids) whole.add(entryOf(hashText(user(n))))
      const left = new HyperLogLog()
      const right = new HyperLogLog()
      for (const n of ids.slice(0, cut).toReversed()) left.add(entryOf(hashText(user(n))))
      for (const n of [...ids.slice(cut), ...ids]) right.add(entryOf(hashText(user(n))))
      for (const entry of right.entries()) left.add(entry)
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
      const bucket = bucketOf(ms)
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
      for (const ms of values) counts.set(bucketOf(ms), (counts.get(bucketOf(ms)) ?? 0) + 1)
      const sorted = values.toSorted((a, b) => a - b)
      const exact = sorted[Math.max(1, Math.ceil(ratio * sorted.length)) - 1]!
      const [found] = percentilesOf(counts, [ratio])
      expect(Math.abs(found! - exact)).toBeLessThanOrEqual(exact * 0.05)
    }),
  )
})

test('without durations there is no percentile', () => {
  expect(percentilesOf(new Map(), [0.5])).toEqual([null])
  expect(percentilesOf(new Map([[3, 0]]), [0.5])).toEqual([null])
})

const hashOf = (n: number): number => hashText(user(n)).low

/** As readers get it, from a store or from the moment. */
function unionOf(sets: readonly UserSet[], isLive: boolean): UserUnion {
  const union = new UserUnion()
  for (const set of sets) {
    const writer = new ByteWriter()
    if (isLive) set.encodeLive(writer, {listMax: 1000, bits: 12})
    else set.encode(writer)
    union.read(new ByteReader(writer.take()))
  }
  return union
}

test('users of a window are counted exactly while they are few, whatever is taken out again', () => {
  const steps = fc.array(fc.record({n: fc.nat(60), isIn: fc.boolean()}), {maxLength: 300})
  fc.assert(
    fc.property(steps, fc.boolean(), (list, isLive) => {
      const sets = [new UserSet(), new UserSet()]
      const counts = [new Map<number, number>(), new Map<number, number>()]
      for (const [i, {n, isIn}] of list.entries()) {
        const [set, count] = [sets[i % 2]!, counts[i % 2]!]
        const before = count.get(n) ?? 0
        if (!isIn && before === 0) continue
        set.add(hashOf(n), isIn ? 1 : -1)
        count.set(n, before + (isIn ? 1 : -1))
      }
      const expected = new Set(
        counts.flatMap(one => [...one].flatMap(([n, c]) => (c > 0 ? [n] : []))),
      )
      expect(unionOf(sets, isLive).size).toBe(expected.size)
    }),
  )
})

test('beyond 4,096 a set takes no more than 16 KiB, and sets of every form make one union', () => {
  const small = new UserSet()
  const large = new UserSet()
  for (let n = 0; n < 2000; n++) small.add(hashOf(n), 1)
  for (let n = 1000; n < 61_000; n++) large.add(hashOf(n), 1)
  const writer = new ByteWriter()
  large.encode(writer)
  expect(writer.take().length).toBeLessThan(2 ** 14 + 10)
  // A stored sketch has 2^14 registers (0.8 %), one of the moment may have 2^12 (1.6 %).
  for (const [isLive, error] of [
    [false, 0.025],
    [true, 0.05],
  ] as const) {
    for (const sets of [
      [small, large],
      [large, small],
    ]) {
      const {size} = unionOf(sets, isLive)
      expect(Math.abs(size - 61_000) / 61_000).toBeLessThan(error)
    }
  }
})

test('registers that are folded to fewer are those that would have been made with fewer', () => {
  const fine = new UserSet()
  const coarse = new UserSet()
  for (let n = 0; n < 5000; n++) fine.add(hashOf(n), 1)
  for (let n = 0; n < 4000; n++) coarse.add(hashOf(n), 1)
  const writer = new ByteWriter()
  coarse.encodeLive(writer, {listMax: 10, bits: 12})
  const union = new UserUnion()
  union.read(new ByteReader(writer.take()))
  const alone = union.size
  const both = new ByteWriter()
  fine.encode(both)
  union.read(new ByteReader(both.take()))
  expect(Math.abs(alone - 4000) / 4000).toBeLessThan(0.05)
  expect(Math.abs(union.size - 5000) / 5000).toBeLessThan(0.05)
})
