/** Groups rows of the stores into the rows of an answer. Pure. */
import type {EventType} from '../contracts/engagement.ts'
import {EVENT_TYPES} from '../contracts/engagement.ts'
import {floorTo} from './calendar.ts'
import {Measure, type Measured, type MetricName, type MetricValues} from './measures.ts'
import type {QueryPlan} from './query-plan.ts'
import {msToIso} from './times.ts'

/** One row of the stores: a content, perhaps a device, perhaps a bucket of time. */
export interface SourceRow extends Measured {
  readonly content: string
  readonly contentType: string | null
  readonly device: string | null
  /** Start of the stored bucket, milliseconds; null for totals. */
  readonly start: number | null
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
  readonly measure: Measure
}

/** Label of a bucket: the local date for days and longer, else the instant. */
export function timeLabel(
  start: number,
  plan: Pick<QueryPlan, 'granularity' | 'zone'>,
  offset: number,
): string {
  const {granularity} = plan
  if (granularity === 'minute' || granularity === 'hour') return msToIso(start)
  return new Date(start + offset).toISOString().slice(0, 10)
}

export interface GroupOptions {
  /** Event types whose durations count. */
  readonly counted: readonly EventType[]
  /** Local time minus UTC at an instant. */
  readonly offsetMs: (ms: number) => number
  readonly groupsMax: number
}

/** @returns undefined when there would be more than `groupsMax` rows */
export function groupRows(
  sources: Iterable<SourceRow>,
  plan: QueryPlan,
  options: GroupOptions,
): AnswerRows | undefined {
  const groups = new Map<string, Group>()
  const {zone, granularity} = plan
  const labelOf = (start: number): string => timeLabel(start, plan, options.offsetMs(start))
  const groupAt = (dimensions: readonly (string | null)[], types: readonly EventType[]): Group => {
    const key = JSON.stringify(dimensions)
    let group = groups.get(key)
    if (group === undefined) {
      group = {dimensions, measure: new Measure(options.counted, types)}
      groups.set(key, group)
    }
    return group
  }
  const byType = plan.dimensions.includes('event_type')

  for (const row of sources) {
    const base = {content: row.content, content_type: row.contentType, device: row.device}
    const matching = EVENT_TYPES.filter(type => plan.matches({...base, event_type: type}))
    if (matching.length === 0) continue
    const time =
      row.start === null || granularity === undefined
        ? null
        : labelOf(floorTo(row.start, granularity, zone))
    const labels = (type: EventType): readonly (string | null)[] =>
      plan.dimensions.map(name => {
        if (name.startsWith('time:')) return time
        if (name === 'content') return row.content
        if (name === 'content_type') return row.contentType
        return name === 'device' ? row.device : type
      })
    if (byType) {
      for (const type of matching) {
        if (row.tally.events[type] === 0 && row.tally.timed[type] === 0) continue
        groupAt(labels(type), [type]).measure.add(row)
      }
    } else {
      // Rows without a matching event would make groups of nothing.
      if (matching.every(type => row.tally.events[type] === 0)) continue
      groupAt(labels('play'), matching).measure.add(row)
    }
    if (groups.size > options.groupsMax) return undefined
  }
  if (plan.dimensions.length === 0) groupAt([], EVENT_TYPES)
  if (plan.timeLabels) fillBuckets(plan, labelOf, groupAt)
  return toAnswer([...groups.values()], plan)
}

/** With time as the only dimension, every bucket gets a row, also where nothing happened. */
function fillBuckets(
  plan: QueryPlan,
  labelOf: (start: number) => string,
  groupAt: (dimensions: readonly (string | null)[], types: readonly EventType[]) => Group,
): void {
  if (plan.dimensions.length !== 1 || plan.starts === undefined) return
  for (const start of plan.starts) groupAt([labelOf(start)], EVENT_TYPES)
}

function toAnswer(groups: readonly Group[], plan: QueryPlan): AnswerRows {
  const rows = groups.map(({dimensions, measure}) => ({dimensions, values: measure.values()}))
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
