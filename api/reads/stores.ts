/** The stores that reads are answered from, each perhaps away, and what an answer says about them. */
import {PipelineError} from '../../platform/errors.ts'
import type {Cassandra} from '../../platform/cassandra.ts'
import type {Redis} from '../../platform/redis.ts'
import type {ActivityReads, LiveActivityReads} from '../../readmodel/activity-reads.ts'
import type {ActivityStore} from '../../readmodel/activity-store.ts'
import type {ContentReads} from '../../readmodel/content-reads.ts'
import type {ContentStore} from '../../readmodel/content-store.ts'
import type {EventStore} from '../../readmodel/event-store.ts'
import type {LiveReads} from '../../readmodel/live-reads.ts'
import type {ApiMetrics} from '../metrics.ts'
import {unavailable} from '../problem.ts'
import type {Meta, Source} from '../schemas/common.ts'
import {isoOrNull} from '../times.ts'

export interface StoredReads {
  readonly cassandra: Cassandra
  readonly content: ContentReads
  readonly activity: ActivityReads
  readonly events: EventStore
  readonly activities: ActivityStore
  readonly contents: ContentStore
}

export interface LiveStores {
  readonly engagement: LiveReads
  readonly activity: LiveActivityReads
}

export interface Stores {
  stored(): Promise<StoredReads>
  live(): Promise<LiveStores>
  /** Since everything committed was last known to be in the store, or null. */
  ageMs(store: 'redis' | 'cassandra', stream: 'engagement' | 'activity'): number | null
  readonly metrics: Pick<ApiMetrics, 'reads'>
}

const isAway = (error: unknown): boolean =>
  error instanceof PipelineError && error.disposition === 'retry'

export function metaOf(
  source: Source,
  facts: {
    readonly newestMicros?: number | null
    readonly ageMs?: number | null
    readonly notes?: readonly string[]
  } = {},
): Meta {
  return {
    source,
    newest_event_at: isoOrNull(facts.newestMicros),
    age_ms: facts.ageMs ?? null,
    notes: [...(facts.notes ?? [])],
  }
}

/** Redis fails at once while it is away, so that readers go on to Cassandra. */
export function needRedis(redis: Pick<Redis, 'isReady'>): void {
  if (redis.isReady) return
  throw new PipelineError('UPSTREAM_UNAVAILABLE', 'Redis is not connected', {disposition: 'retry'})
}

/** For what is asked all the time, such as open pages: what Redis has, or nothing. */
export const withoutStored = (stores: Stores): Stores => ({
  ...stores,
  async stored() {
    await Promise.resolve()
    throw new PipelineError('UPSTREAM_UNAVAILABLE', 'Cassandra is not polled', {
      disposition: 'retry',
    })
  },
})

/** Why an answer did not come from Redis. */
export const FROM_STORED =
  'Redis holds no complete figures now: this is Cassandra, up to a second behind'

/**
 * Redis first; Cassandra when Redis is away, or says that it does not hold everything.
 *
 * @throws 503 when neither answers
 */
export async function liveOrStored<T>(
  what: string,
  stores: Stores,
  read: {
    /** Null: Redis does not hold it completely. */
    readonly live: (live: LiveStores) => Promise<T | null>
    readonly stored: (stored: StoredReads) => Promise<T>
  },
): Promise<{readonly value: T; readonly source: 'redis' | 'cassandra'}> {
  try {
    const value = await read.live(await stores.live())
    if (value !== null) {
      stores.metrics.reads.inc({what, source: 'redis'})
      return {value, source: 'redis'}
    }
  } catch (error) {
    if (!isAway(error)) throw error
  }
  return {value: await fromStored(what, stores, read.stored), source: 'cassandra'}
}

/** @throws 503 when Cassandra does not answer */
export async function fromStored<T>(
  what: string,
  stores: Stores,
  read: (stored: StoredReads) => Promise<T>,
): Promise<T> {
  try {
    const value = await read(await stores.stored())
    stores.metrics.reads.inc({what, source: 'cassandra'})
    return value
  } catch (error) {
    if (isAway(error)) throw unavailable('Cassandra', error)
    throw error
  }
}
