/** Reads the rows that a question needs, and groups them. */
import type {EventType} from '../../contracts/engagement.ts'
import type {ContentReads} from '../../readmodel/content-reads.ts'
import type {ContentState} from '../../readmodel/content-state.ts'
import {nextStart} from '../calendar.ts'
import type {Session} from '../database.ts'
import {needsViewers} from '../measures.ts'
import {refuse} from '../problem.ts'
import type {QueryPlan} from '../query-plan.ts'
import {createGrouper, type AnswerRows, type Grouper} from '../query-rows.ts'
import {decompose, storedFor, wholeMinutes, type Part} from './parts.ts'

interface ContentFacts {
  readonly content_type: string | null
  readonly length_seconds: number | null
}

const GROUPS_MAX = 100_000
/** Contents whose finer buckets are read one by one. */
const CONTENTS_MAX = 1000
const DAYS_MAX = 3700
const AT_ONCE = 32

export interface QuestionDeps {
  readonly db: Session
  readonly reads: ContentReads
}

/** Type and present length of all contents, or of those asked for. */
async function readFacts(
  db: Session,
  ids: ReadonlySet<string> | undefined,
): Promise<ReadonlyMap<string, ContentFacts>> {
  const {rows} = await db.query<ContentFacts & {id: string}>(
    ids === undefined
      ? 'SELECT id, content_type, length_seconds FROM content'
      : 'SELECT id, content_type, length_seconds FROM content WHERE id::text = ANY($1)',
    ids === undefined ? [] : [[...ids]],
  )
  return new Map(rows.map(row => [row.id, row]))
}

async function inGroups<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let i = 0; i < items.length; i += AT_ONCE) {
    await Promise.all(items.slice(i, i + AT_ONCE).map(work))
  }
}

/** Whole days can be read with all contents at once. */
function daysOf(part: Part): readonly number[] {
  const days: number[] = []
  for (let day = part.from; day < part.to; day += 86_400) days.push(day)
  return days
}

/** Stored parts of the period; null: the totals. */
export function partsOf(plan: QueryPlan, earliest: number | null): readonly Part[] | null {
  const {period, granularity, zone} = plan
  if (granularity === undefined) {
    if (period.from === null) return null
    const {from, to} = wholeMinutes(period.from, period.to)
    return decompose(from, to)
  }
  const starts = plan.starts ?? (earliest === null ? [] : [earliest, period.to])
  if (starts.length === 0) return []
  const stored = storedFor(granularity, zone, starts)
  const end =
    plan.starts === undefined ? period.to : nextStart(plan.starts.at(-1)!, granularity, zone)
  const step = {minute: 60, hour: 3600, day: 86_400}[stored]
  const floor = (ms: number): number => Math.floor(ms / 1000 / step) * step
  const to = Math.ceil(end / 1000 / step) * step
  return [{granularity: stored, from: floor(starts[0]!), to}]
}

/** @throws a problem that says what the question would need too much of */
export async function answerQuestion(
  plan: QueryPlan,
  deps: QuestionDeps,
  counted: readonly EventType[],
): Promise<AnswerRows & {readonly newest: number | null}> {
  const facts = await readFacts(deps.db, plan.contents)
  const grouper = createGrouper(plan, {counted, groupsMax: GROUPS_MAX})
  const seen = new Set<string>()
  let newest: number | null = null
  const add = (contentId: string, state: ContentState, start: number | null): void => {
    const fact = facts.get(contentId)
    if (plan.contents !== undefined && fact === undefined) return
    seen.add(contentId)
    const last = Math.max(...state.last)
    if (Number.isFinite(last)) newest = Math.max(newest ?? last, last)
    addRow(grouper, {
      content: contentId,
      contentType: fact?.content_type ?? null,
      lengthSeconds: fact?.length_seconds ?? null,
      start,
      state,
    })
  }
  await readRows(plan, deps, facts, add)
  const isRatio = plan.metrics.some(name => name.startsWith('engagement_pct'))
  if (isRatio && seen.size > CONTENTS_MAX && !plan.dimensions.includes('content')) {
    const detail = `is a sum over contents, here ${seen.size}: at most ${CONTENTS_MAX} are added up`
    throw refuse('body', '/metrics', 'engagement_pct', detail)
  }
  return {...grouper.finish(), newest}
}

function addRow(grouper: Grouper, row: Parameters<Grouper['add']>[0]): void {
  if (grouper.add(row)) return
  throw refuse('body', '/dimensions', null, `give more than ${GROUPS_MAX} rows: filter more`)
}

type Add = (contentId: string, state: ContentState, start: number | null) => void

async function readRows(
  plan: QueryPlan,
  deps: QuestionDeps,
  facts: ReadonlyMap<string, ContentFacts>,
  add: Add,
): Promise<void> {
  const {reads} = deps
  const viewers = {viewers: needsViewers(plan.metrics)}
  const named = plan.contents === undefined ? undefined : [...facts.keys()]
  const isFew = named !== undefined && named.length <= CONTENTS_MAX
  const parts = partsOf(plan, await earliestOf(plan, deps))
  if (parts === null) {
    if (isFew) {
      await inGroups(named, async id => {
        const found = await reads.totals(id, viewers)
        if (found !== null) add(id, found.state, null)
      })
      return
    }
    for await (const page of reads.allTotals(viewers)) {
      for (const {contentId, state} of page) add(contentId, state, null)
    }
    return
  }
  for (const part of parts) {
    if (part.granularity === 'day' && !isFew) {
      await readDays(reads, part, viewers, add)
      continue
    }
    const ids = named ?? (await contentsOf(reads, part))
    if (ids.length > CONTENTS_MAX) {
      const detail = `has events of ${ids.length} contents; parts of days are read for at most ${CONTENTS_MAX}: ask for whole days (UTC) or fewer contents`
      throw refuse('body', '/date_range', null, detail)
    }
    await inGroups(ids, async id => {
      const states = await reads.series(id, part.granularity, part, viewers)
      for (const {start, state} of states) add(id, state, start * 1000)
    })
  }
}

async function readDays(
  reads: ContentReads,
  part: Part,
  viewers: {readonly viewers: boolean},
  add: Add,
): Promise<void> {
  const days = daysOf(part)
  if (days.length > DAYS_MAX) {
    throw refuse('body', '/date_range', null, `covers more than ${DAYS_MAX} days`)
  }
  await inGroups(days, async day => {
    for await (const page of reads.day(day, viewers)) {
      for (const {contentId, state} of page) add(contentId, state, day * 1000)
    }
  })
}

/** Contents with an event on a day that the part touches. */
async function contentsOf(reads: ContentReads, part: Part): Promise<readonly string[]> {
  const ids = new Set<string>()
  for (let day = Math.floor(part.from / 86_400) * 86_400; day < part.to; day += 86_400) {
    for await (const page of reads.day(day, {viewers: false})) {
      for (const {contentId} of page) ids.add(contentId)
    }
  }
  return [...ids]
}

/** Where time begins for a question about all of it: milliseconds of the first event. */
async function earliestOf(plan: QueryPlan, {reads}: QuestionDeps): Promise<number | null> {
  if (plan.granularity === undefined || plan.period.from !== null) return null
  let earliest = Number.POSITIVE_INFINITY
  for await (const page of reads.allTotals({viewers: false})) {
    for (const {state} of page) earliest = Math.min(earliest, ...state.first)
  }
  if (!Number.isFinite(earliest)) return null
  const days = (plan.period.to - earliest / 1000) / 86_400_000
  const daysMax = {minute: 2, hour: 90, day: DAYS_MAX, week: DAYS_MAX, month: DAYS_MAX}
  if (days <= daysMax[plan.granularity]) return earliest / 1000
  const detail = `begins ${Math.ceil(days)} days ago: too long by ${plan.granularity}`
  throw refuse('body', '/date_range', 'all', detail)
}
