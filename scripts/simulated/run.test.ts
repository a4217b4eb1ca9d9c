import {expect, test} from 'vitest'
import type {Change} from './changes.ts'
import {createFeed, STEP_MS} from './feed.ts'
import {createTeller, DEBT_MS, ROWS_MAX, run} from './run.ts'

const START_MS = Date.UTC(2026, 0, 1, 12)
const STREAMS = ['engagement', 'readings'] as const

interface World {
  readonly rate?: number
  readonly sinceMs?: number
  /** How long a batch takes to write. */
  readonly writeMs?: number
  readonly forMs?: number
  /** Stops after so many batches. */
  readonly batches?: number
}

/** A clock that goes on while somebody waits or writes. */
async function setup({rate = 100, sinceMs = 0, writeMs = 1, forMs = 10_000, batches}: World) {
  let nowMs = START_MS
  const stop = new AbortController()
  const written: (readonly Change[])[] = []
  const told: string[] = []
  const feed = createFeed({
    streams: STREAMS,
    seed: 1,
    startMs: START_MS - sinceMs,
    rate,
    contents: 10,
    users: 10,
    products: 1,
    devices: 2,
    isCalm: true,
  })
  const done = await run(
    {
      feed,
      write: async batch => {
        written.push(batch)
        nowMs += writeMs
        if (written.length === batches) stop.abort()
        await Promise.resolve()
      },
      tell: line => told.push(line),
      nowMs: () => nowMs,
      wait: async ms => {
        nowMs += Math.max(1, ms)
        await Promise.resolve()
      },
    },
    {streams: STREAMS, forMs, hasHistory: sinceMs > 0, stop: stop.signal},
  )
  return {written, told, feed, done, nowMs}
}

const rowsOf = (batches: readonly (readonly Change[])[]): number => batches.flat().length

test('writes at the rate, for as long as it was asked to, and says how much', async () => {
  const {written, told, done} = await setup({})
  expect(rowsOf(written)).toBeGreaterThan(985)
  expect(rowsOf(written)).toBeLessThanOrEqual(1000)
  expect(done.elapsedMs).toBeGreaterThanOrEqual(10_000)
  expect(done.elapsedMs).toBeLessThan(10_100)
  expect(told.at(-1)).toMatch(
    /^10 s \| \d+ events\/s \| \d+ engagement, \d+ readings \| last insert 1\.0 ms$/,
  )
})

test('no batch has more rows than it may', async () => {
  const {written} = await setup({rate: 200_000, writeMs: 5, forMs: 1000})
  expect(Math.max(...written.map(batch => batch.length))).toBe(ROWS_MAX)
})

test('a database that cannot keep up is not asked for what it owes', async () => {
  const {written, feed, nowMs} = await setup({rate: 100_000, writeMs: 500})
  expect(rowsOf(written)).toBeLessThanOrEqual(ROWS_MAX * 20)
  // At most what it may owe, and what was in hand.
  expect(nowMs - feed.atMs()).toBeLessThan(DEBT_MS + 5 * 500 + STEP_MS)
})

test('history is written at once, whole, and then it goes on live', async () => {
  const {written, feed, nowMs} = await setup({sinceMs: 3_600_000, writeMs: 3, forMs: 5000})
  expect(rowsOf(written)).toBeGreaterThan(3600 * 100)
  expect(rowsOf(written)).toBeLessThanOrEqual(3605 * 100)
  expect(nowMs - feed.atMs()).toBeLessThan(2 * STEP_MS)
})

test('whoever stops it has no further batch written', async () => {
  const {written, done} = await setup({rate: 200_000, batches: 3})
  expect(written).toHaveLength(3)
  expect([...done.inserted.values()].reduce((a, b) => a + b, 0)).toBe(rowsOf(written))
})

test('a terminal has one line that changes and fits, elsewhere lines come now and then', () => {
  const texts: string[] = []
  const write = (text: string) => texts.push(text)
  const tell = createTeller({isTTY: true, columns: 10, write}, 60_000)
  tell('one')
  tell('two, and more')
  expect(texts.splice(0)).toEqual(['\r\u001B[2Kone', '\r\u001B[2Ktwo, and '])
  createTeller({write}, 60_000)('one')
  createTeller({write}, 0)('two')
  expect(texts).toEqual(['two\n'])
})
