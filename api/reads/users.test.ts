import {expect, test} from 'vitest'
import {planStream} from '../../readmodel/plan.ts'
import type {StreamReads} from '../../readmodel/stream-reads.ts'
import {activity} from '../../streams/sample/activity.ts'
import {FROM_STORED, type Stores} from './stores.ts'
import {createUserReads} from './users.ts'

const plan = planStream(activity)

/** Redis keeps up, Cassandra is four seconds behind. */
function pagesOf(hash: readonly (ReadonlyMap<string, number> | null)[]) {
  const reads = {
    plan,
    live: {namedHash: async () => hash},
    rollup: () => ({async *all() {}}),
  } as unknown as StreamReads
  const stores = {
    plan: () => plan,
    reads: async () => reads,
    isLive: () => true,
    standing: () => [],
    ageMs: (store: string) => (store === 'redis' ? 10 : 4000),
    metrics: {reads: {inc: () => undefined}},
  } as unknown as Stores
  return createUserReads({stores}).pages()
}

test('pages are as old as the store that they are from', async () => {
  const {value, meta} = await pagesOf([new Map([['/a', 1]]), new Map([['/a', 2]])])
  expect(value).toEqual(new Map([['/a', 3]]))
  expect(meta).toMatchObject({source: 'redis', age_ms: 10, notes: []})
  const stored = await pagesOf([new Map([['/a', 1]]), null])
  expect(stored.meta).toMatchObject({source: 'cassandra', age_ms: 4000, notes: [FROM_STORED]})
})
