/** Opens the reads of every declared stream, each when it is first needed. */
import type {Stream} from '../../contracts/stream.ts'
import type {Cassandra} from '../../platform/cassandra.ts'
import type {Redis} from '../../platform/redis.ts'
import {createLiveReads} from '../../readmodel/live-reads.ts'
import {readSpace} from '../../readmodel/migrate.ts'
import {createPartReader} from '../../readmodel/parts.ts'
import {planStream, type StreamPlan} from '../../readmodel/plan.ts'
import {createReferenceTable} from '../../readmodel/reference-table.ts'
import {createStreamReads} from '../../readmodel/stream-reads.ts'
import {createLate} from '../late.ts'
import {notFound} from '../problem.ts'
import {polledCassandra, runsOf, tolerant, type Stores} from './stores.ts'

export interface OpenDeps {
  readonly streams: readonly Stream[]
  readonly redis: Redis
  readonly cassandra: Cassandra
  readonly partitionsOf: (stream: Stream) => Promise<number>
  readonly freshness: () => Pick<Stores, 'ageMs' | 'isLive'>
  readonly metrics: Stores['metrics']
}

/** All reads, and those for what is asked all the time. */
export function openStores(deps: OpenDeps): {readonly stores: Stores; readonly polled: Stores} {
  const {streams, redis, cassandra, freshness} = deps
  const plans = new Map(
    streams.filter(({isReference}) => !isReference).map(one => [one.name, planStream(one)]),
  )
  const space = createLate(() => readSpace(cassandra))

  const storesOver = (storedUnder: (runs: () => Promise<string>) => Cassandra): Stores => {
    const open = (plan: StreamPlan) =>
      createLate(async () => {
        const {stream} = plan
        const partitions = await deps.partitionsOf(stream)
        const at = {space: await space.get(), stream: stream.name, partitions}
        const live = tolerant(createLiveReads(redis, at), redis, partitions)
        const stored = storedUnder(runsOf(live))
        const parts = createPartReader(stored)
        return createStreamReads(plan, {cassandra: stored, live, parts, partitions})
      })
    const reads = new Map([...plans].map(([name, plan]) => [name, open(plan)]))
    const known = <T>(found: T | undefined, name: string): T => {
      if (found === undefined) throw notFound('stream', name)
      return found
    }
    return {
      findPlan: name => plans.get(name),
      plan: name => known(plans.get(name), name),
      reads: async name => await known(reads.get(name), name).get(),
      space: () => space.get(),
      references(name) {
        const stream = streams.find(one => one.name === name)
        // Of them Redis has nothing: no run says that they have changed.
        return createReferenceTable(
          storedUnder(async () => ''),
          known(stream, name),
        )
      },
      isLive: name => redis.isReady && freshness().isLive(name),
      ageMs: (store, name) => freshness().ageMs(store, name),
      metrics: deps.metrics,
    }
  }
  return {
    stores: storesOver(() => cassandra),
    polled: storesOver(polledCassandra(cassandra, redis)),
  }
}
