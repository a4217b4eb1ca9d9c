import {expect, test} from 'vitest'
import {LONG_MAX} from '../contracts/kinds.ts'
import {versionOf} from './reference-table.ts'

const at = (outboxId: number, second = 0): bigint =>
  versionOf({outboxId, createdAt: second * 1_000_000}).readBigInt64BE()

test('of two records of a reference the higher outbox row wins, however high the ids are', () => {
  const ids = [1, 2, 2 ** 42 - 1, 2 ** 42, 2 ** 42 + 1, 2 ** 43, 8_000_000_000_000_001, LONG_MAX]
  const versions = ids.map(id => at(id))
  expect(versions).toEqual(versions.toSorted((a, b) => (a < b ? -1 : 1)))
  expect(new Set(versions).size).toBe(ids.length)
  // Whatever the times are.
  expect(at(2 ** 43, 2 ** 20 - 1)).toBeLessThan(at(2 ** 43 + 1))
  expect(at(2 ** 42 - 1, 2 ** 20 - 1)).toBeLessThan(at(2 ** 42))
  expect(at(LONG_MAX, 2 ** 20 - 1)).toBeGreaterThan(0n)
})

test('of two records with one outbox id the later one wins', () => {
  expect(at(5, 101)).toBeGreaterThan(at(5, 100))
  expect(at(2 ** 43, 101)).toBeGreaterThan(at(2 ** 43, 100))
})
