import pino from 'pino'
import {expect, test} from 'vitest'
import type {OwnerDeps, OwnerShared} from './owner-shared.ts'
import {createRepairs} from './repairs.ts'
import {createTurns} from './turns.ts'
import {createWake} from './wake.ts'

interface Sum {
  value: number
  stale: boolean
}

const PROJECTION = {
  name: 'sums',
  create: (): Sum => ({value: 0, stale: false}),
  apply: (state: Sum, event: number) => (state.value += event),
  isStale: (state: Sum) => state.stale,
  adopt: (state: Sum, fresh: Sum) => Object.assign(state, fresh),
}

test('INV-41: raw rows are read again only when the minutes that lead to them are durable', async () => {
  const row = {
    projection: PROJECTION,
    key: 'a',
    state: {value: 7, stale: true},
    guard: -1,
    loaded: true,
  }
  const stop = new AbortController()
  const recomputed = Promise.withResolvers<void>()
  const progress = createWake()
  let scans = 0
  const state = {
    topic: 'events',
    partition: 0,
    foldedOffset: 15,
    durableOffset: 10,
    needsGeneration: false,
    // Raw rows alone do not tell: they are durable before the aggregates.
    pending: {isDurable: () => true},
    cache: {
      get stale() {
        return row.state.stale ? [{projection: 'sums', key: 'a'}] : []
      },
      rowAt: () => row,
      noteStale: () => {},
      touch: () => recomputed.resolve(),
    },
  }
  const repairs = createRepairs(
    {state, progress, between: createTurns()} as unknown as OwnerShared<number, null>,
    {
      stream: {
        fold: {projections: [PROJECTION], stream: {name: 'engagement'}},
        stores: {
          registers: {
            async *scan() {
              scans += 1
              yield [1, 2]
            },
          },
        },
      },
      metrics: {recomputed: {inc: () => {}}},
      log: pino({level: 'silent'}),
      now: () => 0,
    } as unknown as OwnerDeps<number, number, null>,
    {recomputeAgainMs: 1},
  )
  const running = repairs.run(stop.signal)
  const turns = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) await new Promise(resolve => setImmediate(resolve))
  }
  await turns()
  state.durableOffset = 14
  progress.ring()
  await turns()
  expect(scans, 'offset 15 is not durable yet').toBe(0)
  state.durableOffset = 15
  progress.ring()
  await recomputed.promise
  expect({scans, value: row.state.value}).toEqual({scans: 1, value: 3})
  stop.abort()
  await running
})
