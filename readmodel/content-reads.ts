/** Typed reads of engagement from Cassandra, for whoever serves them. */
import {partitionFor} from '../contracts/partition.ts'
import {toNumber, toText, toUuidBytes, type Cassandra, type CqlRow} from '../platform/cassandra.ts'
import {timeKey} from './aggregate-keys.ts'
import {DAY_BUCKETS, periodOf} from './content-place.ts'
import {decodeContentState, mergeContentState, ContentState} from './content-state.ts'
import {loadFigures, placeOfTime, placeOfTotals, toContentState} from './content-tables.ts'
import {monthsOf, type TimeRange} from './event-scan.ts'
import {addEntry, decodeLeaderboard, emptySums, type WindowSums} from './leaderboard-state.ts'
import {readRetention} from './retention-table.ts'
import type {RetentionState} from './retention-state.ts'
import {DAY_SECONDS, HOUR_SECONDS, isoDayOfSeconds, startOf} from './time.ts'
import {UserUnion} from './user-counts.ts'
import {decodeViewers} from './viewers-state.ts'
import {windowSteps} from './windows.ts'

export interface ReadOptions {
  /** False: spilled viewers are not looked up, the sketch is incomplete. Default true. */
  readonly viewers?: boolean
}

export interface TimedState {
  /** Start of the bucket, seconds since 1970. */
  readonly start: number
  readonly state: ContentState
}

export interface StoredTotals {
  readonly state: ContentState
  readonly partition: number
  readonly srcOffset: number
}

export type SeriesGranularity = 'minute' | 'hour' | 'day'

export interface ContentReads {
  totals(contentId: string, options?: ReadOptions): Promise<StoredTotals | null>
  /** Buckets with events that start in the range, oldest first. */
  series(
    contentId: string,
    granularity: SeriesGranularity,
    range: TimeRange,
    options?: ReadOptions,
  ): Promise<readonly TimedState[]>
  /** Every content with events on the day (seconds since 1970 of its start), in pages. */
  day(
    start: number,
    options?: ReadOptions,
  ): AsyncIterable<ReadonlyArray<{readonly contentId: string; readonly state: ContentState}>>
  /** Every content there is, in total, in pages. */
  allTotals(
    options?: ReadOptions,
  ): AsyncIterable<ReadonlyArray<{readonly contentId: string; readonly state: ContentState}>>
  /** The whole platform, summed over source partitions; without viewers, first and last event. */
  platform(granularity: SeriesGranularity, range: TimeRange): Promise<readonly TimedState[]>
  retention(contentId: string): Promise<readonly RetentionState[]>
  /** Sums of every content over the steps of a window that ends now. */
  leaderboard(nowS: number, windowS: number): Promise<ReadonlyMap<string, WindowSums>>
  activeUsers(nowS: number, windowS: number): Promise<number>
}

const SERIES = `SELECT start, detail FROM content_metrics
  WHERE content_id = ? AND period = ? AND granularity = ? AND start >= ? AND start < ?`
const PLATFORM = `SELECT start, detail FROM platform_metrics
  WHERE src_partition = ? AND period = ? AND granularity = ? AND start >= ? AND start < ?`
const DAY = 'SELECT content_id, detail FROM content_days WHERE day = ? AND bucket = ?'
const ALL_TOTALS = 'SELECT src_partition, content_id, detail FROM content_totals'
const LEADERBOARD = `SELECT step, detail FROM leaderboard_steps
  WHERE src_partition = ? AND hour = ? AND step >= ? AND step <= ?`
const VIEWERS = `SELECT step, detail FROM viewer_steps
  WHERE src_partition = ? AND hour = ? AND step >= ? AND step <= ?`
const PAGE = 500

/** Cassandra partitions that hold the buckets of a range. */
export function periodsOf(granularity: SeriesGranularity, range: TimeRange): readonly string[] {
  if (granularity !== 'minute') {
    return monthsOf(range).map(start => periodOf({granularity, start}))
  }
  const starts: number[] = []
  for (let at = startOf('hour', range.from); at < range.to; at += HOUR_SECONDS) starts.push(at)
  return [...new Set(starts.map(start => periodOf({granularity, start})))]
}

/** @param partitions of the engagement topic: its number never changes */
export function createContentReads(cassandra: Cassandra, partitions: number): ContentReads {
  const everyPartition = Array.from({length: partitions}, (_, partition) => partition)

  const toState = async (
    row: CqlRow,
    viewers: Parameters<typeof toContentState>[2],
    options: ReadOptions,
  ): Promise<ContentState> =>
    options.viewers === false
      ? decodeContentState(row['detail'] as Buffer)
      : await toContentState(cassandra, row, viewers)

  const dayBuckets = async (
    contentId: string,
    range: TimeRange,
    options: ReadOptions,
  ): Promise<readonly TimedState[]> => {
    const starts: number[] = []
    const first = startOf('day', range.from + DAY_SECONDS - 1)
    for (let start = first; start < range.to; start += DAY_SECONDS) starts.push(start)
    const found = await Promise.all(
      starts.map(async start => {
        const place = placeOfTime(contentId, timeKey('day', start))
        const loaded = await loadFigures(cassandra, place, options.viewers !== false)
        return loaded === null ? [] : [{start, state: loaded.state as ContentState}]
      }),
    )
    return found.flat()
  }

  const window = async (
    query: string,
    {nowS, windowS}: {nowS: number; windowS: number},
    take: (detail: Buffer) => void,
  ): Promise<void> => {
    const steps = windowSteps(nowS, windowS)
    const [first, last] = [steps[0]!, steps.at(-1)!]
    const hours = new Set([startOf('hour', first), startOf('hour', last)])
    for (const partition of everyPartition) {
      for (const hour of hours) {
        const key = [partition, hour * 1000, first * 1000, last * 1000]
        for await (const rows of cassandra.pages(query, key, 50)) {
          for (const row of rows) take(row['detail'] as Buffer)
        }
      }
    }
  }

  return {
    async totals(contentId, options = {}) {
      const partition = partitionFor(contentId, '', partitions)
      const place = placeOfTotals(contentId, partition)
      const loaded = await loadFigures(cassandra, place, options.viewers !== false)
      if (loaded === null) return null
      return {state: loaded.state as ContentState, partition, srcOffset: loaded.srcOffset}
    },
    async series(contentId, granularity, range, options = {}) {
      if (granularity === 'day') return await dayBuckets(contentId, range, options)
      const id = toUuidBytes(contentId)
      const bounds = [granularity, range.from * 1000, range.to * 1000] as const
      const found = await Promise.all(
        periodsOf(granularity, range).map(async period => {
          const rows = await cassandra.rows(SERIES, [id, period, ...bounds])
          return await Promise.all(
            rows.map(async row => {
              const ms = toNumber(row['start'])
              return {
                start: ms / 1000,
                state: await toState(row, [id, period, granularity, ms], options),
              }
            }),
          )
        }),
      )
      return found.flat()
    },
    async *day(start, options = {}) {
      const day = isoDayOfSeconds(start)
      for (let bucket = 0; bucket < DAY_BUCKETS; bucket++) {
        for await (const rows of cassandra.pages(DAY, [day, bucket], PAGE)) {
          yield await Promise.all(
            rows.map(async row => {
              const contentId = toText(row['content_id'])
              const {viewers} = placeOfTime(contentId, timeKey('day', start))
              return {contentId, state: await toState(row, viewers, options)}
            }),
          )
        }
      }
    },
    async *allTotals(options = {}) {
      for await (const rows of cassandra.pages(ALL_TOTALS, [], PAGE)) {
        yield await Promise.all(
          rows.map(async row => {
            const contentId = toText(row['content_id'])
            const {viewers} = placeOfTotals(contentId, row['src_partition'] as number)
            return {contentId, state: await toState(row, viewers, options)}
          }),
        )
      }
    },
    async platform(granularity, range) {
      const merged = new Map<number, ContentState>()
      const bounds = [granularity, range.from * 1000, range.to * 1000] as const
      const periods = periodsOf(granularity, range)
      const found = await Promise.all(
        everyPartition.flatMap(partition =>
          periods.map(period => cassandra.rows(PLATFORM, [partition, period, ...bounds])),
        ),
      )
      for (const row of found.flat()) {
        const start = toNumber(row['start']) / 1000
        const state = decodeContentState(row['detail'] as Buffer)
        const target = merged.get(start) ?? new ContentState()
        mergeContentState(target, state)
        merged.set(start, target)
      }
      return [...merged].toSorted(([a], [b]) => a - b).map(([start, state]) => ({start, state}))
    },
    retention: contentId => readRetention(cassandra, contentId),
    async leaderboard(nowS, windowS) {
      const sums = new Map<string, WindowSums>()
      await window(LEADERBOARD, {nowS, windowS}, detail => {
        for (const [contentId, entry] of decodeLeaderboard(detail).contents) {
          const target = sums.get(contentId) ?? emptySums()
          addEntry(target, entry)
          sums.set(contentId, target)
        }
      })
      return sums
    },
    async activeUsers(nowS, windowS) {
      const union = new UserUnion()
      await window(VIEWERS, {nowS, windowS}, detail => union.addCounts(decodeViewers(detail).users))
      return union.size
    },
  }
}
