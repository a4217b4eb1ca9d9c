import {getEventListeners} from 'node:events'
import * as fc from 'fast-check'
import {expect, test, vi} from 'vitest'
import {
  backOffMs,
  isRepeatable,
  nextLookMs,
  nextTryMs,
  parseRetryAfter,
  pause,
  RETRY_LIMITS,
  type Outcome,
} from './retry.ts'

const NOW = Date.parse('2026-01-31T12:00:00Z')
const chance = {now: NOW, random: 0}
const first = {attempts: 1, elapsedMs: 0, repeatable: true}
const answered = (status: number, retryAfter: string | null = '2'): Outcome => ({
  kind: 'answered',
  status,
  retryAfter,
})
const next = (outcome: Outcome, tried: Partial<typeof first> = {}): number | undefined =>
  nextTryMs(outcome, {...first, ...tried}, RETRY_LIMITS, chance)

test('what passes is asked again when the API says, and anything else is not', () => {
  expect(next(answered(429))).toBe(2000)
  expect(next(answered(503))).toBe(2000)
  for (const status of [200, 202, 204, 400, 401, 404, 409, 422, 500, 502]) {
    expect(next(answered(status)), String(status)).toBeUndefined()
  }
  // As /health answers: nothing passes by asking again.
  expect(next(answered(503, null))).toBeUndefined()
})

test('a write without a key is sent again only when it was not begun', () => {
  expect(next({kind: 'failed'})).toBe(100)
  expect(next({kind: 'failed'}, {repeatable: false})).toBeUndefined()
  expect(next(answered(503), {repeatable: false})).toBeUndefined()
  expect(next(answered(429), {repeatable: false})).toBe(2000)
})

test('questions and writes with a key may be repeated', () => {
  const key = new Headers({'Idempotency-Key': 'k'})
  expect(isRepeatable('GET /v1/top', new Headers())).toBe(true)
  expect(isRepeatable('POST /v1/query', new Headers())).toBe(true)
  expect(isRepeatable('POST /v1/engagement-events', new Headers())).toBe(false)
  expect(isRepeatable('DELETE /v1/content/{id}', new Headers())).toBe(false)
  expect(isRepeatable('POST /v1/engagement-events', key)).toBe(true)
})

test('neither more attempts nor more time than stated', () => {
  expect(next({kind: 'failed'}, {attempts: RETRY_LIMITS.attempts})).toBeUndefined()
  expect(next(answered(429, '29'))).toBe(29_000)
  expect(next(answered(429, '29'), {elapsedMs: 1001})).toBeUndefined()
  expect(next(answered(429, '31'))).toBeUndefined()
})

test('Retry-After is seconds or a date; anything else says nothing', () => {
  expect(parseRetryAfter('0', NOW)).toBe(0)
  expect(parseRetryAfter('Sat, 31 Jan 2026 12:00:05 GMT', NOW)).toBe(5000)
  expect(parseRetryAfter('Sat, 31 Jan 2026 11:00:00 GMT', NOW)).toBe(0)
  for (const text of [null, '', '-1', '1.5', 'soon', 'Sat, x', '2026-02-01']) {
    expect(parseRetryAfter(text, NOW), String(text)).toBeUndefined()
  }
})

test('waits are never shorter than asked for, differ from caller to caller, and grow within a bound', () => {
  fc.assert(
    fc.property(
      fc.nat(20),
      fc.nat({max: 100}),
      fc.double({min: 0, max: 1, maxExcluded: true, noNaN: true}),
      (seconds, attempts, random) => {
        const limits = {attempts: 1000, withinMs: Infinity}
        const tried = {...first, attempts: attempts + 1}
        const told = nextTryMs(answered(429, String(seconds)), tried, limits, {now: NOW, random})!
        expect(told).toBeGreaterThanOrEqual(seconds * 1000)
        expect(told).toBeLessThan(seconds * 1200 + 101)
        const own = nextTryMs({kind: 'failed'}, tried, limits, {now: NOW, random})!
        expect(own).toBeGreaterThanOrEqual(100)
        expect(own).toBeLessThanOrEqual(10_000)
      },
    ),
  )
  expect(backOffMs(3, 0)).toBe(2 * backOffMs(2, 0))
  expect(backOffMs(3, 0.5)).toBeGreaterThan(backOffMs(3, 0))
})

test('an awaited event is asked for again until the time is up', () => {
  const look = (retryAfter: string | null, elapsedMs: number): number | undefined =>
    nextLookMs(retryAfter, {attempts: 1, elapsedMs}, 10_000, chance)
  expect(look('1', 0)).toBe(1000)
  expect(look(null, 0)).toBe(100)
  expect(look('1', 9001)).toBeUndefined()
})

test('a wait ends with its signal, and one longer than timers can be does not end at once', async () => {
  await expect(pause(60_000, AbortSignal.abort(new Error('left')))).rejects.toThrow('left')
  const stop = new AbortController()
  const waiting = pause(60_000, stop.signal)
  stop.abort(new Error('gone'))
  await expect(waiting).rejects.toThrow('gone')
  const lasting = new AbortController()
  await pause(0, lasting.signal)
  expect(getEventListeners(lasting.signal, 'abort')).toEqual([])
  vi.useFakeTimers()
  try {
    let isOver = false
    void pause(1e12).then(() => (isOver = true))
    await vi.advanceTimersByTimeAsync(3_600_000)
    expect(isOver).toBe(false)
  } finally {
    vi.useRealTimers()
  }
})
