import {expect, test} from 'vitest'
import type {PartitionLag} from '../schemas/admin.ts'
import {createLagTrend} from './lag-trend.ts'

const MINUTE = 60_000

/** One partition: where its log ends and how far it is processed. */
const at = (ms: number, end: number, committed: number) => ({
  at: ms,
  partitions: [{topic: 't', partition: 0, committed, end, lag: end - committed}] as PartitionLag[],
})

test('a partition whose records wait for a minute, and not fewer of them, is stuck', () => {
  const trend = createLagTrend({windowMs: MINUTE})
  expect(trend.add(at(0, 100, 40))).toEqual([])
  expect(trend.add(at(59_999, 100, 40)), 'it is too early to tell').toEqual([])
  expect(trend.add(at(MINUTE, 100, 40))).toEqual([{topic: 't', name: 't/0', lag: 60}])
})

test('a backlog that falls is not stuck, however large; one that grows is', () => {
  const falling = createLagTrend({windowMs: MINUTE})
  falling.add(at(0, 1_000_000, 0))
  expect(falling.add(at(MINUTE, 1_000_000, 10))).toEqual([])
  const growing = createLagTrend({windowMs: MINUTE})
  growing.add(at(0, 100, 0))
  expect(growing.add(at(MINUTE, 500, 50))).toHaveLength(1)
})

test('a lag that stays as it is because records come and go is not stuck', () => {
  const trend = createLagTrend({windowMs: MINUTE})
  trend.add(at(0, 1000, 900))
  expect(trend.add(at(MINUTE, 9000, 8900))).toEqual([])
})

test('the memory slides: what was stuck and goes on is not stuck a minute later', () => {
  const trend = createLagTrend({windowMs: MINUTE})
  for (let ms = 0; ms <= MINUTE; ms += 5000) trend.add(at(ms, 100, 40))
  expect(trend.add(at(MINUTE + 5000, 100, 40))).toHaveLength(1)
  expect(trend.add(at(MINUTE + 10_000, 100, 50)), 'fewer than a minute ago').toEqual([])
  for (let ms = MINUTE + 15_000; ms <= 2 * MINUTE; ms += 5000) trend.add(at(ms, 100, 50))
  expect(trend.add(at(2 * MINUTE + 10_000, 100, 50)), 'and now it stands').toHaveLength(1)
})
