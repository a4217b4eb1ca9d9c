import {expect, test} from 'vitest'
import {pause, runLoops, type Loop} from './lifecycle.ts'

const untilStopped = (name: string, seen: string[]): Loop => ({
  name,
  async run(signal) {
    await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve()))
    seen.push(name)
  },
})

test('when one loop fails the others are stopped and its error is thrown', async () => {
  const seen: string[] = []
  const failing: Loop = {name: 'bad', run: () => Promise.reject(new Error('boom'))}
  const all = runLoops([untilStopped('a', seen), failing], new AbortController().signal)
  await expect(all).rejects.toThrow('boom')
  expect(seen).toEqual(['a'])
})

test('a signal stops all loops cleanly', async () => {
  const seen: string[] = []
  const stop = new AbortController()
  const all = runLoops([untilStopped('a', seen), untilStopped('b', seen)], stop.signal)
  stop.abort()
  await all
  expect(seen.toSorted()).toEqual(['a', 'b'])
})

test('several failures are told together', async () => {
  const bad = (name: string): Loop => ({name, run: () => Promise.reject(new Error(name))})
  const error = await runLoops([bad('a'), bad('b')], new AbortController().signal).catch(
    (e: unknown) => e,
  )
  expect(error).toBeInstanceOf(AggregateError)
})

test('a pause ends at once when the signal has fired', async () => {
  const stop = new AbortController()
  const waiting = pause(3_600_000, stop.signal)
  stop.abort()
  await waiting
  await pause(3_600_000, stop.signal)
})
