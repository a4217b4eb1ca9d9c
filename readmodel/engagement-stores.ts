/** Everything the engagement stream stores, bound to its servers. */
import type {Cassandra} from '../platform/cassandra.ts'
import type {Redis} from '../platform/redis.ts'
import {contentIdOf, parseTimeKey, PROJECTIONS, restOf} from './aggregate-keys.ts'
import {createAggregateStore, type AggregateStore, type LoadedState} from './aggregate-store.ts'
import {createTimeTable, createTotalsTable, loadFigures, placeOfTotals} from './content-tables.ts'
import type {ContentState} from './content-state.ts'
import {createEngagementLive, type EngagementLive} from './engagement-live.ts'
import {scanEvents, type TimeRange} from './event-scan.ts'
import {createEventStore, type EventStore} from './event-store.ts'
import type {EngagementEvent} from './events.ts'
import {LIVE_MINUTES_S, LIVE_STEPS_S} from './live-windows.ts'
import {createLateEvents, type LateEvents} from './late-events.ts'
import {createRetentionTable} from './retention-table.ts'
import {
  createPlatformTable,
  createStepTable,
  LEADERBOARD_STEPS,
  VIEWER_STEPS,
} from './step-tables.ts'
import {secondsOf} from './time.ts'

export interface StoreDeps {
  readonly cassandra: Cassandra
  readonly redis: Redis
  /** Milliseconds since 1970. */
  readonly now: () => number
}

export interface EngagementStores {
  readonly aggregates: AggregateStore
  readonly registers: EventStore & {
    scan(
      projection: string,
      key: string,
      partition: number,
    ): AsyncIterable<readonly EngagementEvent[]>
    readonly late: LateEvents
  }
  readonly live: EngagementLive
}

export function createEngagementStores({cassandra, redis, now}: StoreDeps): EngagementStores {
  const secondsAgo = (seconds: number) => () => Math.floor(now() / 1000) - seconds
  const aggregates = createAggregateStore(cassandra, {
    [PROJECTIONS.contentTotals]: createTotalsTable(cassandra),
    [PROJECTIONS.contentTime]: createTimeTable(cassandra),
    [PROJECTIONS.contentRetention]: createRetentionTable(cassandra),
    [PROJECTIONS.platformTime]: createPlatformTable(cassandra, secondsAgo(LIVE_MINUTES_S)),
    [PROJECTIONS.leaderboard]: createStepTable(
      cassandra,
      LEADERBOARD_STEPS,
      secondsAgo(LIVE_STEPS_S),
    ),
    [PROJECTIONS.viewers]: createStepTable(cassandra, VIEWER_STEPS, secondsAgo(LIVE_STEPS_S)),
  })
  return {
    aggregates,
    registers: {
      ...createEventStore(cassandra),
      late: createLateEvents(cassandra),
      async *scan(projection, key, partition) {
        const range = await rangeOf(cassandra, {projection, key, partition})
        if (range !== null) yield* scanEvents(cassandra, contentIdOf(key), range)
      },
    },
    live: createEngagementLive(redis, now),
  }
}

/** The time that a content's row covers. */
async function rangeOf(
  cassandra: Cassandra,
  {projection, key, partition}: {projection: string; key: string; partition: number},
): Promise<TimeRange | null> {
  if (projection === PROJECTIONS.contentTime) {
    const {granularity, start} = parseTimeKey(restOf(key))
    return {from: start, to: start + secondsOf(granularity)}
  }
  if (projection !== PROJECTIONS.contentTotals) return null
  const stored: LoadedState | null = await loadFigures(cassandra, placeOfTotals(key, partition))
  return stored === null ? null : boundsOf(stored.state as ContentState)
}

/** Stale bounds are too wide, never too narrow. */
function boundsOf(state: ContentState): TimeRange | null {
  const first = Math.min(...state.first)
  const last = Math.max(...state.last)
  if (!Number.isFinite(first) || !Number.isFinite(last)) return null
  return {from: Math.floor(first / 1_000_000), to: Math.floor(last / 1_000_000) + 1}
}
