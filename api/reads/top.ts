/** What is most engaging: in the live window, or in any period. Events without a content are in no list. */
import {NULL_KEY, textOf} from '../../readmodel/fields.ts'
import type {ContentTable} from '../content-table.ts'
import type {MetricName} from '../measures.ts'
import {mergeReads} from '../merge-reads.ts'
import type {Period} from '../period.ts'
import {planQuery} from '../query/plan.ts'
import {createQuestions} from '../query/read.ts'
import {subjectOf} from '../query/subject.ts'
import {msToIso} from '../times.ts'
import {shareReads} from '../waits.ts'
import {createContentFacts} from './content-facts.ts'
import {STREAM, type EngagementDeps} from './contents.ts'
import type {Answered, Reads, TopRow} from './reads.ts'
import {readFrom} from './stores.ts'

/** The window's sums are the same for all who ask within this time. */
const WINDOW_MS = 200

type Window = ReadonlyMap<string, Readonly<Record<string, number | null>>>

/** What Redis keeps the window of ten minutes by. */
export const WINDOW_METRICS: readonly MetricName[] = [
  'engagement_seconds',
  'plays',
  'unique_viewers',
]

export function createTop(deps: EngagementDeps): Reads['top'] {
  const {stores} = deps
  const readWindow = async (): Promise<Answered<Window>> =>
    await readFrom(stores, {what: 'top', stream: STREAM}, async reads => {
      const [window] = stores.plan(STREAM).tops
      const {totals, source} = await reads.window(window!, Math.floor(Date.now() / 1000))
      return {value: new Map([...totals].map(([id, sums]) => [id, sums.values()])), source}
    })
  const fresh = mergeReads(async (): Promise<ReadonlyMap<string, Answered<Window>>> => {
    return new Map([['', await readWindow()]])
  })
  const shared = shareReads(fresh, WINDOW_MS)

  return async (by, period, limit, {after} = {}) => {
    if (period !== 'window') return await readPeriod(deps, {by, period, limit})
    // Who has waited for an event is not answered by sums from before it.
    const {value, meta} = (await (after === true ? fresh('') : shared('')))!
    const ranked = [...value]
      .map(([id, figures]) => ({id, value: figures[by] ?? 0}))
      .filter(one => one.value > 0 && one.id !== NULL_KEY)
      .toSorted((a, b) => b.value - a.value || (a.id < b.id ? -1 : 1))
    return {value: await withContents(deps.contents, ranked, limit), meta}
  }
}

async function readPeriod(
  deps: EngagementDeps,
  {by, period, limit}: {by: MetricName; period: Period; limit: number},
): Promise<Answered<readonly TopRow[]>> {
  const {from, to} = period
  const plan = planQuery(
    {
      metrics: [by],
      dimensions: ['content'],
      date_range: from === null ? 'all' : [msToIso(from), msToIso(to)],
      order_by: [[by, 'desc']],
      pagination: {limit: limit * 2},
    },
    subjectOf(deps.stores.plan(STREAM), createContentFacts(deps.contents, {})),
    Date.now(),
  )
  const {value, meta} = await createQuestions(deps)(plan)
  const ranked = value.rows.flatMap(({dimensions: [id], metrics: [figure]}) => {
    const isRanked = typeof figure === 'number' || typeof figure === 'string'
    return id !== null && id !== undefined && isRanked ? [{id: textOf(id), value: figure}] : []
  })
  return {value: await withContents(deps.contents, ranked, limit), meta}
}

/** Contents that were deleted meanwhile are passed over. */
async function withContents(
  table: ContentTable,
  ranked: readonly {readonly id: string; readonly value: number | string | null}[],
  limit: number,
): Promise<readonly TopRow[]> {
  const some = ranked.slice(0, limit * 2)
  const ids = some.map(({id}) => id)
  const contents = new Map((await table.read(ids)).map(one => [one.id, one]))
  return some
    .filter(({id}) => contents.has(id))
    .slice(0, limit)
    .map(({id, value}, i) => ({rank: i + 1, content: contents.get(id)!, value}))
}
