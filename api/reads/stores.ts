/** The stores that reads are answered from, each perhaps away, and what an answer says about them. */
import {LRUCache} from 'lru-cache'
import type {Cassandra, CqlRow} from '../../platform/cassandra.ts'
import {PipelineError} from '../../platform/errors.ts'
import type {Redis} from '../../platform/redis.ts'
import type {LiveReads} from '../../readmodel/live-reads.ts'
import type {StreamPlan} from '../../readmodel/plan.ts'
import type {ReferenceTable} from '../../readmodel/reference-table.ts'
import type {Source, StreamReads} from '../../readmodel/stream-reads.ts'
import {mergeReads} from '../merge-reads.ts'
import type {ApiMetrics} from '../metrics.ts'
import {unavailable} from '../problem.ts'
import type {Meta} from '../schemas/common.ts'
import {isoOrNull, wholeMs} from '../times.ts'
import type {Answered} from './reads.ts'

export interface Stores {
  /** Undefined when no such stream is counted. */
  readonly findPlan: (stream: string) => StreamPlan | undefined
  /** @throws 404 when no such stream is counted */
  readonly plan: (stream: string) => StreamPlan
  /** @throws 404, 503 while the stream lacks rows, and `retry` while what it needs has never answered */
  readonly reads: (stream: string) => Promise<StreamReads>
  /** What the keyspace that serves a stream calls itself in Redis. */
  space(stream: string): Promise<string>
  /** Rows of a stream that others show. */
  references(stream: string): Pick<ReferenceTable, 'load'>
  /** Whether all owners of the stream were keeping Redis up to date when last looked at. */
  isLive(stream: string): boolean
  /** Since everything committed was last known to be in the store, or null. */
  ageMs(store: Source, stream: string): number | null
  /** Names of its partitions that stood still when last looked at. */
  standing(stream: string): readonly string[]
  readonly metrics: Pick<ApiMetrics, 'reads'>
}

export const isAway = (error: unknown): boolean =>
  error instanceof PipelineError && error.disposition === 'retry'

/** Why an answer is not as new as it could be. */
export const FROM_STORED =
  'Redis holds no complete figures now: this is Cassandra, up to some seconds behind'

/** What an answer lacks while a partition stands still. */
export const standingNote = (partition: string): string =>
  `partition ${partition} stands still: what came into it since is not in this answer`

/** A value, and where it is from. */
export interface Found<T> {
  readonly value: T
  readonly source: Source
  /** Microseconds since 1970. */
  readonly newestMicros?: number | null
  readonly notes?: readonly string[]
  readonly isFresh?: boolean
  /** It was read row by row as stored, whatever Redis has. */
  readonly isScan?: boolean
}

/** Of rows as they are stored: Cassandra holds all but what the last seconds brought. */
export const SCANNED = {source: 'cassandra', isScan: true} as const

/**
 * Reads of a stream, and says how fresh that is.
 *
 * @param what for the metrics
 * @throws 503 when no store answers
 */
export async function readFrom<T>(
  stores: Stores,
  {what, stream}: {readonly what: string; readonly stream: string},
  work: (reads: StreamReads) => Promise<Found<T>>,
): Promise<Answered<T>> {
  try {
    const found = await work(await stores.reads(stream))
    const {value, source, newestMicros, notes = [], isScan = false} = found
    stores.metrics.reads.inc({what, source})
    // What Redis does not hold is stored, while an owner keeps it up to date.
    const isFresh = source === 'redis' || (!isScan && (found.isFresh ?? stores.isLive(stream)))
    const meta: Meta = {
      source,
      newest_event_at: isoOrNull(newestMicros),
      age_ms: wholeMs(stores.ageMs(isFresh ? 'redis' : 'cassandra', stream)),
      notes: [
        ...notes,
        ...(isFresh || isScan ? [] : [FROM_STORED]),
        ...stores.standing(stream).map(standingNote),
      ],
    }
    return {value, meta}
  } catch (error) {
    if (isAway(error)) throw unavailable('Cassandra', error)
    throw error
  }
}

/** Redis that is away holds nothing: then what is stored is asked. */
export function tolerant(
  live: LiveReads,
  redis: Pick<Redis, 'isReady'>,
  partitions: number,
): LiveReads {
  const none = Array.from({length: partitions}, () => null)
  const orElse = async <T>(read: () => Promise<T>, nothing: T): Promise<T> => {
    if (!redis.isReady) return nothing
    try {
      return await read()
    } catch (error) {
      if (isAway(error)) return nothing
      throw error
    }
  }
  const missing = (rows: readonly unknown[]): null[] => rows.map(() => null)
  return {
    markers: () => orElse(() => live.markers(), none),
    rows: (id, fields, rows) => orElse(() => live.rows(id, fields, rows), missing(rows)),
    entities: (plan, rows) => orElse(() => live.entities(plan, rows), missing(rows)),
    event: (hashes, id) => orElse(() => live.event(hashes, id), undefined),
    window: (plan, nowS, totals) => orElse(() => live.window(plan, nowS, totals), none),
    namedHash: name => orElse(() => live.namedHash(name), none),
  }
}

/** Cassandra that is opened when it is first asked. */
export function lateCassandra(get: () => Promise<Cassandra>): Cassandra {
  return {
    keyspace: undefined,
    rows: async (...given) => await (await get()).rows(...given),
    rowsSerial: async (...given) => await (await get()).rowsSerial(...given),
    page: async (...given) => await (await get()).page(...given),
    async *pages(...given) {
      yield* (await get()).pages(...given)
    },
    execute: async (...given) => await (await get()).execute(...given),
    batch: async statements => await (await get()).batch(statements),
    transact: async (...given) => await (await get()).transact(...given),
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

const POLLED_MS = 10_000
const POLLED_MAX = 20_000

/** What the owners of a stream call their runs, as it is when it is asked. */
export function runsOf(live: Pick<LiveReads, 'markers'>): () => Promise<string> {
  const read = mergeReads(async (): Promise<ReadonlyMap<string, string>> => {
    const markers = await live.markers()
    return new Map([['', markers.map(marker => marker?.run).join()]])
  })
  return async () => (await read(''))!
}

/**
 * Cassandra for what is asked all the time, such as open pages: the same single rows once in ten seconds
 * and run, since a row that changes meanwhile is in Redis under that run; nothing while that is away,
 * and no scans.
 */
export function polledCassandra(
  cassandra: Cassandra,
  redis: Pick<Redis, 'isReady'>,
): (runs: () => Promise<string>) => Cassandra {
  const refuse = (): Promise<never> => {
    const detail = 'Cassandra is not polled'
    return Promise.reject(new PipelineError('UPSTREAM_UNAVAILABLE', detail, {disposition: 'retry'}))
  }
  const rows = new LRUCache<string, Promise<readonly CqlRow[]>>({max: POLLED_MAX, ttl: POLLED_MS})
  return runs => ({
    ...lateCassandra(refuse),
    async rows(query, params) {
      if (!redis.isReady) return await refuse()
      // Looked at after Redis did not have the row, and before the row is read.
      const key = JSON.stringify([await runs(), query, params])
      const known = rows.get(key)
      if (known !== undefined) return await known
      const reading = cassandra.rows(query, params)
      rows.set(key, reading)
      reading.catch(() => rows.delete(key))
      return await reading
    },
  })
}
