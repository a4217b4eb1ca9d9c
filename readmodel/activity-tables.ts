/** Aggregate rows of the activity stream in Cassandra. */
import {toNumber, type Cassandra} from '../platform/cassandra.ts'
import type {
  ActivityMinuteState,
  PageState,
  RecentActivity,
  UserDayState,
  UserRecentState,
} from './activity-state.ts'
import {parseTimeKey, parseUserDayKey, PROJECTIONS, timeKey} from './aggregate-keys.ts'
import type {AggregateTable} from './aggregate-store.ts'
import {timestampBytes} from './fence.ts'
import {DAY_SECONDS, isoDayOfSeconds, toIsoDay} from './time.ts'

/** Cassandra partitions that share the pages of one source partition. */
export const PAGE_BUCKETS = 8

export function pageBucketOf(page: string): number {
  let hash = 0
  for (let i = 0; i < page.length; i++) hash = (Math.imul(hash, 31) + page.charCodeAt(i)) | 0
  return (hash >>> 0) % PAGE_BUCKETS
}

export function createUserDaysTable(cassandra: Cassandra): AggregateTable {
  const select = `SELECT count, src_offset FROM aggregated_metrics
    WHERE user_id = ? AND day = ? AND activity_type = ?`
  const insert = `INSERT INTO aggregated_metrics
    (user_id, day, activity_type, count, src_partition, src_offset)
    VALUES (?, ?, ?, ?, ?, ?) USING TIMESTAMP ?`
  return {
    async load(key) {
      const {userId, day, activityType} = parseUserDayKey(key)
      const [row] = await cassandra.rows(select, [userId, toIsoDay(day), activityType])
      if (row === undefined) return null
      const state: UserDayState = {count: toNumber(row['count'])}
      return {state, srcOffset: toNumber(row['src_offset'])}
    },
    encode(key, state, fence) {
      const {userId, day, activityType} = parseUserDayKey(key)
      const params = [
        userId,
        toIsoDay(day),
        activityType,
        (state as UserDayState).count,
        fence.partition,
        fence.offset,
        timestampBytes(fence),
      ]
      return {row: {partition: `a${userId}`, statement: {query: insert, params}}}
    },
  }
}

export function createUserRecentTable(cassandra: Cassandra): AggregateTable {
  const select = 'SELECT events, recent, stale, src_offset FROM user_recent WHERE user_id = ?'
  const insert = `INSERT INTO user_recent
    (user_id, events, last_seen_us, recent, stale, src_partition, src_offset)
    VALUES (?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?`
  return {
    async load(key) {
      const [row] = await cassandra.rows(select, [key])
      if (row === undefined) return null
      const state: UserRecentState = {
        events: toNumber(row['events']),
        recent: JSON.parse(row['recent'] as string) as RecentActivity[],
        stale: row['stale'] === true,
      }
      return {state, srcOffset: toNumber(row['src_offset'])}
    },
    encode(key, opaque, fence) {
      const state = opaque as UserRecentState
      const params = [
        key,
        state.events,
        // 0 stands for never: an aggregate's column is never null.
        state.recent[0]?.occurred_at ?? 0,
        JSON.stringify(state.recent),
        state.stale,
        fence.partition,
        fence.offset,
        timestampBytes(fence),
      ]
      return {row: {partition: `u${key}`, statement: {query: insert, params}}}
    },
  }
}

export function createPagesTable(cassandra: Cassandra): AggregateTable {
  const select = `SELECT views, src_offset FROM page_views
    WHERE src_partition = ? AND bucket = ? AND page = ?`
  const insert = `INSERT INTO page_views (src_partition, bucket, page, views, src_offset)
    VALUES (?, ?, ?, ?, ?) USING TIMESTAMP ?`
  const all =
    'SELECT page, views, src_offset FROM page_views WHERE src_partition = ? AND bucket = ?'
  return {
    async load(key, partition) {
      const [row] = await cassandra.rows(select, [partition, pageBucketOf(key), key])
      if (row === undefined) return null
      const state: PageState = {views: toNumber(row['views'])}
      return {state, srcOffset: toNumber(row['src_offset'])}
    },
    encode(key, state, fence) {
      const bucket = pageBucketOf(key)
      const {views} = state as PageState
      const params = [fence.partition, bucket, key, views, fence.offset, timestampBytes(fence)]
      const partition = `g${fence.partition}/${bucket}`
      return {row: {partition, statement: {query: insert, params}}}
    },
    async *scanLive(partition) {
      for (let bucket = 0; bucket < PAGE_BUCKETS; bucket++) {
        for await (const rows of cassandra.pages(all, [partition, bucket], 1000)) {
          yield rows.map(row => ({
            projection: PROJECTIONS.pages,
            key: row['page'] as string,
            state: {views: toNumber(row['views'])} satisfies PageState,
            srcOffset: toNumber(row['src_offset']),
          }))
        }
      }
    },
  }
}

/** @param liveSinceS start of the oldest minute that Redis keeps, seconds since 1970 */
export function createActivityMinutesTable(
  cassandra: Cassandra,
  liveSinceS: () => number,
): AggregateTable {
  const columns = 'events, page_views, src_offset'
  const select = `SELECT ${columns} FROM activity_minutes
    WHERE src_partition = ? AND day = ? AND start = ?`
  const insert = `INSERT INTO activity_minutes (src_partition, day, start, ${columns})
    VALUES (?, ?, ?, ?, ?, ?) USING TIMESTAMP ?`
  const recent = `SELECT start, ${columns} FROM activity_minutes
    WHERE src_partition = ? AND day = ? AND start >= ?`
  const keyOf = (key: string, partition: number) => {
    const {start} = parseTimeKey(key)
    return [partition, isoDayOfSeconds(start), start * 1000]
  }
  return {
    async load(key, partition) {
      const [row] = await cassandra.rows(select, keyOf(key, partition))
      if (row === undefined) return null
      const state: ActivityMinuteState = {
        events: toNumber(row['events']),
        pageViews: toNumber(row['page_views']),
      }
      return {state, srcOffset: toNumber(row['src_offset'])}
    },
    encode(key, opaque, fence) {
      const state = opaque as ActivityMinuteState
      const at = keyOf(key, fence.partition)
      const params = [...at, state.events, state.pageViews, fence.offset, timestampBytes(fence)]
      const partition = `m${fence.partition}/${String(at[1])}`
      return {row: {partition, statement: {query: insert, params}}}
    },
    async *scanLive(partition) {
      const since = liveSinceS()
      for (const start of [since, since + DAY_SECONDS, since + 2 * DAY_SECONDS]) {
        const rows = await cassandra.rows(recent, [partition, isoDayOfSeconds(start), since * 1000])
        yield rows.map(row => ({
          projection: PROJECTIONS.activityTime,
          key: timeKey('minute', toNumber(row['start']) / 1000),
          state: {
            events: toNumber(row['events']),
            pageViews: toNumber(row['page_views']),
          } satisfies ActivityMinuteState,
          srcOffset: toNumber(row['src_offset']),
        }))
      }
    },
  }
}
