/** Where rows lie: bounded partitions that any record of an event finds. */
import * as fc from 'fast-check'
import {expect, test} from 'vitest'
import {planBatches, PARTITION_ROWS_MAX, type PlacedStatement} from './batches.ts'
import {periodOf} from './content-place.ts'
import {periodsOf} from './content-reads.ts'
import {bucketsOfSlice, placeOf, SHARDS, SLICES} from './event-place.ts'
import {monthsOf} from './event-scan.ts'
import {marksOf, segmentOf, SECONDS_MAX} from './retention-state.ts'
import {startOf, toIsoMicros} from './time.ts'
import {windowSteps} from './windows.ts'

const micros = fc.integer({min: -(2 ** 51), max: 2 ** 51})

test('INV-53: ten minutes of a hit at 5,000 events/s lie in sixteen partitions of 190,000 rows', () => {
  const rows = new Map<number, number>()
  // A tenth of the rate: what a shard gets is its share and at most one block more.
  const perSecond = 500
  const all = 600 * perSecond
  for (let n = 0; n < all; n++) {
    const {bucket} = placeOf(Math.floor((n / perSecond) * 1_000_000), 7_000_000 + n)
    rows.set(bucket, (rows.get(bucket) ?? 0) + 1)
  }
  expect(rows.size).toBe(SHARDS)
  expect(Math.max(...rows.values())).toBeLessThanOrEqual(all / SHARDS + 4096)
})

test('an event is found in the slice of its time, before and after 1970', () => {
  fc.assert(
    fc.property(micros, fc.nat(2 ** 31), (us, id) => {
      const {day, bucket} = placeOf(us, id)
      expect(day).toBe(toIsoMicros(us).split('T')[0])
      const slice = Math.floor(bucket / SHARDS)
      expect(slice).toBeGreaterThanOrEqual(0)
      expect(slice).toBeLessThan(SLICES)
      expect(bucketsOfSlice(slice)).toContain(bucket)
    }),
  )
})

test('every bucket of time lies in a period that a reader of the range asks for', () => {
  const seconds = fc.integer({min: -(10 ** 9), max: 2 * 10 ** 9})
  fc.assert(
    fc.property(seconds, fc.nat(86_400), fc.nat(86_400), (from, length, offset) => {
      const range = {from, to: from + length + 1}
      const at = from + Math.min(offset, length)
      for (const granularity of ['minute', 'hour'] as const) {
        const start = startOf(granularity, at)
        expect(periodsOf(granularity, range)).toContain(periodOf({granularity, start}))
      }
    }),
  )
})

test('months of a range are whole and in order', () => {
  const from = Date.UTC(2026, 10, 30, 23) / 1000
  const to = Date.UTC(2027, 0, 1, 1) / 1000
  expect(monthsOf({from, to}).map(at => new Date(at * 1000).toISOString().slice(0, 10))).toEqual([
    '2026-11-01',
    '2026-12-01',
    '2027-01-01',
  ])
})

test('a window has as many steps as it is long, the last one holds now', () => {
  const steps = windowSteps(1_795_244_405, 600)
  expect(steps).toHaveLength(60)
  expect(steps.at(-1)).toBe(1_795_244_400)
  expect(steps[0]).toBe(1_795_243_810)
})

const statement = (partition: string, bytes: number): PlacedStatement => ({
  partition,
  statement: {query: 'q', params: [Buffer.alloc(bytes), partition]},
})

test('batches hold every statement once; large ones one partition, mixed ones stay small', () => {
  const statements = fc.array(
    fc
      .tuple(fc.nat(40), fc.constantFrom(10, 200, 3000, 60_000))
      .map(([p, bytes]) => statement(`p${p}`, bytes)),
    {maxLength: 400},
  )
  fc.assert(
    fc.property(statements, list => {
      const batches = planBatches(list)
      expect(new Set(batches.flat())).toEqual(new Set(list.map(item => item.statement)))
      for (const batch of batches) {
        const partitions = new Set(batch.map(item => item.params[1]))
        const bytes = batch.reduce((sum, item) => sum + (item.params[0] as Buffer).length, 0)
        expect(batch.length).toBeLessThanOrEqual(PARTITION_ROWS_MAX)
        if (partitions.size > 1) expect(bytes).toBeLessThan(5 * 1024)
        expect(partitions.size).toBeLessThanOrEqual(9)
      }
    }),
  )
})

test('what an event marks: [P - D, P) with a position, [0, D) without, nothing without a duration', () => {
  expect(marksOf(30_000, 45_000)).toEqual([
    {mark: 'positionBegin', second: 15},
    {mark: 'positionEnd', second: 45},
  ])
  expect(marksOf(30_000, null)).toEqual([{mark: 'durationEnd', second: 30}])
  expect(marksOf(null, 45_000)).toEqual([])
  expect(marksOf(0, 45_000)).toEqual([])
  // Longer than its position: from the beginning. Beyond twelve hours: the last second that counts.
  expect(marksOf(60_000, 30_000)[0]).toEqual({mark: 'positionBegin', second: 0})
  const [beyond] = marksOf(2 ** 31 - 1, null)
  expect(beyond?.second).toBe(SECONDS_MAX - 1)
  expect(segmentOf(beyond!.second)).toBe(23)
})
