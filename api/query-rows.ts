/** Groups rows of the stores into the rows of an answer. Pure. */
import {EVENT_TYPES, type EventType} from '../contracts/engagement.ts'
import type {ContentState} from '../readmodel/content-state.ts'
import {deviceOfKey} from '../readmodel/devices.ts'
import {floorTo, offsetMs} from './calendar.ts'
import {addState, Measure, type MetricName, type MetricValues} from './measures.ts'
import type {QueryPlan} from './query-plan.ts'
import {msToIso} from './times.ts'

/** One row of the stores: a content in total, or in a bucket of time. */
export interface SourceRow {
  readonly content: string
  readonly contentType: string | null
  readonly lengthSeconds: number | null
  /** Start of the stored bucket, milliseconds; null for totals. */
  readonly start: number | null
  readonly state: ContentState
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
export function timeLabel(start: number, plan: Pick<QueryPlan, 'granularity' | 'zone'>): string {
  const {granularity, zone} = plan
  if (granularity === 'minute' || granularity === 'hour') return msToIso(start)
  return new Date(start + offsetMs(zone, start)).toISOString().slice(0, 10)
}

export interface GroupOptions {
  /** Event types whose durations count. */
  readonly counted: readonly EventType[]
  readonly groupsMax: number
}

/** Finds or makes the group of labels. */
class Groups {
  readonly #groups = new Map<string, Group>()
  readonly #counted: readonly EventType[]

  constructor(counted: readonly EventType[]) {
    this.#counted = counted
  }

  get size(): number {
    return this.#groups.size
  }

  at(dimensions: readonly (string | null)[]): Measure {
    const key = JSON.stringify(dimensions)
    let group = this.#groups.get(key)
    if (group === undefined) {
      group = {dimensions, measure: new Measure(this.#counted)}
      this.#groups.set(key, group)
    }
    return group.measure
  }

  all(): readonly Group[] {
    return [...this.#groups.values()]
  }
}

export interface Grouper {
  /** @returns false when there are too many groups */
  add(row: SourceRow): boolean
  finish(): AnswerRows
}

/** Sorts the cells of rows into the groups that the plan asks for. */
export function createGrouper(plan: QueryPlan, options: GroupOptions): Grouper {
  const groups = new Groups(options.counted)
  const {granularity, zone, dimensions} = plan
  return {
    add(row) {
      const time =
        row.start === null || granularity === undefined
          ? null
          : timeLabel(floorTo(row.start, granularity, zone), plan)
      addState(row.state, row.lengthSeconds, (deviceKey, type) => {
        const labels = {
          content: row.content,
          content_type: row.contentType,
          device: deviceOfKey(deviceKey),
          event_type: type,
        }
        if (!plan.matches(labels)) return undefined
        return groups.at(
          dimensions.map(name =>
            name.startsWith('time:') ? time : labels[name as keyof typeof labels],
          ),
        )
      })
      return groups.size <= options.groupsMax
    },
    finish() {
      if (dimensions.length === 0) groups.at([])
      if (plan.timeLabels && dimensions.length === 1 && granularity !== undefined) {
        // With time as the only dimension every bucket gets a row, also where nothing happened.
        for (const start of plan.starts ?? []) groups.at([timeLabel(start, plan)])
      }
      return toAnswer(groups.all(), plan)
    },
  }
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

/** Every type counts. */
export const ALL_TYPES: readonly EventType[] = EVENT_TYPES
