/** What is most engaging: in the live window, or in any period. */
import {EVENT_TYPES, type EventType} from '../../contracts/engagement.ts'
import type {WindowSums} from '../../readmodel/leaderboard-state.ts'
import {LEADERBOARD_WINDOW_S} from '../../readmodel/windows.ts'
import {readContents} from '../content-table.ts'
import type {Database} from '../database.ts'
import type {MetricName} from '../measures.ts'
import {mergeReads} from '../merge-reads.ts'
import type {Period} from '../period.ts'
import type {QueryPlan} from '../query-plan.ts'
import {shareReads} from '../waits.ts'
import {readQuestion} from './question-answer.ts'
import type {Answered, Reads, TopRow} from './reads.ts'
import {FROM_STORED, liveOrStored, metaOf, type Stores} from './stores.ts'

const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0)

/** What the window keeps, by the names of metrics. */
function windowValue(sums: WindowSums, by: MetricName, counted: readonly EventType[]): number {
  if (by === 'unique_viewers') return sums.users.size
  if (by === 'plays') return sums.events[EVENT_TYPES.indexOf('play')]!
  return sum(counted.map(type => sums.durationMs[EVENT_TYPES.indexOf(type)]!)) / 1000
}

export interface TopDeps {
  readonly db: Database
  readonly stores: Stores
  /** Event types whose durations count. */
  readonly counted: readonly EventType[]
  readonly now: () => number
}

/** The window's sums are the same for all who ask within this time. */
const WINDOW_MS = 200

type Window = Awaited<ReturnType<typeof readWindow>>

const readWindow = async ({stores, now}: TopDeps) => {
  const nowS = Math.floor(now() / 1000)
  return await liveOrStored('top', stores, {
    live: live => live.engagement.leaderboard(nowS, LEADERBOARD_WINDOW_S),
    stored: found => found.content.leaderboard(nowS, LEADERBOARD_WINDOW_S),
  })
}

export function createTop(deps: TopDeps): Reads['top'] {
  const {stores} = deps
  const fresh = mergeReads(async (): Promise<ReadonlyMap<string, Window>> => {
    return new Map([['', await readWindow(deps)]])
  })
  const shared = shareReads(fresh, WINDOW_MS)

  return async (by, period, limit, {after} = {}) => {
    if (period !== 'window') return await readPeriod(deps, {by, period, limit})
    // Who has waited for an event is not answered by sums from before it.
    const {value, source} = (await (after === true ? fresh('') : shared('')))!
    const ranked = [...value]
      .map(([id, sums]) => ({id, value: windowValue(sums, by, deps.counted)}))
      .filter(one => one.value > 0)
      .toSorted((a, b) => b.value - a.value || (a.id < b.id ? -1 : 1))
    const notes = source === 'redis' ? [] : [FROM_STORED]
    const meta = metaOf(source, {ageMs: stores.ageMs(source, 'engagement'), notes})
    return {value: await withContents(deps.db, ranked, limit), meta}
  }
}

async function readPeriod(
  deps: TopDeps,
  {by, period, limit}: {by: MetricName; period: Period; limit: number},
): Promise<Answered<readonly TopRow[]>> {
  const plan: QueryPlan = {
    metrics: [by],
    dimensions: ['content'],
    granularity: undefined,
    period,
    zone: 'UTC',
    starts: undefined,
    matches: () => true,
    contents: undefined,
    order: [{by, descending: true}],
    limit: limit * 2,
    offset: 0,
    timeLabels: false,
    totalRows: false,
  }
  const {value, meta} = await readQuestion(deps, plan)
  const ranked = value.rows
    .map(row => ({id: row.dimensions[0]!, value: row.metrics[0] ?? null}))
    .filter(row => row.value !== null)
  return {value: await withContents(deps.db, ranked, limit), meta}
}

/** Contents that were deleted meanwhile are passed over. */
async function withContents(
  db: Database,
  ranked: readonly {readonly id: string; readonly value: number | string | null}[],
  limit: number,
): Promise<readonly TopRow[]> {
  const some = ranked.slice(0, limit * 2)
  const contents = new Map(
    (
      await readContents(
        db,
        some.map(({id}) => id),
      )
    ).map(one => [one.id, one]),
  )
  return some
    .flatMap(({id, value}) => {
      const content = contents.get(id)
      return content === undefined ? [] : [{content, value}]
    })
    .slice(0, limit)
}
