/** Opens the reads of every declared stream, each when it is first needed, and anew when it was built again. */
import {setTimeout as sleep} from 'node:timers/promises'
import type {Stream} from '../../contracts/stream.ts'
import type {Cassandra} from '../../platform/cassandra.ts'
import type {Redis} from '../../platform/redis.ts'
import {lackOf, type Generation} from '../../readmodel/generations.ts'
import {createLiveReads} from '../../readmodel/live-reads.ts'
import {createPartReader} from '../../readmodel/parts.ts'
import {planStream, type StreamPlan} from '../../readmodel/plan.ts'
import {createReferenceTable} from '../../readmodel/reference-table.ts'
import {createStreamReads, type StreamReads} from '../../readmodel/stream-reads.ts'
import {createLate, type Late} from '../late.ts'
import {incomplete, noStream} from '../problem.ts'
import type {Served} from './served.ts'
import {polledCassandra, runsOf, tolerant, type Stores} from './stores.ts'

export interface OpenDeps {
  readonly streams: readonly Stream[]
  readonly redis: Redis
  readonly cassandraOf: (keyspace: string) => Cassandra
  readonly served: Pick<Served, 'of'>
  readonly partitionsOf: (stream: Stream) => Promise<number>
  readonly freshness: () => Pick<Stores, 'ageMs' | 'isLive'>
  readonly standing: Stores['standing']
  readonly metrics: Stores['metrics']
}

type StoredUnder = (keyspace: string, runs: () => Promise<string>) => Cassandra

interface Opened {
  readonly space: string
  readonly reads: Late<StreamReads>
  /** Resolves when it has all that was answered from the one before. */
  readonly ready: Promise<void>
}

const AS_FAR_MS = 3000
const LOOK_MS = 10

/**
 * The newer generation may be a moment behind the older, and answers must not go back: whoever asks at the switch
 * waits until it has what the older one had then.
 */
async function whenAsFar(older: Late<StreamReads>, newer: Late<StreamReads>): Promise<void> {
  const markersOf = async (of: Late<StreamReads>) => await (await of.get()).live.markers()
  const deadlineMs = performance.now() + AS_FAR_MS
  try {
    const wanted = await markersOf(older)
    for (;;) {
      const now = await markersOf(newer)
      const isAsFar = wanted.every((marker, partition) => {
        const own = now[partition] ?? null
        // Where it says nothing, Cassandra is asked.
        return marker === null || own === null || own.offset >= marker.offset
      })
      if (isAsFar || performance.now() > deadlineMs) return
      await sleep(LOOK_MS)
    }
  } catch {
    // A store is away: what answers is asked, as ever.
  }
}

/** All reads, and those for what is asked all the time. */
export function openStores(deps: OpenDeps): {readonly stores: Stores; readonly polled: Stores} {
  const {streams, redis, served, freshness} = deps
  const plans = new Map(
    streams.filter(({isReference}) => !isReference).map(one => [one.name, planStream(one)]),
  )
  const known = <T>(found: T | undefined, name: string): T => {
    if (found === undefined) throw noStream(name, streams)
    return found
  }

  const storesOver = (storedUnder: StoredUnder): Stores => {
    const opened = new Map<string, Opened>()
    const open = (plan: StreamPlan, {keyspace, space}: Generation): Late<StreamReads> =>
      createLate(async () => {
        const {stream} = plan
        const partitions = await deps.partitionsOf(stream)
        const at = {space, stream: stream.name, partitions}
        const live = tolerant(createLiveReads(redis, at), redis, partitions)
        const stored = storedUnder(keyspace, runsOf(live))
        const parts = createPartReader(stored)
        return createStreamReads(plan, {cassandra: stored, live, parts, partitions})
      })
    return {
      findPlan: name => plans.get(name),
      plan: name => known(plans.get(name), name),
      async reads(name) {
        const plan = known(plans.get(name), name)
        const generation = await served.of(name)
        const lack = lackOf(generation, plan.stream)
        if (lack !== null) throw incomplete(name, lack.what)
        const {space} = generation
        let entry = opened.get(name)
        if (entry?.space !== space) {
          const reads = open(plan, generation)
          const ready = entry === undefined ? Promise.resolve() : whenAsFar(entry.reads, reads)
          entry = {space, reads, ready}
          opened.set(name, entry)
        }
        await entry.ready
        return await entry.reads.get()
      },
      space: async name => (await served.of(name)).space,
      references(name) {
        const stream = known(
          streams.find(one => one.name === name),
          name,
        )
        return {
          async load(ids) {
            const {keyspace} = await served.of(name)
            // Of them Redis has nothing: no run says that they have changed.
            const stored = storedUnder(keyspace, async () => '')
            return await createReferenceTable(stored, stream).load(ids)
          },
        }
      },
      isLive: name => redis.isReady && freshness().isLive(name),
      ageMs: (store, name) => freshness().ageMs(store, name),
      standing: deps.standing,
      metrics: deps.metrics,
    }
  }
  const polled = new Map<string, ReturnType<typeof polledCassandra>>()
  return {
    stores: storesOver(keyspace => deps.cassandraOf(keyspace)),
    polled: storesOver((keyspace, runs) => {
      const over = polled.get(keyspace) ?? polledCassandra(deps.cassandraOf(keyspace), redis)
      polled.set(keyspace, over)
      return over(runs)
    }),
  }
}
