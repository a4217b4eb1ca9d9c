/** Typed reads of the activity stream: users and recent lists from Cassandra, pages from both. */
import {activity} from '../contracts/activity.ts'
import {toNumber, toText, type Cassandra} from '../platform/cassandra.ts'
import type {Redis} from '../platform/redis.ts'
import type {ActivityMinuteState, RecentActivity} from './activity-state.ts'
import {ACTIVITIES_OF_DAY, toStoredActivity, type StoredActivity} from './activity-store.ts'
import {PAGE_BUCKETS} from './activity-tables.ts'
import {createLeaseReader, type StandingLease} from './lease-reads.ts'
import {activityMinuteKey, pageViewsKey} from './redis-keys.ts'
import {DAY_SECONDS, isoDayOfSeconds, MINUTE_SECONDS} from './time.ts'

export interface UserDay {
  /** ISO date, UTC. */
  readonly day: string
  readonly activity_type: string
  readonly count: number
}

export interface UserSummary {
  readonly events: number
  /** Newest first. */
  readonly recent: readonly RecentActivity[]
  /** Microseconds since 1970, null when never. */
  readonly lastSeen: number | null
}

export interface ActivityCursor {
  /** `occurred_at`, microseconds since 1970. */
  readonly ts: number
  readonly id: number
}

export interface ActivityMinute extends ActivityMinuteState {
  /** Seconds since 1970. */
  readonly start: number
}

export interface ActivityReads {
  user(userId: string): Promise<UserSummary | null>
  /** Newest day first; `from` and `to` are ISO dates, both inclusive. Counts of 0 are left out. */
  userDays(
    userId: string,
    range: {readonly from?: string; readonly to?: string},
  ): Promise<readonly UserDay[]>
  /** Newest first. */
  userActivity(
    userId: string,
    page: {readonly limit: number; readonly before?: ActivityCursor},
  ): Promise<readonly StoredActivity[]>
  /** Views by page, summed over source partitions. */
  pages(): Promise<ReadonlyMap<string, number>>
  minutes(fromS: number, toS: number): Promise<readonly ActivityMinute[]>
}

const RECENT = 'SELECT events, last_seen_us, recent FROM user_recent WHERE user_id = ?'
const DAYS = `SELECT day, activity_type, count FROM aggregated_metrics
  WHERE user_id = ? AND day >= ? AND day <= ?`
const PAGES = 'SELECT page, views FROM page_views WHERE src_partition = ? AND bucket = ?'
const MINUTES = `SELECT start, events, page_views FROM activity_minutes
  WHERE src_partition = ? AND day = ? AND start >= ? AND start < ?`
const FIRST_DAY = '1900-01-01'
const LAST_DAY = '9999-12-31'

/** Newest first; at one time the higher id is the newer. */
const byAge = (a: StoredActivity, b: StoredActivity): number =>
  (b.occurred_at ?? 0) - (a.occurred_at ?? 0) || b.event_id - a.event_id

const isBefore = (event: StoredActivity, {ts, id}: ActivityCursor): boolean => {
  const at = event.occurred_at ?? 0
  return at < ts || (at === ts && event.event_id < id)
}

/** @param partitions of the activity topic: its number never changes */
export function createActivityReads(cassandra: Cassandra, partitions: number): ActivityReads {
  const everyPartition = Array.from({length: partitions}, (_, partition) => partition)

  const userDays: ActivityReads['userDays'] = async (userId, {from, to}) => {
    const days: UserDay[] = []
    const key = [userId, from ?? FIRST_DAY, to ?? LAST_DAY]
    for await (const page of cassandra.pages(DAYS, key)) {
      for (const row of page) {
        const count = toNumber(row['count'])
        const day = toText(row['day'])
        if (count > 0) days.push({day, activity_type: row['activity_type'] as string, count})
      }
    }
    return days
  }

  return {
    userDays,
    async user(userId) {
      const [row] = await cassandra.rows(RECENT, [userId])
      if (row === undefined) return null
      const lastSeen = toNumber(row['last_seen_us'])
      return {
        events: toNumber(row['events']),
        recent: JSON.parse(row['recent'] as string) as RecentActivity[],
        lastSeen: lastSeen === 0 ? null : lastSeen,
      }
    },
    async userActivity(userId, {limit, before}) {
      const to = before === undefined ? undefined : isoDayOfSeconds(before.ts / 1_000_000)
      const days = await userDays(userId, to === undefined ? {} : {to})
      const found: StoredActivity[] = []
      for (const day of new Set(days.map(item => item.day))) {
        const ofDay: StoredActivity[] = []
        for await (const page of cassandra.pages(ACTIVITIES_OF_DAY, [userId, day], 1000)) {
          const inside = page
            .map(row => toStoredActivity(userId, row))
            // An activity without a time lies on the first day of 1970 and has no place in a list.
            .filter(event => event.occurred_at !== null)
            .filter(event => before === undefined || isBefore(event, before))
          ofDay.push(...inside)
          // Rows come newest first by millisecond: what follows is older.
          if (found.length + ofDay.length >= limit + 1000) break
        }
        found.push(...ofDay.toSorted(byAge))
        if (found.length >= limit) break
      }
      return found.slice(0, limit)
    },
    async pages() {
      const views = new Map<string, number>()
      for (const partition of everyPartition) {
        for (let bucket = 0; bucket < PAGE_BUCKETS; bucket++) {
          for await (const rows of cassandra.pages(PAGES, [partition, bucket])) {
            for (const row of rows) addViews(views, row['page'] as string, toNumber(row['views']))
          }
        }
      }
      return views
    },
    async minutes(fromS, toS) {
      const days = new Set<string>()
      for (let at = fromS; at < toS + DAY_SECONDS; at += DAY_SECONDS) {
        days.add(isoDayOfSeconds(Math.min(at, toS)))
      }
      const found = await Promise.all(
        everyPartition.flatMap(partition =>
          [...days].map(day => cassandra.rows(MINUTES, [partition, day, fromS * 1000, toS * 1000])),
        ),
      )
      return sumMinutes(
        found.flat().map(row => ({
          start: toNumber(row['start']) / 1000,
          events: toNumber(row['events']),
          pageViews: toNumber(row['page_views']),
        })),
      )
    },
  }
}

function addViews(views: Map<string, number>, page: string, count: number): void {
  const next = (views.get(page) ?? 0) + count
  if (next === 0) views.delete(page)
  else views.set(page, next)
}

function sumMinutes(minutes: readonly ActivityMinute[]): readonly ActivityMinute[] {
  const sums = new Map<number, {events: number; pageViews: number}>()
  for (const {start, events, pageViews} of minutes) {
    const sum = sums.get(start) ?? {events: 0, pageViews: 0}
    sums.set(start, {events: sum.events + events, pageViews: sum.pageViews + pageViews})
  }
  return [...sums].toSorted(([a], [b]) => a - b).map(([start, sum]) => ({start, ...sum}))
}

export interface LiveActivityReads {
  leases(): Promise<readonly (StandingLease | null)[]>
  /** Views by page; null without all leases. */
  pages(): Promise<ReadonlyMap<string, number> | null>
  /** Kept for two hours; null without all leases. */
  minutes(fromS: number, toS: number): Promise<readonly ActivityMinute[] | null>
}

/** The same from Redis, while every partition's lease stands. */
export function createLiveActivityReads(redis: Redis, partitions: number): LiveActivityReads {
  const leases = createLeaseReader(redis, activity.name, partitions)
  const everyPartition = Array.from({length: partitions}, (_, partition) => partition)
  return {
    leases: () => leases.all(),
    async pages() {
      if ((await leases.all()).includes(null)) return null
      const commands = everyPartition.map(partition => ['HGETALL', pageViewsKey(partition)])
      const views = new Map<string, number>()
      for (const reply of await redis.pipeline(commands)) {
        const flat = reply as readonly string[]
        for (let i = 0; i + 1 < flat.length; i += 2) addViews(views, flat[i]!, Number(flat[i + 1]))
      }
      return views
    },
    async minutes(fromS, toS) {
      if ((await leases.all()).includes(null)) return null
      const keys: {start: number; key: string}[] = []
      const first = Math.floor(fromS / MINUTE_SECONDS) * MINUTE_SECONDS
      for (let start = first; start < toS; start += MINUTE_SECONDS) {
        for (const partition of everyPartition) {
          keys.push({start, key: activityMinuteKey(partition, start)})
        }
      }
      const replies = await redis.pipeline(
        keys.map(({key}) => ['HMGET', key, 'events', 'page_views']),
      )
      return sumMinutes(
        replies.flatMap((reply, i) => {
          const [events, pageViews] = reply as ReadonlyArray<string | null>
          if (events === null) return []
          return [{start: keys[i]!.start, events: Number(events), pageViews: Number(pageViews)}]
        }),
      )
    },
  }
}
