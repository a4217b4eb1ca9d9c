import {expect, test} from 'vitest'
import {spansOf, toRange} from './spans.ts'

const NOW = Date.parse('2026-01-31T12:34:56Z')

test('hours are compared with the same hours of seven days before', () => {
  const {present, past} = spansOf(NOW, 3)
  expect(toRange(present)).toEqual(['2026-01-31T09:00:00.000Z', '2026-01-31T12:00:00.000Z'])
  expect(past).toHaveLength(7)
  expect(toRange(past[0]!)).toEqual(['2026-01-30T09:00:00.000Z', '2026-01-30T12:00:00.000Z'])
  expect(toRange(past[6]!)).toEqual(['2026-01-24T09:00:00.000Z', '2026-01-24T12:00:00.000Z'])
})

test('days are compared with what was as long before, and nothing is counted twice', () => {
  for (const hours of [24, 36, 168]) {
    const {present, past} = spansOf(NOW, hours)
    const all = [present, ...past]
    for (const [i, one] of all.slice(1).entries()) expect(one.to).toBeLessThanOrEqual(all[i]!.from)
    expect(all.every(({from, to}) => to - from === hours * 3_600_000)).toBe(true)
  }
})
