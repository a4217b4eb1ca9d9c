/** Counts of all streams by hour or day, as the changes are found in. */
import type {Measure} from '../../contracts/measures.ts'
import {Problem} from '../problem.ts'
import {metricsOfKind, type Subject} from '../query/subject.ts'
import type {QueryRow} from '../schemas/query.ts'
import {changesOf, type Change, type Group} from './changes.ts'
import type {Ask} from './ask.ts'
import {DAY_MS, HOUR_MS, toRange, type Span} from './spans.ts'

export const CHANGE_SPANS = ['day', 'week'] as const
export type ChangeSpan = (typeof CHANGE_SPANS)[number]

interface Frame {
  readonly present: Span
  /** Everything that is read: the present and what is before it. */
  readonly whole: Span
  readonly spanMs: number
  readonly part: 'time:hour' | 'time:day'
}

/** A day is compared with seven, a week with four. */
const BEFORE: Readonly<Record<ChangeSpan, number>> = {day: 7, week: 4}

/** The last 24 whole hours, or the last seven whole days (UTC). */
export function frameOf(span: ChangeSpan, now: number): Frame {
  const [unit, spanMs] = span === 'day' ? [HOUR_MS, DAY_MS] : [DAY_MS, 7 * DAY_MS]
  const to = Math.floor(now / unit) * unit
  const from = to - spanMs
  return {
    present: {from, to},
    whole: {from: from - BEFORE[span] * spanMs, to},
    spanMs,
    part: span === 'day' ? 'time:hour' : 'time:day',
  }
}

/** Rows of one question. A dimension of more is one of names, not of kinds: it is left out. */
const ROWS_MAX = 10_000

/** Rows by bucket of time, added up by span: the present first. */
function groupsOf(
  {stream, metrics, dimension}: Asked,
  rows: readonly QueryRow[],
  {whole, spanMs}: Frame,
): readonly Group[] {
  const spans = (whole.to - whole.from) / spanMs
  return metrics.map((metric, at) => {
    const counts = new Map<string, number[]>()
    for (const {dimensions, metrics: values} of rows) {
      const start = Date.parse(String(dimensions[0]))
      const key = String(dimensions[1] ?? '')
      const found = counts.get(key) ?? Array.from({length: spans}, () => 0)
      const span = Math.floor((whole.to - 1 - start) / spanMs)
      found[span] = (found[span] ?? 0) + Number(values[at])
      counts.set(key, found)
    }
    return {
      stream,
      metric,
      dimension,
      counts: Array.from(counts, ([key, [present = 0, ...past]]) => ({key, present, past})),
    }
  })
}

interface Asked {
  readonly stream: string
  readonly metrics: readonly string[]
  /** Null: the whole. */
  readonly dimension: string | null
}

/** Groups of a stream as a whole, or by a dimension; none where nothing stored tells. */
async function readGroups(ask: Ask, asked: Asked, frame: Frame): Promise<readonly Group[]> {
  const {stream, metrics, dimension} = asked
  try {
    const {value} = await ask({
      stream,
      metrics: [...metrics],
      dimensions: dimension === null ? [frame.part] : [frame.part, dimension],
      date_range: toRange(frame.whole),
      pagination: {limit: ROWS_MAX},
    })
    return value.count > ROWS_MAX ? [] : groupsOf(asked, value.rows, frame)
  } catch (error) {
    // Of a stream that is being filled there is nothing to tell.
    if (error instanceof Problem && error.kind === 'incomplete') return []
    if (!(error instanceof Problem) || error.kind !== 'not-answerable') throw error
    // No rollup has all of them; one by one, those that are there.
    if (metrics.length === 1) return []
    const each = metrics.map(metric => readGroups(ask, {...asked, metrics: [metric]}, frame))
    return (await Promise.all(each)).flat()
  }
}

/** What is counted by few values: not the names of its things, and nothing that is known of those elsewhere. */
const dimensionsOf = ({counted, dimensions, plan}: Subject): readonly string[] =>
  counted.filter(name => {
    const {field, isFact} = dimensions.get(name)!
    return !isFact && field !== plan.stream.keyField && field !== plan.stream.idField
  })

const isBoundTo = (measure: Measure | undefined, dimension: string | null): boolean =>
  dimension !== null &&
  measure?.kind === 'count' &&
  measure.where !== undefined &&
  dimension in measure.where

export interface Changes {
  readonly span: Span
  readonly items: readonly Change[]
}

export async function readChanges(
  ask: Ask,
  subjects: readonly Subject[],
  {span, limit}: {readonly span: ChangeSpan; readonly limit: number},
  now: number,
): Promise<Changes> {
  const frame = frameOf(span, now)
  const groups: Group[] = []
  // One after the other: nobody waits for it, and the API has others to answer.
  for (const subject of subjects) {
    const {name: stream, measures} = subject.plan.stream
    const all = metricsOfKind(subject, 'count')
    for (const dimension of [null, ...dimensionsOf(subject)]) {
      // What counts one value of a dimension has nothing else to be told apart by.
      const metrics = all.filter(name => !isBoundTo(measures[name], dimension))
      if (metrics.length === 0) continue
      groups.push(...(await readGroups(ask, {stream, metrics, dimension}, frame)))
    }
  }
  return {span: frame.present, items: changesOf(groups, limit)}
}
