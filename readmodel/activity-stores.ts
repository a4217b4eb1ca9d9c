/** Everything the activity stream stores, bound to its servers. */
import {toNumber, toText, type Cassandra} from '../platform/cassandra.ts'
import {createActivityLive, type ActivityLive} from './activity-live.ts'
import {
  ACTIVITIES_OF_DAY,
  createActivityStore,
  toStoredActivity,
  type ActivityStore,
} from './activity-store.ts'
import {RECENT_MAX} from './activity-state.ts'
import {
  createActivityMinutesTable,
  createPagesTable,
  createUserDaysTable,
  createUserRecentTable,
} from './activity-tables.ts'
import {PROJECTIONS} from './aggregate-keys.ts'
import {createAggregateStore, type AggregateStore} from './aggregate-store.ts'
import type {StoreDeps} from './engagement-stores.ts'
import type {ActivityEvent} from './events.ts'
import {LIVE_MINUTES_S} from './live-windows.ts'

export interface ActivityStores {
  readonly aggregates: AggregateStore
  readonly registers: ActivityStore & {
    scan(
      projection: string,
      key: string,
      partition: number,
    ): AsyncIterable<readonly ActivityEvent[]>
  }
  readonly live: ActivityLive
}

export function createActivityStores({cassandra, redis, now}: StoreDeps): ActivityStores {
  return {
    aggregates: createAggregateStore(cassandra, {
      [PROJECTIONS.userDays]: createUserDaysTable(cassandra),
      [PROJECTIONS.userRecent]: createUserRecentTable(cassandra),
      [PROJECTIONS.pages]: createPagesTable(cassandra),
      [PROJECTIONS.activityTime]: createActivityMinutesTable(
        cassandra,
        () => Math.floor(now() / 1000) - LIVE_MINUTES_S,
      ),
    }),
    registers: {
      ...createActivityStore(cassandra),
      scan: (projection, key) =>
        projection === PROJECTIONS.userRecent ? scanNewest(cassandra, key) : nothing(),
    },
    live: createActivityLive(redis, now),
  }
}

async function* nothing(): AsyncIterable<readonly ActivityEvent[]> {}

const DAYS = 'SELECT day, count FROM aggregated_metrics WHERE user_id = ?'

/** A user's activities, newest days first, until the newest ones are certainly among them. */
async function* scanNewest(
  cassandra: Cassandra,
  userId: string,
): AsyncIterable<readonly ActivityEvent[]> {
  const counts = new Map<string, number>()
  for await (const page of cassandra.pages(DAYS, [userId])) {
    for (const row of page) {
      const day = toText(row['day'])
      counts.set(day, (counts.get(day) ?? 0) + toNumber(row['count']))
    }
  }
  let seen = 0
  for (const [day, count] of [...counts].toSorted(([a], [b]) => (a < b ? 1 : -1))) {
    if (count <= 0) continue
    for await (const page of cassandra.pages(ACTIVITIES_OF_DAY, [userId, day], 1000)) {
      yield page.map(row => toStoredActivity(userId, row))
    }
    seen += count
    if (seen >= RECENT_MAX) return
  }
}
