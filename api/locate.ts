/** Where an awaited event was in Kafka, and how far each store is: for `after_event`. */
import {activity} from '../contracts/activity.ts'
import {engagement} from '../contracts/engagement.ts'
import {partitionFor} from '../contracts/partition.ts'
import type {Database} from './database.ts'
import {placeActivity, placeEvent} from './reads/event-place.ts'
import type {Stores} from './reads/stores.ts'
import type {Lease} from '../readmodel/lease-reads.ts'
import {shareReads, type AwaitedEvent, type EventOffset, type WaitDeps} from './waits.ts'

export interface LocateDeps {
  readonly db: Database
  readonly stores: Stores
  readonly partitionsOf: (stream: AwaitedEvent['stream']) => Promise<number>
  /** Next offset that is not durable in Cassandra yet. */
  readonly committed: (stream: AwaitedEvent['stream'], partition: number) => Promise<number | null>
  /** Tells the owner of a partition that somebody waits for Cassandra. */
  readonly mark: (stream: AwaitedEvent['stream'], partition: number) => Promise<void>
}

/** Marks of a partition are looked up at most so often, whoever waits. */
const MARK_MS = 4
/** The owner is told again so often while somebody waits: well before its notice ends. */
const NOTICE_AGAIN_MS = 250

/** As `shareReads`, for calls about one partition of a stream. */
function sharePartitionCalls<V>(
  call: (stream: AwaitedEvent['stream'], partition: number) => Promise<V>,
  lifeMs: number,
): typeof call {
  const shared = shareReads(async (key: string) => {
    const [stream, partition] = key.split(':')
    return await call(stream as AwaitedEvent['stream'], Number(partition))
  }, lifeMs)
  return async (stream, partition) => await shared(`${stream}:${partition}`)
}

async function locateEngagement(deps: LocateDeps, id: number): Promise<EventOffset | null> {
  const {db, stores} = deps
  const partitions = await deps.partitionsOf('engagement')
  const live = await stores.live().catch(() => undefined)
  const fields = await live?.engagement.event(id).catch(() => null)
  if (fields?.['src_offset'] !== undefined) {
    const partition = partitionFor(fields['content_id'] ?? null, String(id), partitions)
    return {partition, offset: Number(fields['src_offset'])}
  }
  const place = await placeEvent(db, id)
  if (place === undefined) return null
  const found = await (await stores.stored()).events.find(place)
  if (found === null) return null
  return {
    partition: partitionFor(place.content_id, String(id), partitions),
    offset: found.src_offset,
  }
}

async function locateActivity(deps: LocateDeps, id: number): Promise<EventOffset | null> {
  const place = await placeActivity(deps.db, id)
  if (place === undefined) return null
  const stored = await deps.stores.stored()
  const found = await stored.activities.find({
    ...place,
    activity_type: '',
    metadata: null,
    page: null,
  })
  if (found === null) return null
  const partitions = await deps.partitionsOf('activity')
  return {partition: partitionFor(place.user_id, String(id), partitions), offset: found.src_offset}
}

export function createLocate(deps: LocateDeps): Pick<WaitDeps, 'locate' | 'watermark' | 'hurry'> {
  const leases = shareReads(async (stream: AwaitedEvent['stream']) => {
    const live = await deps.stores.live()
    return await live[stream].leases()
  }, MARK_MS)
  const committed = sharePartitionCalls(deps.committed, MARK_MS)
  const mark = sharePartitionCalls(deps.mark, NOTICE_AGAIN_MS)
  const stored = async (
    stream: AwaitedEvent['stream'],
    partition: number,
  ): Promise<number | null> => {
    const next = await committed(stream, partition)
    return next === null ? null : next - 1
  }
  return {
    locate: event =>
      event.stream === 'engagement'
        ? locateEngagement(deps, event.id)
        : locateActivity(deps, event.id),
    // Without Redis checkpoints come in their own time.
    hurry: (stream, partition) => void mark(stream, partition).catch(() => undefined),
    async watermark(store, stream, partition) {
      if (store === 'cassandra') return await stored(stream, partition)
      const standing = await leases(stream).catch((): (Lease | null)[] => [])
      // Without all leases Cassandra answers, so its mark counts.
      if (standing.length === 0 || standing.includes(null)) return await stored(stream, partition)
      return standing[partition]?.offset ?? null
    },
  }
}

/** Topics by stream, without prefix. */
export const TOPIC_OF = {engagement: engagement.topic, activity: activity.topic} as const
