/** From groups to the rows of an answer: which are shown, in which order, and what they are compared with. Pure. */
import type {Figure, Figures} from '../measures.ts'
import type {QueryRow} from '../schemas/query.ts'
import type {Group, Grouped} from './group.ts'
import type {Order, QueryPlan, Stretch} from './plan.ts'
import type {Subject} from './subject.ts'
import {isCalendar, isTime, timeLabel} from './time.ts'
import type {Label} from './values.ts'

export interface AnswerRows {
  readonly rows: readonly QueryRow[]
  /** Rows of all pages. */
  readonly count: number
  readonly totals: Omit<QueryRow, 'dimensions' | 'percentages'> | undefined
  /** Dimensions whose rare values are not told apart in it. */
  readonly crowded: readonly string[]
}

/** Groups of a stretch of time. */
export interface GroupedStretch {
  readonly stretch: Stretch
  readonly grouped: Grouped
}

type Shape = Pick<QueryPlan, 'order' | 'dimensions' | 'metrics'>

/** Null sorts last, whichever way; ties are broken by the dimensions, so that pages are stable. */
export function compareGroups(a: Group, b: Group, plan: Shape): number {
  const order = plan.order.length > 0 ? plan.order : defaultOrder(plan)
  for (const {by, descending} of order) {
    const at = plan.dimensions.indexOf(by)
    const of = ({labels, figures}: Group): Label => (at >= 0 ? labels[at]! : (figures[by] ?? null))
    const result = compareValues(of(a), of(b), descending)
    if (result !== 0) return result
  }
  for (const [i, label] of a.labels.entries()) {
    const result = compareValues(label, b.labels[i]!, false)
    if (result !== 0) return result
  }
  return 0
}

/** Time upwards, else the first metric downwards. */
function defaultOrder({dimensions, metrics}: Shape): readonly Order[] {
  const time = dimensions.find(isTime)
  return time === undefined
    ? [{by: metrics[0]!, descending: true}]
    : [{by: time, descending: false}]
}

function compareValues(left: Label, right: Label, descending: boolean): number {
  if (left === right) return 0
  if (left === null) return 1
  if (right === null) return -1
  // Numbers and what stands for the others of them have no order of their own.
  const isLess = typeof left === typeof right ? left < right : typeof left < typeof right
  return isLess !== descending ? -1 : 1
}

/** By how many percent; null from 0, and of what is no number. */
export const changeOf = (before: Figure, now: Figure): number | null =>
  typeof before !== 'number' || typeof now !== 'number' || before === 0
    ? null
    : ((now - before) / Math.abs(before)) * 100

const valuesOf = (figures: Figures, {metrics}: Shape): Label[] =>
  metrics.map(name => figures[name] ?? null)

function toComparison(figures: Figures, before: Figures, plan: Shape) {
  return {
    metrics: valuesOf(before, plan),
    change: plan.metrics.map(name => changeOf(before[name] ?? null, figures[name] ?? null)),
  }
}

/** Numbers of the buckets of a stretch by their labels. */
const bucketsOf = (
  {starts = []}: Stretch,
  time: string,
  plan: QueryPlan,
): ReadonlyMap<Label, number> =>
  new Map(starts.map((start, i) => [timeLabel(time, start, plan), i]))

/** Finds the same group in the stretch that is compared with: buckets of time by their place in it. */
function createFinder(plan: QueryPlan, main: Stretch, {stretch, grouped}: GroupedStretch) {
  const at = plan.dimensions.findIndex(isCalendar)
  const time = plan.dimensions[at] ?? ''
  const numbers = bucketsOf(main, time, plan)
  const {starts = []} = stretch
  const byLabels = new Map(
    grouped.groups.map(({labels, figures}) => [JSON.stringify(labels), figures]),
  )
  return (labels: readonly Label[]) => {
    const start = at < 0 ? 0 : starts[numbers.get(labels[at]!) ?? starts.length]
    if (start === undefined) return undefined
    const own = at < 0 ? labels : labels.with(at, timeLabel(time, start, plan))
    return {dimensions: [...own], figures: byLabels.get(JSON.stringify(own)) ?? grouped.empty}
  }
}

/** Metrics whose values of rows add up to that of all. */
function addedUp({plan: {stream}}: Subject, name: string): boolean {
  const kind = stream.measures[name]?.kind
  return kind === 'count' || kind === 'sum'
}

/** The rows that are asked for. */
export function toAnswer(
  plan: QueryPlan,
  main: GroupedStretch,
  compared: GroupedStretch | undefined,
): AnswerRows {
  const {groups, total, crowded} = main.grouped
  const shown = groups
    .filter(({figures}) => plan.filters.holds(figures))
    .toSorted((a, b) => compareGroups(a, b, plan))
  const find = compared && createFinder(plan, main.stretch, compared)
  const toRow = ({labels, figures}: Group): QueryRow => {
    const before = find?.(labels)
    return {
      dimensions: [...labels],
      metrics: valuesOf(figures, plan),
      ...(before === undefined
        ? {}
        : {
            comparison: {
              dimensions: before.dimensions,
              ...toComparison(figures, before.figures, plan),
            },
          }),
      ...(plan.include.percentages
        ? {percentages: plan.metrics.map(name => shareOf(name, figures, total))}
        : {}),
    }
  }
  const shareOf = (name: string, figures: Figures, all: Figures): number | null => {
    const [part, whole] = [figures[name], all[name]]
    if (!addedUp(plan.subject, name) || typeof part !== 'number') return null
    return typeof whole !== 'number' || whole === 0 ? null : (part / whole) * 100
  }
  const comparison =
    compared === undefined
      ? {}
      : {comparison: {dimensions: [], ...toComparison(total, compared.grouped.total, plan)}}
  return {
    rows: shown.slice(plan.offset, plan.offset + plan.limit).map(toRow),
    count: shown.length,
    totals: plan.include.totals ? {metrics: valuesOf(total, plan), ...comparison} : undefined,
    crowded,
  }
}
