import {afterEach, expect, test, vi} from 'vitest'
import {readInstant, toField, toInstant} from './instant.ts'

afterEach(() => void vi.unstubAllEnvs())

test.each([
  ['UTC', '2026-11-28T19:10'],
  ['Asia/Kolkata', '2026-11-29T00:40'],
  ['America/New_York', '2026-11-28T14:10'],
])('an address means the same time in %s, and its field shows it there', (zone, field) => {
  vi.stubEnv('TZ', zone)
  expect(toField('2026-11-28T19:10:00Z')).toBe(field)
  expect(toInstant(field)).toBe('2026-11-28T19:10:00Z')
  expect(toField('2026-11-28T19:10:07Z')).toBe(`${field}:07`)
})

test('an address without a zone is UTC, not the time of whoever opens it', () => {
  vi.stubEnv('TZ', 'Asia/Kolkata')
  expect(readInstant('2026-11-28T19:10')).toBe('2026-11-28T19:10:00Z')
  expect(readInstant('2026-11-28T19:10:00+05:30')).toBe('2026-11-28T13:40:00Z')
})

test('what is no time asks for nothing', () => {
  for (const read of [readInstant, toInstant, toField])
    for (const text of [undefined, '', 'tomorrow']) expect(read(text)).toBeUndefined()
})
