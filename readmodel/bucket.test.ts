import * as fc from 'fast-check'
import {expect, test} from 'vitest'
import {sales} from '../test/streams/sales.ts'
import {Bucket} from './bucket.ts'
import {ByteReader, ByteWriter} from './bytes.ts'
import {planStream} from './plan.ts'
import {Tally, type MetricValues} from './tally.ts'

const plan = planStream(sales)
const [rollup] = plan.rollups as [(typeof plan.rollups)[number]]

interface Sale {
  readonly id: string
  readonly place: number
  readonly status: string | null
  readonly product: string | null
  readonly buyer: number | null
  readonly total: string | null
  readonly weight: number | null
  readonly units: number | null
  readonly sold_at: number | null
}

/** Values of the places that the events of these tests have: status, product. */
const VALUES = [
  ['paid', 'sofa'],
  ['returned', 'lamp'],
  ['sent', 'bed'],
] as const

export const sale: fc.Arbitrary<Sale> = fc
  .record({
    id: fc.uuid(),
    place: fc.nat(2),
    buyer: fc.option(fc.nat(40)),
    total: fc.option(
      fc
        .bigInt({min: -(10n ** 29n), max: 10n ** 29n})
        .map(n => `${n / 100n}.${String((n < 0n ? -n : n) % 100n).padStart(2, '0')}`)
        .filter(text => !text.startsWith('0.') || true),
    ),
    weight: fc.option(fc.double({min: -1e6, max: 1e6, noNaN: true})),
    units: fc.option(fc.integer({min: -5, max: 2 ** 40})),
    sold_at: fc.option(fc.integer({min: 0, max: 3600}).map(s => s * 1_000_000)),
  })
  .map(one => ({...one, status: VALUES[one.place]![0], product: VALUES[one.place]![1]}))

let offset = 0
function fold(bucket: Bucket, one: Sale, how: 'apply' | 'retract'): void {
  plan.inputs.read({...one}, {timeUs: one.sold_at, id: one.id})
  bucket[how](one.place, plan.inputs, (offset += 1))
}

function bucketOf(list: readonly Sale[]): Bucket {
  const bucket = new Bucket(rollup, 0)
  for (const one of list) fold(bucket, one, 'apply')
  return bucket
}

/** Every figure, by place and over all of them. */
function figuresOf(bucket: Bucket): readonly MetricValues[] {
  const valuesOf = (place: number): readonly string[] => VALUES[place]!
  return [undefined, ...VALUES].map(chosen => {
    const tally = new Tally(rollup)
    tally.add(bucket, valuesOf, values => chosen === undefined || values[0] === chosen[0])
    return tally.values()
  })
}

/** Figures that are not exact after something was taken out, until they are computed again. */
const MENDED: ReadonlySet<string> = new Set([
  'lightest',
  'dearest',
  'first_at',
  'buyers',
  'last_status',
])
const exact = (figures: readonly MetricValues[]): unknown =>
  figures.map(one => Object.fromEntries(Object.entries(one).filter(([k]) => !MENDED.has(k))))

const some = fc.array(sale, {maxLength: 30})

test('INV-50: taking events out is the inverse of adding them, in every number', () => {
  fc.assert(
    fc.property(some, some, (kept, taken) => {
      const bucket = bucketOf([...kept, ...taken])
      for (const one of taken) fold(bucket, one, 'retract')
      expect(exact(figuresOf(bucket))).toEqual(exact(figuresOf(bucketOf(kept))))
    }),
  )
})

test('INV-41: what cannot be taken out is marked, or right as it is', () => {
  fc.assert(
    fc.property(some, sale, (kept, taken) => {
      const bucket = bucketOf([...kept, taken])
      fold(bucket, taken, 'retract')
      if (!bucket.isRetracted) expect(figuresOf(bucket)).toEqual(figuresOf(bucketOf(kept)))
    }),
  )
})

test('without events there is nothing left to compute again', () => {
  fc.assert(
    fc.property(fc.array(sale, {minLength: 1, maxLength: 20}), list => {
      const bucket = bucketOf(list)
      for (const one of list) fold(bucket, one, 'retract')
      expect(bucket.isRetracted).toBe(false)
      expect(figuresOf(bucket)).toEqual(figuresOf(bucketOf([])))
    }),
  )
})

test('what was computed again replaces what was marked', () => {
  fc.assert(
    fc.property(some, some, some, (kept, taken, later) => {
      const bucket = bucketOf([...kept, ...taken])
      for (const one of taken) fold(bucket, one, 'retract')
      // Read anew, while later events are folded into both, some of them twice.
      bucket.shadow = new Bucket(rollup, 0)
      for (const one of later) fold(bucket, one, 'apply')
      const fresh = bucket.shadow
      bucket.shadow = undefined
      for (const one of [...kept, ...later]) fold(fresh, one, 'apply')
      bucket.adopt(fresh)
      expect(bucket.isRetracted).toBe(false)
      expect(figuresOf(bucket)).toEqual(figuresOf(bucketOf([...kept, ...later])))
    }),
  )
})

test('merging is the same in any grouping, and equals adding all', () => {
  fc.assert(
    fc.property(some, some, some, (a, b, c) => {
      const left = bucketOf(a)
      left.merge(bucketOf(b))
      left.merge(bucketOf(c))
      const right = bucketOf(b)
      right.merge(bucketOf(c))
      const other = bucketOf(a)
      other.merge(right)
      const all = figuresOf(bucketOf([...a, ...b, ...c]))
      expect(figuresOf(left)).toEqual(all)
      expect(figuresOf(other)).toEqual(all)
      expect(left.events).toBe(a.length + b.length + c.length)
    }),
  )
})

test('a tally of several buckets is that of all their events', () => {
  fc.assert(
    fc.property(some, some, (a, b) => {
      const valuesOf = (place: number): readonly string[] => VALUES[place]!
      const tally = new Tally(rollup)
      tally.add(bucketOf(a), valuesOf)
      tally.add(bucketOf(b), valuesOf)
      expect(tally.values()).toEqual(figuresOf(bucketOf([...a, ...b]))[0])
    }),
  )
})

test('what is stored is read back the same', () => {
  const encode = (bucket: Bucket): Buffer => {
    const writer = new ByteWriter()
    bucket.encode(writer)
    return writer.take()
  }
  fc.assert(
    fc.property(some, fc.boolean(), (list, isRetracted) => {
      const bucket = bucketOf(list)
      bucket.isRetracted = isRetracted
      const reader = new ByteReader(encode(bucket))
      const back = Bucket.decode(rollup, reader, {start: 0, guard: 7})
      expect(reader.isAtEnd).toBe(true)
      expect(figuresOf(back)).toEqual(figuresOf(bucket))
      expect([back.isRetracted, back.events]).toEqual([isRetracted, list.length])
      expect(encode(back)).toEqual(encode(bucket))
    }),
  )
})

test('INV-33: a record that is included already changes nothing', () => {
  const bucket = new Bucket(rollup, 0, 10)
  const one = fc.sample(sale, 1)[0]!
  plan.inputs.read({...one}, {timeUs: one.sold_at, id: one.id})
  expect(bucket.apply(0, plan.inputs, 10)).toBe(false)
  expect(bucket.retract(0, plan.inputs, 9)).toBe(false)
  expect([bucket.events, bucket.version]).toEqual([0, 0])
  expect(bucket.apply(0, plan.inputs, 11)).toBe(true)
  expect(bucket.events).toBe(1)
})

test('sums beyond 2^53 stay exact', () => {
  const big = (total: string): Sale => ({
    ...fc.sample(sale, 1)[0]!,
    place: 0,
    total,
    units: 2 ** 53 - 1,
    status: 'paid',
  })
  const bucket = bucketOf([big('9007199254740993.01'), big('0.01'), big('-9007199254740993.01')])
  const tally = new Tally(rollup)
  tally.add(bucket, place => VALUES[place]!)
  expect(tally.sumOf('revenue')).toEqual({count: 3, total: 1})
  expect(tally.sumOf('units').total).toBe(3n * (2n ** 53n - 1n))
})
