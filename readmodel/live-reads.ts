/**
 * Typed reads of engagement from Redis. A partition's values count only while its lease stands and
 * is that of the server that answers; otherwise the answer is null and readers go to Cassandra.
 */
import {engagement} from '../contracts/engagement.ts'
import {partitionFor} from '../contracts/partition.ts'
import type {Redis, RedisCommand} from '../platform/redis.ts'
import {decodeContentState, mergeContentState, ContentState} from './content-state.ts'
import {addLiveEntry, emptySums, type WindowSums} from './leaderboard-state.ts'
import {createLeaseReader, type StandingLease} from './lease-reads.ts'
import {eventKey, leaderboardKey, platformMinuteKey, totalsKey, viewersKey} from './redis-keys.ts'
import {MINUTE_SECONDS} from './time.ts'
import {UserUnion} from './user-counts.ts'
import {addLiveViewers} from './viewers-state.ts'
import {windowSteps} from './windows.ts'

export interface LiveTotals {
  /** Numbers of every device and type; its viewers are empty. */
  readonly state: ContentState
  readonly uniqueViewers: number
  readonly partition: number
  /** Everything of the partition up to this offset is included. */
  readonly appliedOffset: number
  /** Microseconds since 1970 of the newest event, null without any. */
  readonly newestEventAt: number | null
}

export interface LiveReads {
  /** Leases that stand, by partition; null where none does. */
  leases(): Promise<readonly (StandingLease | null)[]>
  /**
   * Totals by content: missing where no lease stands, `unknown` for a content that Redis says
   * nothing about.
   */
  totals(contentIds: readonly string[]): Promise<ReadonlyMap<string, LiveTotals | 'unknown'>>
  /** Fields of an event's hash; null when it is not there or may be outdated. */
  event(eventId: number): Promise<Readonly<Record<string, string>> | null>
  /** Sums of every content over the steps of a window that ends now; null without all leases. */
  leaderboard(nowS: number, windowS: number): Promise<ReadonlyMap<string, WindowSums> | null>
  activeUsers(nowS: number, windowS: number): Promise<number | null>
  /** Minutes of the platform with events, oldest first; kept for two hours. */
  platformMinutes(
    fromS: number,
    toS: number,
  ): Promise<ReadonlyArray<{readonly start: number; readonly state: ContentState}> | null>
}

/** @param partitions of the engagement topic: its number never changes */
export function createLiveReads(redis: Redis, partitions: number): LiveReads {
  const leases = createLeaseReader(redis, engagement.name, partitions)
  const everyPartition = Array.from({length: partitions}, (_, partition) => partition)
  const steps = createStepCache(redis)

  return {
    leases: () => leases.all(),
    async totals(contentIds) {
      const wanted = contentIds.map(id => ({id, partition: partitionFor(id, '', partitions)}))
      const standing = await leases.of(wanted.map(({partition}) => partition))
      const held = wanted.filter(({partition}) => standing.has(partition))
      const replies = (await redis.pipelineBinary(
        held.map(({id, partition}) => [
          'HMGET',
          totalsKey(partition, id),
          'detail',
          'unique_viewers',
        ]),
      )) as ReadonlyArray<readonly (Buffer | null)[]>
      return new Map(
        held.map(({id, partition}, i) => {
          const {offset} = standing.get(partition)!
          return [id, toTotals(replies[i]!, {partition, appliedOffset: offset})]
        }),
      )
    },
    async event(eventId) {
      const reply = (await redis.send(['HGETALL', eventKey(eventId)])) as readonly string[]
      if (reply.length === 0) return null
      const fields = Object.fromEntries(pairs(reply))
      const key = fields['content_id'] ?? null
      const partition = partitionFor(key, String(eventId), partitions)
      const standing = await leases.of([partition])
      return standing.has(partition) ? fields : null
    },
    async leaderboard(nowS, windowS) {
      if ((await leases.all()).includes(null)) return null
      const sums = new Map<string, WindowSums>()
      const keys = everyPartition.flatMap(partition =>
        windowSteps(nowS, windowS).map(step => leaderboardKey(partition, step)),
      )
      for (const entries of await steps.read(keys)) {
        for (const [contentId, bytes] of entries) {
          let target = sums.get(contentId)
          if (target === undefined) sums.set(contentId, (target = emptySums()))
          addLiveEntry(target, bytes)
        }
      }
      return sums
    },
    async activeUsers(nowS, windowS) {
      if ((await leases.all()).includes(null)) return null
      const commands = everyPartition.map((partition): RedisCommand => [
        'MGET',
        ...windowSteps(nowS, windowS).map(step => viewersKey(partition, step)),
      ])
      const union = new UserUnion()
      for (const values of await redis.pipelineBinary(commands)) {
        for (const value of values as ReadonlyArray<Buffer | null>) {
          if (value !== null) addLiveViewers(union, value)
        }
      }
      return union.size
    },
    async platformMinutes(fromS, toS) {
      if ((await leases.all()).includes(null)) return null
      const starts: number[] = []
      const first = Math.floor(fromS / MINUTE_SECONDS) * MINUTE_SECONDS
      for (let start = first; start < toS; start += MINUTE_SECONDS) starts.push(start)
      const keys = starts.flatMap(start =>
        everyPartition.map(partition => ({start, key: platformMinuteKey(partition, start)})),
      )
      const replies = await redis.pipelineBinary(keys.map(({key}) => ['HGET', key, 'detail']))
      const merged = new Map<number, ContentState>()
      for (const [i, detail] of replies.entries()) {
        if (detail === null) continue
        const {start} = keys[i]!
        const target = merged.get(start) ?? new ContentState()
        mergeContentState(target, decodeContentState(detail as Buffer))
        merged.set(start, target)
      }
      return [...merged].map(([start, state]) => ({start, state}))
    },
  }
}

function* pairs(flat: readonly string[]): IterableIterator<[string, string]> {
  for (let i = 0; i + 1 < flat.length; i += 2) yield [flat[i]!, flat[i + 1]!]
}

function toFields(flat: readonly Buffer[]): ReadonlyMap<string, Buffer> {
  const fields = new Map<string, Buffer>()
  for (let i = 0; i + 1 < flat.length; i += 2) fields.set(flat[i]!.toString(), flat[i + 1]!)
  return fields
}

function toTotals(
  [detail, uniqueViewers]: readonly (Buffer | null)[],
  at: {readonly partition: number; readonly appliedOffset: number},
): LiveTotals | 'unknown' {
  if (detail === null || detail === undefined) return 'unknown'
  const state = decodeContentState(detail)
  const newest = Math.max(...state.last)
  return {
    ...at,
    state,
    uniqueViewers: Number(uniqueViewers?.toString() ?? 0),
    newestEventAt: Number.isFinite(newest) ? newest : null,
  }
}

interface StepCache {
  /** Entries of every key that exists. */
  read(keys: readonly string[]): Promise<ReadonlyArray<ReadonlyMap<string, Buffer>>>
}

/**
 * Steps that lie back do not change any more, mostly: they are read again only when their offset
 * says so.
 */
function createStepCache(redis: Redis): StepCache {
  let known = new Map<string, {offset: string; entries: ReadonlyMap<string, Buffer>}>()
  let connection = -1
  return {
    async read(keys) {
      // Another server, or one that has forgotten, may have other values at the same offset.
      if (connection !== redis.connection) known = new Map()
      connection = redis.connection
      const offsets = await redis.pipeline(keys.map(key => ['HGET', key, 'src_offset']))
      const present = keys.flatMap((key, i) => {
        const offset = offsets[i] as string | null
        return offset === null ? [] : [{key, offset}]
      })
      const changed = present.filter(({key, offset}) => known.get(key)?.offset !== offset)
      const replies = await redis.pipelineBinary(changed.map(({key}) => ['HGETALL', key]))
      const next = new Map<string, {offset: string; entries: ReadonlyMap<string, Buffer>}>()
      for (const {key} of present) {
        const before = known.get(key)
        if (before !== undefined) next.set(key, before)
      }
      for (const [i, {key}] of changed.entries()) {
        const entries = new Map(toFields(replies[i] as readonly Buffer[]))
        const offset = entries.get('src_offset')?.toString() ?? ''
        entries.delete('src_offset')
        next.set(key, {offset, entries})
      }
      known = next
      return [...next.values()].map(({entries}) => entries)
    },
  }
}
