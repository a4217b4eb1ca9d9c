/**
 * The whole platform in a few figures, each second, and the last half hour of them.
 *
 * The history is kept in Redis, one point per ten seconds, so that it survives a restart and is the
 * same from every API process: whoever comes first writes a point, the others leave it.
 */
import {pause, type Loop} from '../../platform/lifecycle.ts'
import type {Redis} from '../../platform/redis.ts'
import type {Reads} from '../reads/reads.ts'
import type {HistoryView, OverviewView, Point} from '../schemas/overview.ts'
import {msToIso, wholeMs} from '../times.ts'

export interface Overview {
  read(): Promise<OverviewView>
  history(): Promise<HistoryView>
}

/** Of the list of what is most engaging. */
const WINDOW_S = 600
const STEP_S = 10
const STEPS = 180
const KEY = 'api:overview'
const LISTED = 10

export interface OverviewDeps {
  readonly reads: Reads
  readonly redis: Redis
  readonly ratePerSecond: () => number | null
  readonly latency: () => Promise<{readonly p50: number | null; readonly p99: number | null}>
}

const orNull = async <T>(work: Promise<T>): Promise<T | null> => await work.catch(() => null)

export function createOverview(deps: OverviewDeps): Overview {
  const {reads, redis} = deps
  let viewsBefore: {at: number; total: number} | undefined

  const keep = async (point: Point): Promise<void> => {
    const step = Math.floor(Date.parse(point.at) / 1000 / STEP_S) * STEP_S
    const added = await redis.send(['HSETNX', KEY, String(step), JSON.stringify(point)])
    if (Number(added) === 0) return
    await redis.pipeline([
      ['HDEL', KEY, ...Array.from({length: 12}, (_, i) => String(step - (STEPS + i) * STEP_S))],
      ['EXPIRE', KEY, String(STEPS * STEP_S)],
    ])
  }

  return {
    async read() {
      const at = Date.now()
      const [active, top, pages, latency] = await Promise.all([
        orNull(reads.activeUsers()),
        orNull(reads.top('engagement_seconds', 'window', LISTED)),
        orNull(reads.pages()),
        orNull(deps.latency()),
      ])
      const listed = [...(pages?.value ?? [])].toSorted((a, b) => b[1] - a[1])
      const total = pages === null ? null : listed.reduce((sum, [, views]) => sum + views, 0)
      const perSecond =
        total === null || viewsBefore === undefined || at <= viewsBefore.at
          ? null
          : Math.max(0, ((total - viewsBefore.total) * 1000) / (at - viewsBefore.at))
      if (total !== null) viewsBefore = {at, total}
      // Of the window of ten minutes, all contents that are listed.
      const seconds = top?.value.reduce((sum, row) => sum + Number(row.value ?? 0), 0) ?? null
      const point: Point = {
        at: msToIso(at),
        events_per_second: deps.ratePerSecond(),
        active_users: active?.value.users ?? null,
        page_views_per_second: perSecond,
        engagement_seconds_per_second: seconds === null ? null : seconds / WINDOW_S,
        latency_ms_p50: wholeMs(latency?.p50 ?? null),
        latency_ms_p99: wholeMs(latency?.p99 ?? null),
      }
      await orNull(keep(point))
      return {
        ...point,
        page_views: total,
        top: [...(top?.value ?? [])],
        pages: listed.slice(0, LISTED).map(([page, views]) => ({page, views})),
        meta: top?.meta ??
          active?.meta ?? {
            source: 'redis',
            newest_event_at: null,
            age_ms: null,
            notes: ['nothing answers'],
          },
      }
    },
    async history() {
      const flat = (await redis.send(['HGETALL', KEY])) as readonly string[]
      const from = Date.now() - STEPS * STEP_S * 1000
      const points: Point[] = []
      for (let i = 1; i < flat.length; i += 2) points.push(JSON.parse(flat[i]!) as Point)
      const recent = points.filter(point => Date.parse(point.at) >= from)
      return {step_seconds: STEP_S, points: recent.toSorted((a, b) => (a.at < b.at ? -1 : 1))}
    },
  }
}

/** Writes a point also while nobody looks, so that the first viewer of a day sees the last half hour. */
export const createHistoryKeeper = (overview: Pick<Overview, 'read'>): Loop => ({
  name: 'overview history',
  async run(signal) {
    while (!signal.aborted) {
      await orNull(overview.read())
      await pause(STEP_S * 1000, signal)
    }
  },
})
