/**
 * From a question in Plausible's words to a plan that the stores can answer, or a refusal that says
 * why not. Pure: nothing is read here.
 */
import {CONTENT_TYPES} from '../streams/content.ts'
import {EVENT_TYPES} from '../streams/engagement.ts'
import {bucketStarts, GRANULARITIES, type Granularity} from './calendar.ts'
import type {MetricName} from './measures.ts'
import {parsePeriod, parseZone, type Period} from './period.ts'
import {refuse} from './problem.ts'
import type {Dimension, Filter, QueryBody} from './schemas/query.ts'

/** What a row of the stores says about itself; `null` is a value of its own. */
export interface RowLabels {
  readonly content: string | null
  readonly content_type: string | null
  readonly event_type: string | null
  readonly device: string | null
}

export interface QueryPlan {
  readonly metrics: readonly MetricName[]
  readonly dimensions: readonly string[]
  readonly granularity: Granularity | undefined
  readonly period: Period
  readonly zone: string
  /** Starts of the buckets, when there is a time dimension with a bounded period. */
  readonly starts: readonly number[] | undefined
  readonly matches: (labels: RowLabels) => boolean
  /** Contents that can match, when the filters name them; undefined: any. */
  readonly contents: ReadonlySet<string> | undefined
  readonly order: readonly {readonly by: string; readonly descending: boolean}[]
  readonly limit: number
  readonly offset: number
  readonly timeLabels: boolean
  readonly totalRows: boolean
}

const BUCKETS_MAX = 5000
const DEPTH_MAX = 8

/** Values of a dimension that are a closed list. */
const CLOSED_VALUES: Readonly<Partial<Record<Dimension, readonly string[]>>> = {
  content_type: CONTENT_TYPES,
  event_type: EVENT_TYPES,
}

type Matcher = (labels: RowLabels) => boolean

interface FilterFacts {
  readonly matches: Matcher
  readonly used: ReadonlySet<Dimension>
  readonly contents: ReadonlySet<string> | undefined
}

const LOGIC = new Set(['and', 'or', 'not'])

function toMatcher(filter: Filter, pointer: string, depth: number): FilterFacts {
  if (depth > DEPTH_MAX) {
    throw refuse('body', pointer, null, `is nested deeper than ${DEPTH_MAX} levels`)
  }
  return LOGIC.has(filter[0])
    ? toLogic(filter as ['and' | 'or', Filter[]] | ['not', Filter], pointer, depth)
    : toTest(filter as ['is', Dimension, (string | null)[]], pointer)
}

function toLogic(
  [operator, operand]: readonly ['and' | 'or', readonly Filter[]] | readonly ['not', Filter],
  pointer: string,
  depth: number,
): FilterFacts {
  if (operator === 'not') {
    const inner = toMatcher(operand, `${pointer}/1`, depth + 1)
    return {matches: labels => !inner.matches(labels), used: inner.used, contents: undefined}
  }
  const parts = operand.map((part, index) => toMatcher(part, `${pointer}/1/${index}`, depth + 1))
  const used = new Set(parts.flatMap(part => [...part.used]))
  if (operator === 'and') return {...joinAll(parts), used}
  const named = parts.map(part => part.contents)
  const contents = named.every(set => set !== undefined)
    ? new Set(named.flatMap(set => [...set]))
    : undefined
  return {matches: labels => parts.some(part => part.matches(labels)), used, contents}
}

function joinAll(parts: readonly FilterFacts[]): Omit<FilterFacts, 'used'> {
  const named = parts.flatMap(part => (part.contents === undefined ? [] : [part.contents]))
  const contents =
    named.length === 0
      ? undefined
      : new Set([...named[0]!].filter(id => named.every(set => set.has(id))))
  return {matches: labels => parts.every(part => part.matches(labels)), contents}
}

function toTest(
  [operator, dimension, values]: readonly [string, Dimension, readonly (string | null)[]],
  pointer: string,
): FilterFacts {
  const known = CLOSED_VALUES[dimension]
  const exact = operator === 'is' || operator === 'is_not'
  const unknown = values.find(value => exact && value !== null && known?.includes(value) === false)
  if (unknown !== undefined) {
    const detail = `${dimension} is one of ${known!.join(', ')}`
    throw refuse('body', `${pointer}/2`, unknown, detail)
  }
  const used = new Set([dimension])
  const fold = (text: string | null): string | null =>
    dimension === 'content' ? (text?.toLowerCase() ?? null) : text
  const set = new Set(values.map(fold))
  const is: Matcher = labels => set.has(labels[dimension])
  const contains: Matcher = labels =>
    values.some(value => value !== null && labels[dimension]?.includes(value) === true)
  switch (operator) {
    case 'is': {
      const ids = new Set([...set].filter(value => value !== null))
      // Events without a content are found by reading all rows alone.
      const isNamed = dimension === 'content' && ids.size === set.size
      return {matches: is, used, contents: isNamed ? ids : undefined}
    }
    case 'is_not':
      return {matches: labels => !is(labels), used, contents: undefined}
    case 'contains':
      return {matches: contains, used, contents: undefined}
    default:
      return {matches: labels => !contains(labels), used, contents: undefined}
  }
}

function granularityOf(dimensions: readonly string[]): Granularity | undefined {
  const times = dimensions.filter(name => name.startsWith('time:'))
  if (times.length > 1) {
    throw refuse('body', '/dimensions', times, 'can hold one dimension of time')
  }
  return GRANULARITIES.find(name => times[0] === `time:${name}`)
}

function toPeriod(body: QueryBody, now: number, zone: string): Period {
  const range = body.date_range
  const request = typeof range === 'string' ? {period: range} : {from: range[0], to: range[1]}
  return parsePeriod(request, {now, zone, fallback: 'all'}, 'body')
}

function toOrder(body: QueryBody, names: ReadonlySet<string>): QueryPlan['order'] {
  return (body.order_by ?? []).map(([by, direction], index) => {
    if (!names.has(by)) {
      const detail = 'is neither a metric nor a dimension of this query'
      throw refuse('body', `/order_by/${index}/0`, by, detail)
    }
    return {by, descending: direction === 'desc'}
  })
}

/** Why a metric cannot be had in this combination, by what the stores hold. */
function checkAnswerable(metrics: readonly MetricName[], splitsTypes: boolean): void {
  if (!splitsTypes) return
  const times = metrics.find(name => name === 'first_event_at' || name === 'last_event_at')
  if (times !== undefined) {
    const why =
      'is kept for all event types together: leave event_type out of dimensions and filters'
    throw refuse('body', '/metrics', times, why)
  }
  if (metrics.includes('completion_rate')) {
    const why = 'divides finishes by plays: leave event_type out of dimensions and filters'
    throw refuse('body', '/metrics', 'completion_rate', why)
  }
}

/**
 * @throws a problem that names the field when the question cannot be answered, and says why
 */
export function planQuery(body: QueryBody, now: number): QueryPlan {
  const dimensions = body.dimensions ?? []
  const {metrics} = body
  const zone = parseZone(body.timezone, '/timezone', 'body')
  const granularity = granularityOf(dimensions)
  const period = toPeriod(body, now, zone)
  const starts =
    granularity === undefined || period.from === null
      ? undefined
      : bucketStarts({from: period.from, to: period.to}, granularity, zone, BUCKETS_MAX)
  if (granularity !== undefined && period.from !== null && starts === undefined) {
    const detail = `would have more than ${BUCKETS_MAX} buckets of a ${granularity}`
    throw refuse('body', '/date_range', body.date_range, detail)
  }
  const filters = (body.filters ?? []).map((filter, index) =>
    toMatcher(filter, `/filters/${index}`, 0),
  )
  const used = new Set<string>([...dimensions, ...filters.flatMap(filter => [...filter.used])])
  const splitsTypes = used.has('event_type')
  checkAnswerable(metrics, splitsTypes)
  const include = body.include ?? {}
  return {
    metrics,
    dimensions,
    granularity,
    period,
    zone,
    starts,
    ...joinAll(filters),
    order: toOrder(body, new Set([...metrics, ...dimensions])),
    limit: body.pagination?.limit ?? 1000,
    offset: body.pagination?.offset ?? 0,
    timeLabels: include.time_labels ?? false,
    totalRows: include.total_rows ?? false,
  }
}
