import {expect, test, vi} from 'vitest'
import type {Cassandra} from '../../platform/cassandra.ts'
import type {Redis} from '../../platform/redis.ts'
import {layoutOf, type Generation} from '../../readmodel/generations.ts'
import {planStream} from '../../readmodel/plan.ts'
import {engagement} from '../../streams/sample/engagement.ts'
import {openStores} from './open.ts'

const GENERATION: Generation = {
  stream: engagement.name,
  keyspace: 'numbers',
  space: 'space',
  number: 1,
  state: 'complete',
  layout: layoutOf(engagement),
}
const [rollup] = planStream(engagement).rollups

test('a row that Redis does not have is polled once in a run, not of the run before', async () => {
  let run = 'a'
  let looks = 0
  const redis = {
    isReady: true,
    async pipelineBinary(commands: readonly (readonly string[])[]) {
      await Promise.resolve()
      // Markers, and rows of no run.
      return commands.map(([, key, ...fields]) =>
        fields.map(field => {
          if (!key!.endsWith(':live')) return null
          return Buffer.from(field === 'run' ? run : field === 'steps' ? '{}' : '1')
        }),
      )
    },
  } as unknown as Redis
  const cassandra = {
    async rows() {
      await Promise.resolve()
      looks++
      return []
    },
  } as unknown as Cassandra
  const {polled} = openStores({
    streams: [engagement],
    redis,
    cassandraOf: () => cassandra,
    served: {of: async () => await Promise.resolve(GENERATION)},
    partitionsOf: async () => 1,
    freshness: () => ({ageMs: () => 0, isLive: () => true}),
    standing: () => [],
    metrics: {reads: {inc: () => undefined}} as never,
  })
  const reads = (await polled.reads(engagement.name)).rollup(rollup!)
  const look = async (): Promise<number> => {
    await reads.entities(['content'])
    return looks
  }
  expect([await look(), await look()]).toEqual([1, 1])
  run = 'b'
  expect([await look(), await look()]).toEqual([2, 2])
  run = 'c'
  expect(await look()).toBe(3)
})

test('answers do not go back when another generation takes over: it is asked once it is as far', async () => {
  const offsets = new Map([
    ['old', 10],
    ['new', 3],
  ])
  let space = 'old'
  let looks = 0
  const redis = {
    isReady: true,
    async pipelineBinary(commands: readonly (readonly string[])[]) {
      await Promise.resolve()
      looks += 1
      return commands.map(([, key, ...fields]) => {
        const own = key!.slice(0, 3)
        return fields.map(field => {
          if (!key!.endsWith(':live')) return null
          const values: Record<string, string> = {run: `${own}.1`, steps: '{}'}
          return Buffer.from(values[field] ?? String(offsets.get(own)))
        })
      })
    },
  } as unknown as Redis
  const {stores} = openStores({
    streams: [engagement],
    redis,
    cassandraOf: () => ({rows: async () => await Promise.resolve([])}) as unknown as Cassandra,
    served: {of: async () => await Promise.resolve({...GENERATION, space})},
    partitionsOf: async () => 1,
    freshness: () => ({ageMs: () => 0, isLive: () => true}),
    standing: () => [],
    metrics: {reads: {inc: () => undefined}} as never,
  })
  await stores.reads('engagement')
  space = 'new'
  let isGiven = false
  const given = stores.reads('engagement').then(async reads => {
    isGiven = true
    return (await reads.live.markers())[0]?.offset
  })
  await vi.waitUntil(() => looks > 3)
  expect(isGiven).toBe(false)
  offsets.set('new', 11)
  expect(await given).toBe(11)
})
