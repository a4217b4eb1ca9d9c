import {expect, test} from 'vitest'
import {PipelineError} from './errors.ts'
import {retry, retryDelayMs} from './retry.ts'

const away = () => new PipelineError('UPSTREAM_UNAVAILABLE', 'away', {disposition: 'retry'})
const options = {
  attempts: 3,
  firstDelayMs: 1,
  maxDelayMs: 2,
  signal: new AbortController().signal,
  random: () => 0,
}

test('work is called again until it succeeds', async () => {
  let calls = 0
  const result = await retry(async () => {
    calls += 1
    if (calls < 3) throw away()
    return 'done'
  }, options)
  expect({result, calls}).toEqual({result: 'done', calls: 3})
})

test('after the last attempt the error is thrown without another wait', async () => {
  let calls = 0
  const waits: number[] = []
  const work = retry(
    async () => {
      calls += 1
      throw away()
    },
    {...options, onRetry: (_error, _attempt, delayMs) => void waits.push(delayMs)},
  )
  await expect(work).rejects.toThrow('away')
  expect({calls, waits: waits.length}).toEqual({calls: 3, waits: 2})
})

test('what is not declared retriable is not called again', async () => {
  let calls = 0
  const work = retry(async () => {
    calls += 1
    throw new Error('bug')
  }, options)
  await expect(work).rejects.toThrow('bug')
  expect(calls).toBe(1)
})

test('an abort ends the waiting with the last error', async () => {
  const stop = new AbortController()
  const work = retry(() => Promise.reject(away()), {
    ...options,
    attempts: Infinity,
    firstDelayMs: 60_000,
    maxDelayMs: 60_000,
    signal: stop.signal,
    onRetry: () => stop.abort(),
  })
  await expect(work).rejects.toThrow('away')
})

test('delays double up to the cap, and jitter takes at most half away', () => {
  const at = (attempt: number, random: number) =>
    retryDelayMs(attempt, {firstDelayMs: 100, maxDelayMs: 1_000, random: () => random})
  expect([at(1, 1), at(2, 1), at(3, 1), at(9, 1), at(9, 0)]).toEqual([100, 200, 400, 1_000, 500])
})
