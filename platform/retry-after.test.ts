import {expect, test} from 'vitest'
import {retryAfterMs} from './retry-after.ts'

const NOW = Date.parse('2026-01-01T00:00:00Z')

test.each([
  ['120', 120_000],
  [' 7 ', 7000],
  ['0', 0],
  ['Thu, 01 Jan 2026 00:00:05 GMT', 5000],
  ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
  ['86400000', 3_600_000],
  ['99999999999', 3_600_000],
  ['soon', null],
  [null, null],
])('Retry-After %s means %s ms', (header, ms) => {
  expect(retryAfterMs(header, NOW)).toBe(ms)
})
