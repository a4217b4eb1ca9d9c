/** What is most engaging: in the live window, or in any period. Events without a content are in no list. */
import {NULL_KEY, textOf} from '../../readmodel/fields.ts'
import type {ContentTable} from '../content-table.ts'
import {pickFigures, type Figures, type MetricName} from '../measures.ts'
import {mergeReads} from '../merge-reads.ts'
import type {Period} from '../period.ts'
import {planQuery} from '../query/plan.ts'
import {createQuestions} from '../query/read.ts'
import type {Subject} from '../query/subject.ts'
import {createSubjects} from '../query/subjects.ts'
import type {MetricsView} from '../schemas/metrics.ts'
import {msToIso} from '../times.ts'
import {shareReads} from '../waits.ts'
import {createContentFacts} from './content-facts.ts'
import {STREAM, type EngagementDeps} from './contents.ts'
import type {Answered, Reads, TopOptions, TopRow} from './reads.ts'
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
  const subjects = createSubjects(stores, [STREAM], createContentFacts(deps.contents, {}))
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

  return async (by, period, limit, {after, metrics} = {}) => {
    if (period !== 'window') {
      return await readPeriod(deps, subjects(STREAM, 'query'), {by, period, limit, metrics})
    }
    // Who has waited for an event is not answered by sums from before it.
    const {value, meta} = (await (after === true ? fresh('') : shared('')))!
    const ranked = [...value]
      .map(([id, figures]) => ({id, value: figures[by] ?? 0, figures}))
      .filter(one => one.value > 0 && one.id !== NULL_KEY)
      .toSorted((a, b) => b.value - a.value || (a.id < b.id ? -1 : 1))
    return {value: await withContents(deps.contents, ranked, {limit, metrics}), meta}
  }
}

interface PeriodAsked extends Pick<TopOptions, 'metrics'> {
  readonly by: MetricName
  readonly period: Period
  readonly limit: number
}

async function readPeriod(
  deps: EngagementDeps,
  subject: Subject,
  {by, period, limit, metrics}: PeriodAsked,
): Promise<Answered<readonly TopRow[]>> {
  const {from, to} = period
  const names = [...new Set([by, ...(metrics ?? [])])]
  // A day that has just begun has no length yet.
  const plan = planQuery(
    {
      metrics: names,
      dimensions: ['content'],
      date_range: from === null ? 'all' : [msToIso(from), msToIso(Math.max(to, from + 1))],
      order_by: [[by, 'desc']],
      pagination: {limit: limit * 2},
    },
    subject,
    Date.now(),
  )
  const {value, meta} = await createQuestions(deps)(plan)
  const ranked = value.rows.flatMap(({dimensions: [id = null], metrics: values}) => {
    const [figure] = values
    const isRanked = typeof figure === 'number' || typeof figure === 'string'
    if (id === null || !isRanked) return []
    const figures = Object.fromEntries(names.map((name, i) => [name, values[i] ?? null]))
    return [{id: textOf(id), value: figure, figures}]
  })
  return {value: await withContents(deps.contents, ranked, {limit, metrics}), meta}
}

interface Ranked {
  readonly id: string
  readonly value: number | string
  readonly figures: Figures
}

/** Contents that were deleted meanwhile are passed over. */
async function withContents(
  table: ContentTable,
  ranked: readonly Ranked[],
  {limit, metrics}: {readonly limit: number; readonly metrics: TopOptions['metrics']},
): Promise<readonly TopRow[]> {
  const some = ranked.slice(0, limit * 2)
  const ids = some.map(({id}) => id)
  const contents = new Map((await table.read(ids)).map(one => [one.id, one]))
  return some
    .filter(({id}) => contents.has(id))
    .slice(0, limit)
    .map(({id, value, figures}, i) => {
      const row = {rank: i + 1, content: contents.get(id)!, value}
      return metrics === undefined
        ? row
        : {...row, metrics: pickFigures(figures, metrics) as MetricsView}
    })
}
