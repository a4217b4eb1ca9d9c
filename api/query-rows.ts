/** Groups rows of the stores into the rows of an answer. Pure. */
import {valueOfSplitText} from '../readmodel/places.ts'
import type {RollupPlan} from '../readmodel/plan.ts'
import type {Piece} from '../readmodel/stream-reads.ts'
import {Tally} from '../readmodel/tally.ts'
import {floorTo, offsetMs} from './calendar.ts'
import {contentFigures, type MetricName, type MetricValues} from './measures.ts'
import type {QueryPlan} from './query-plan.ts'
import {labelsOf} from './reads/figures.ts'
import {msToIso} from './times.ts'

/** What the stores hold of a content in total, or in a bucket of time. */
export interface SourceRow {
  /** Null: of the events that have none. */
  readonly content: string | null
  readonly contentType: string | null
  readonly lengthSeconds: number | null
  /** Start of the stored bucket, milliseconds; null for totals. */
  readonly start: number | null
  readonly piece: Piece
}

export interface AnswerRow {
  readonly dimensions: readonly (string | null)[]
  readonly metrics: readonly (number | string | null)[]
}

export interface AnswerRows {
  readonly rows: readonly AnswerRow[]
  readonly total: number
}

interface Group {
  readonly dimensions: readonly (string | null)[]
  readonly tally: Tally
  /** What shares of lengths are made of. */
  readonly byLength: Map<number | null, Tally>
}

/** Label of a bucket: the local date for days and longer, else the instant. */
export function timeLabel(start: number, plan: Pick<QueryPlan, 'granularity' | 'zone'>): string {
  const {granularity, zone} = plan
  if (granularity === 'minute' || granularity === 'hour') return msToIso(start)
  return new Date(start + offsetMs(zone, start)).toISOString().slice(0, 10)
}

export interface GroupOptions {
  readonly rollup: RollupPlan
  readonly groupsMax: number
}

export interface Grouper {
  /** @returns false when there are too many groups */
  add(row: SourceRow): boolean
  finish(): AnswerRows
}

const SECONDS = new Set(['engagement_seconds'])

/** Sorts the places of rows into the groups that the plan asks for. */
export function createGrouper(plan: QueryPlan, {rollup, groupsMax}: GroupOptions): Grouper {
  const groups = new Map<string, Group>()
  const {granularity, zone, dimensions} = plan
  const names: ReadonlySet<string> = new Set([...plan.metrics, ...plan.order.map(({by}) => by)])
  const wanted = new Set([...names].map(name => (/_p\d+$/.test(name) ? 'percentiles' : name)))
  const isShared = [...names].some(name => name.startsWith('engagement_pct'))
  const [deviceAt, typeAt] = [rollup.split.indexOf('device'), rollup.split.indexOf('event_type')]

  const groupAt = (labels: readonly (string | null)[]): Group => {
    const key = JSON.stringify(labels)
    let group = groups.get(key)
    if (group === undefined) {
      group = {dimensions: labels, tally: new Tally(rollup, wanted), byLength: new Map()}
      groups.set(key, group)
    }
    return group
  }
  const addTo = (group: Group, {lengthSeconds, piece}: SourceRow, keys: ReadonlySet<string>) => {
    const {bucket, valuesOf} = piece
    const choose = (values: readonly string[]): boolean => keys.has(values.join('\0'))
    group.tally.add(bucket, valuesOf, choose)
    if (!isShared) return
    let ofLength = group.byLength.get(lengthSeconds)
    if (ofLength === undefined) {
      group.byLength.set(lengthSeconds, (ofLength = new Tally(rollup, SECONDS)))
    }
    ofLength.add(bucket, valuesOf, choose)
  }

  return {
    add(row) {
      const {start, piece} = row
      const time =
        start === null || granularity === undefined
          ? null
          : timeLabel(floorTo(start, granularity, zone), plan)
      const chosen = new Map<Group, Set<string>>()
      // Places with the same split values count as one.
      for (const key of labelsOf(piece, values => values.join('\0'))) {
        const values = key.split('\0')
        const labels = {
          content: row.content,
          content_type: row.contentType,
          device: valueOfSplitText(values[deviceAt]!),
          event_type: valueOfSplitText(values[typeAt]!),
        }
        if (!plan.matches(labels)) continue
        const group = groupAt(
          dimensions.map(name =>
            name.startsWith('time:') ? time : labels[name as keyof typeof labels],
          ),
        )
        const keys = chosen.get(group)
        if (keys === undefined) chosen.set(group, new Set([key]))
        else keys.add(key)
      }
      for (const [group, keys] of chosen) addTo(group, row, keys)
      return groups.size <= groupsMax
    },
    finish() {
      if (dimensions.length === 0) groupAt([])
      if (plan.timeLabels && dimensions.length === 1 && granularity !== undefined) {
        // With time as the only dimension every bucket gets a row, also where nothing happened.
        for (const start of plan.starts ?? []) groupAt([timeLabel(start, plan)])
      }
      return toAnswer([...groups.values()], plan)
    },
  }
}

function toAnswer(groups: readonly Group[], plan: QueryPlan): AnswerRows {
  const rows = groups.map(({dimensions, tally, byLength}) => {
    const lengths = [...byLength].map(([length, own]) => ({length, tally: own}))
    return {dimensions, values: contentFigures(tally, lengths)}
  })
  rows.sort((a, b) => compareRows(a, b, plan))
  const page = rows.slice(plan.offset, plan.offset + plan.limit)
  return {
    rows: page.map(({dimensions, values}) => ({
      dimensions,
      metrics: plan.metrics.map(name => values[name]),
    })),
    total: rows.length,
  }
}

interface ValuedRow {
  readonly dimensions: readonly (string | null)[]
  readonly values: MetricValues
}

/** Null sorts last, whichever way; ties are broken by the dimensions, so that pages are stable. */
export function compareRows(
  a: ValuedRow,
  b: ValuedRow,
  plan: Pick<QueryPlan, 'order' | 'dimensions' | 'metrics'>,
): number {
  const order = plan.order.length > 0 ? plan.order : defaultOrder(plan)
  for (const {by, descending} of order) {
    const at = plan.dimensions.indexOf(by)
    const left = at >= 0 ? a.dimensions[at]! : a.values[by as MetricName]
    const right = at >= 0 ? b.dimensions[at]! : b.values[by as MetricName]
    const result = compareValues(left, right, descending)
    if (result !== 0) return result
  }
  for (let i = 0; i < a.dimensions.length; i++) {
    const result = compareValues(a.dimensions[i]!, b.dimensions[i]!, false)
    if (result !== 0) return result
  }
  return 0
}

/** Time upwards, else the first metric downwards. */
function defaultOrder(plan: Pick<QueryPlan, 'dimensions' | 'metrics'>): QueryPlan['order'] {
  const time = plan.dimensions.find(name => name.startsWith('time:'))
  return time === undefined
    ? [{by: plan.metrics[0]!, descending: true}]
    : [{by: time, descending: false}]
}

function compareValues(
  left: string | number | null,
  right: string | number | null,
  descending: boolean,
): number {
  if (left === right) return 0
  if (left === null) return 1
  if (right === null) return -1
  return left < right !== descending ? -1 : 1
}
