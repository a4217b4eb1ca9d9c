/**
 * The whole platform in one message each second, and the half hour before it. From Redis and what
 * the processors say about themselves; Cassandra is not asked.
 */
import {pause, type Loop} from '../../platform/lifecycle.ts'
import type {ActivityMinute, LiveActivityReads} from '../../readmodel/activity-reads.ts'
import type {ContentState} from '../../readmodel/content-state.ts'
import type {WindowSums} from '../../readmodel/leaderboard-state.ts'
import type {StandingLease} from '../../readmodel/lease-reads.ts'
import type {LiveReads} from '../../readmodel/live-reads.ts'
import {ACTIVE_WINDOW_S, LEADERBOARD_WINDOW_S} from '../../readmodel/windows.ts'
import {Problem} from '../problem.ts'
import type {Content} from '../schemas/content.ts'
import {msToIso} from '../times.ts'
import {
  keepRecent,
  quantile,
  rateOf,
  rateOfMinutes,
  subtractBuckets,
  type Buckets,
  type Sample,
} from './flow-rates.ts'
import type {FigureSource, Snapshot} from './sources.ts'
import type {LiveMessage} from './stream.ts'

const STEP_MS = 10_000
const HISTORY_MS = 1_800_000
const TOP_MAX = 10
const PAGES_MAX = 10
/** Latencies are those of the last so many seconds. */
const LATENCY_MS = 15_000

export interface OverviewPoint {
  readonly at: string
  readonly events_per_second: number | null
  readonly active_users: number | null
  readonly page_views_per_second: number | null
  readonly engagement_seconds_per_second: number | null
  readonly latency_ms_p50: number | null
  readonly latency_ms_p99: number | null
}

export interface OverviewDeps {
  readonly live: () => Promise<{
    readonly engagement: Pick<
      LiveReads,
      'leases' | 'leaderboard' | 'activeUsers' | 'platformMinutes'
    >
    readonly activity: Pick<LiveActivityReads, 'leases' | 'pages' | 'minutes'>
  }>
  readonly content: (id: string) => Promise<Content | undefined>
  /** From commit to visible, in seconds, counted since the processors started; null when not known. */
  readonly freshness: () => Promise<Buckets | null>
  readonly now?: () => number
}

export interface Overview {
  readonly source: FigureSource
  /** The first message of a stream: the half hour before. */
  readonly history: () => Promise<LiveMessage>
  /** Goes on looking when nobody does, so that the half hour has no holes. */
  readonly loop: Loop
}

const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0)

const secondsOf = (state: ContentState): number => {
  let ms = 0
  // Three numbers for each device and type: events, events with a duration, their milliseconds.
  for (let i = 2; i < state.numbers.length; i += 3) ms += state.numbers[i]!
  return ms / 1000
}

const eventsOf = (state: ContentState): number => {
  let events = 0
  for (let i = 0; i < state.numbers.length; i += 3) events += state.numbers[i]!
  return events
}

/** Next offsets of every partition together: grows by one with each record applied. */
const appliedOf = (leases: readonly (StandingLease | null)[]): number =>
  sum(leases.map(lease => (lease === null ? 0 : lease.offset + 1)))

export function createOverview(deps: OverviewDeps): Overview {
  const now = deps.now ?? Date.now
  const look = createLook(deps, now)
  let steps: readonly {readonly ms: number; readonly point: OverviewPoint}[] = []
  let lookedAt = Number.NEGATIVE_INFINITY

  const lookAndKeep = async (): Promise<Looked> => {
    const looked = await look()
    lookedAt = now()
    const ms = Math.floor(lookedAt / STEP_MS) * STEP_MS
    const kept = steps.filter(step => step.ms > ms - HISTORY_MS && step.ms !== ms)
    steps = [...kept, {ms, point: looked.point}]
    return looked
  }

  return {
    source: {
      kind: 'platform',
      everyMs: 1000,
      async read() {
        const {point, views, board, pages} = await lookAndKeep()
        const most = [...pages].toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
        const data = {
          ...point,
          page_views: views,
          top: await readTop(deps, board),
          pages: most.slice(0, PAGES_MAX).map(([page, count]) => ({page, views: count})),
          meta: {source: 'redis', newest_event_at: null, age_ms: null, notes: []},
        }
        return new Map([['', {data, version: point.at}]])
      },
    },
    async history() {
      const before = (steps[0]?.ms ?? now()) - STEP_MS
      const older = await readOlder(deps, before, now() - HISTORY_MS).catch(() => [])
      const points = [...older, ...steps.map(({point}) => point)]
      return {event: 'history', data: {step_seconds: STEP_MS / 1000, points}}
    },
    loop: {
      name: 'live-overview-history',
      async run(signal) {
        while (!signal.aborted) {
          // While somebody listens, the source has just looked.
          if (now() - lookedAt >= STEP_MS) await lookAndKeep().catch(() => undefined)
          await pause(STEP_MS, signal)
        }
      },
    },
  }
}

interface Looked {
  readonly point: OverviewPoint
  readonly views: number
  readonly board: ReadonlyMap<string, WindowSums>
  readonly pages: ReadonlyMap<string, number>
}

/** One look at everything; rates are against the looks before. */
function createLook({live, freshness}: OverviewDeps, now: () => number): () => Promise<Looked> {
  const readLatency = createLatencyWatch(freshness)
  let applied: readonly Sample[] = []
  let viewed: readonly Sample[] = []
  return async () => {
    const at = now()
    const seconds = at / 1000
    const {engagement, activity} = await live()
    const [leases, activityLeases, board, users, pages, minutes, latency] = await Promise.all([
      engagement.leases(),
      activity.leases(),
      engagement.leaderboard(seconds, LEADERBOARD_WINDOW_S),
      engagement.activeUsers(seconds, ACTIVE_WINDOW_S),
      activity.pages(),
      engagement.platformMinutes(seconds - 60, seconds),
      readLatency(at),
    ])
    if (board === null || users === null || pages === null || minutes === null) {
      throw new Problem('unavailable', 'Redis holds no complete figures now')
    }
    const views = sum([...pages.values()])
    applied = keepRecent(applied, {at, count: appliedOf(leases) + appliedOf(activityLeases)})
    viewed = keepRecent(viewed, {at, count: views})
    const point: OverviewPoint = {
      at: msToIso(at),
      events_per_second: rateOf(applied),
      active_users: users,
      page_views_per_second: rateOf(viewed),
      engagement_seconds_per_second: watchedPerSecond(minutes, seconds),
      latency_ms_p50: latency(0.5),
      latency_ms_p99: latency(0.99),
    }
    return {point, views, board, pages}
  }
}

function watchedPerSecond(
  minutes: readonly {readonly start: number; readonly state: ContentState}[],
  seconds: number,
): number {
  const start = Math.floor(seconds / 60) * 60
  const watched = (minute: number): number => {
    const found = minutes.find(one => one.start === minute)
    return found === undefined ? 0 : secondsOf(found.state)
  }
  return rateOfMinutes(watched(start), watched(start - 60), seconds - start)
}

/** Milliseconds at a share of what became visible in the last seconds; null when nothing did. */
function createLatencyWatch(
  freshness: OverviewDeps['freshness'],
): (at: number) => Promise<(share: number) => number | null> {
  let seen: readonly {readonly at: number; readonly buckets: Buckets}[] = []
  return async at => {
    const buckets = await freshness().catch(() => null)
    const [oldest] = seen
    if (buckets !== null) seen = [...seen.filter(one => one.at > at - LATENCY_MS), {at, buckets}]
    if (buckets === null || oldest === undefined) return () => null
    const recent = subtractBuckets(buckets, oldest.buckets)
    return share => {
      const value = quantile(recent, share)
      return value === null ? null : value * 1000
    }
  }
}

async function readTop(deps: OverviewDeps, board: ReadonlyMap<string, WindowSums>) {
  const best = [...board]
    .map(([id, sums]) => ({id, seconds: sum(sums.durationMs) / 1000, plays: sums.events[0]!}))
    .filter(({seconds}) => seconds > 0)
    .toSorted((a, b) => b.seconds - a.seconds || (a.id < b.id ? -1 : 1))
    .slice(0, TOP_MAX)
  const rows = await Promise.all(
    best.map(async one => ({...one, content: await deps.content(one.id)})),
  )
  return rows.flatMap(({content, seconds, plays}, i) =>
    content === undefined ? [] : [{rank: i + 1, content, value: seconds, plays}],
  )
}

/** What is older than this process: rates of whole minutes, as steps of the same length. */
async function readOlder(
  deps: OverviewDeps,
  beforeMs: number,
  sinceMs: number,
): Promise<readonly OverviewPoint[]> {
  const {engagement, activity} = await deps.live()
  const [states, counts] = await Promise.all([
    engagement.platformMinutes(sinceMs / 1000, beforeMs / 1000),
    activity.minutes(sinceMs / 1000, beforeMs / 1000),
  ])
  const byMinute = new Map((states ?? []).map(({start, state}) => [start, state]))
  const activities = new Map((counts ?? []).map((one: ActivityMinute) => [one.start, one]))
  const points: OverviewPoint[] = []
  const first = Math.ceil(sinceMs / STEP_MS) * STEP_MS
  for (let ms = first; ms <= beforeMs; ms += STEP_MS) {
    const minute = Math.floor(ms / 60_000) * 60
    const state = byMinute.get(minute)
    const other = activities.get(minute)
    points.push({
      at: msToIso(ms),
      events_per_second: ((state === undefined ? 0 : eventsOf(state)) + (other?.events ?? 0)) / 60,
      active_users: null,
      page_views_per_second: (other?.pageViews ?? 0) / 60,
      engagement_seconds_per_second: state === undefined ? 0 : secondsOf(state) / 60,
      latency_ms_p50: null,
      latency_ms_p99: null,
    })
  }
  return points
}
