/** Where rows lie: bounded partitions that any record of an event finds. */
import * as fc from 'fast-check'
import {expect, test} from 'vitest'
import {planBatches, PARTITION_ROWS_MAX, type PlacedStatement} from './batches.ts'
import {SECONDS_OF, startOf, windowSteps} from './levels.ts'
import {
  blockOf,
  fileOf,
  IDS_PER_BLOCK,
  periodOf,
  SHARDS,
  shardOf,
  sliceOf,
  startsByPeriod,
} from './slices.ts'
import {marksOf, SECONDS_MAX, segmentOf} from './special/retention.ts'

const seconds = fc.integer({min: -(10 ** 9), max: 2 * 10 ** 9})
const level = fc.constantFrom('minute', 'quarter', 'hour', 'day')

test('every bucket of a range is asked for once, in the period that it lies in', () => {
  fc.assert(
    fc.property(level, seconds, fc.nat(86_400), (of, from, length) => {
      const range = {from, to: from + length + 1}
      const asked = [...startsByPeriod(of, range)].flatMap(([period, starts]) =>
        starts.map(start => ({period, start})),
      )
      const size = SECONDS_OF[of]
      const first = Math.ceil(from / size) * size + 0
      const count = Math.max(0, Math.ceil((range.to - first) / size))
      expect(asked.map(({start}) => start)).toEqual(
        Array.from({length: count}, (_, i) => first + i * size),
      )
      for (const {period, start} of asked) expect(periodOf(of, start)).toBe(period)
    }),
  )
})

test('INV-53: an hour of a million events a minute fills no partition beyond 100 MB', () => {
  // Minutes of every entity of a source partition that has a sixth of the events, in one of the shards.
  const entities = 100_000
  const shards = new Map<number, number>()
  for (let n = 0; n < entities; n++) {
    const shard = shardOf(`00000000-0000-4000-8000-${String(n).padStart(12, '0')}`)
    shards.set(shard, (shards.get(shard) ?? 0) + 1)
  }
  expect(shards.size).toBe(SHARDS)
  const rowBytes = 300
  const most = Math.max(...shards.values())
  // Each of them once a minute is a tenth of the events.
  expect(most * 60 * rowBytes).toBeLessThan(150e6)
  expect(most).toBeLessThan((entities / SHARDS) * 1.1)
})

test('rows of one entity lie in one shard, whatever the level', () => {
  expect(sliceOf('minute', 1_795_244_400, 3)).toBe('minute 2026-11-21T07/3')
  expect(sliceOf('hour', 1_795_244_400, 3)).toBe('hour 2026-11-21/3')
  expect(sliceOf('day', 1_795_219_200, 3)).toBe('day 2026-11/3')
  expect(fileOf('hour', 1_795_244_400_000_000, 7)).toBe('2026-11-21T07/7')
  expect(fileOf('day', null, 7)).toBe('none/7')
})

test('neighbours in id lie together, by number or by the time in them; other texts are spread', () => {
  expect(blockOf(IDS_PER_BLOCK - 1)).toBe(0)
  expect(blockOf(IDS_PER_BLOCK)).toBe(1)
  expect(blockOf(-1)).toBe(-1)
  const early = blockOf('0193a3c0-0000-7000-8000-000000000000')
  expect(blockOf('0193a3c0-0001-7fff-bfff-ffffffffffff')).toBe(early)
  const blocks = new Set<number>()
  fc.assert(
    fc.property(fc.uuid({version: 4}), id => {
      const block = blockOf(id)
      expect(blockOf(id)).toBe(block)
      expect(block).toBeGreaterThanOrEqual(0)
      blocks.add(block)
    }),
    {numRuns: 1000},
  )
  expect(blocks.size).toBeGreaterThan(800)
})

test('a window has as many steps as it is long, the last one holds now', () => {
  const steps = windowSteps(1_795_244_405, 600)
  expect(steps).toHaveLength(60)
  expect(steps.at(-1)).toBe(1_795_244_400)
  expect(steps[0]).toBe(1_795_243_810)
})

test('a bucket starts at or before what lies in it, also before 1970', () => {
  fc.assert(
    fc.property(level, seconds, (of, at) => {
      const start = startOf(of, at)
      expect(start).toBeLessThanOrEqual(at)
      expect(start + SECONDS_OF[of]).toBeGreaterThan(at)
    }),
  )
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
