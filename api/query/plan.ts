/**
 * From a question in Plausible's words to a plan that the stores can answer, or a refusal that says why not and
 * what declaration would answer it. Pure: nothing is read here.
 */
import type {RollupPlan} from '../../readmodel/plan.ts'
import type {TimeRange} from '../../readmodel/slices.ts'
import {floorTo, withEnds, type Granularity} from '../calendar.ts'
import {parseZone} from '../period.ts'
import {Problem, refuse} from '../problem.ts'
import {wholeBuckets} from '../reads/parts.ts'
import type {QueryBody} from '../schemas/query.ts'
import {chooseRollup, type Access} from './choose.ts'
import {checkMetric, dimensionOf} from './conditions.ts'
import {planFilters, type PlannedFilters} from './filters.ts'
import {comparedRange, rangeOf, startsOf, type Range} from './range.ts'
import type {Subject} from './subject.ts'
import {granularitiesOf, isTime, type Parted} from './time.ts'

/** A range, with the starts of its buckets where they are asked for and it has a start. */
export interface Stretch {
  readonly range: Range
  readonly starts: readonly number[] | undefined
}

export interface Order {
  readonly by: string
  readonly descending: boolean
}

export interface QueryPlan {
  readonly subject: Subject
  readonly rollup: RollupPlan
  readonly access: Access
  readonly metrics: readonly string[]
  readonly dimensions: readonly string[]
  readonly filters: PlannedFilters
  readonly granularity: Granularity | undefined
  readonly zone: string
  readonly main: Stretch
  readonly compared: Stretch | undefined
  readonly order: readonly Order[]
  readonly limit: number
  readonly offset: number
  readonly include: {
    readonly percentages: boolean
    readonly timeLabels: boolean
    readonly totalRows: boolean
    readonly totals: boolean
  }
}

/** Time without a beginning is judged by its end. */
const PROBED_MS: Readonly<Record<Granularity, number>> = {
  minute: 3_600_000,
  hour: 172_800_000,
  day: 400 * 86_400_000,
  week: 400 * 86_400_000,
  month: 800 * 86_400_000,
}

function stretchOf(range: Range, {granularity, zone}: Parted): Stretch {
  const {from, to} = range
  const isParted = granularity !== undefined && from !== null
  return {range, starts: isParted ? startsOf({from, to}, granularity, zone) : undefined}
}

/**
 * Stretches of time of a rollup; null: all of it. An end that is now takes in the running bucket.
 *
 * @param stretch of parted time with its starts
 */
export function slicesOf(
  rollup: Pick<RollupPlan, 'levels'>,
  {range: {from, to, endsNow}, starts}: Stretch,
  {granularity, zone}: Parted,
): readonly TimeRange[] | null {
  if (granularity !== undefined && starts !== undefined) {
    return withEnds(starts, granularity, zone).map(bucket => ({
      from: bucket.start / 1000,
      to: bucket.end / 1000,
    }))
  }
  if (from === null) return null
  const whole = wholeBuckets(rollup, from, to)
  if (rollup.levels[0] === 'minute') return [whole]
  return [{from: from / 1000, to: endsNow ? whole.to : to / 1000}]
}

/** Time without a beginning, as far as it takes to see whether it can be parted. */
function probeOf(stretch: Stretch, {granularity, zone}: Parted): Stretch {
  const {range} = stretch
  if (granularity === undefined || range.from !== null) return stretch
  const from = floorTo(range.to - PROBED_MS[granularity], granularity, zone)
  return stretchOf({...range, from}, {granularity, zone})
}

function toOrder(body: QueryBody): readonly Order[] {
  const names = new Set([...body.metrics, ...(body.dimensions ?? [])])
  return (body.order_by ?? []).map(([by, direction], index) => {
    if (!names.has(by)) {
      const detail = 'is neither a metric nor a dimension of this query'
      throw refuse('body', `/order_by/${index}/0`, by, detail)
    }
    return {by, descending: direction === 'desc'}
  })
}

/** Fields that have to be in a rollup. */
function fieldsOf(subject: Subject, names: Iterable<string>, needsFacts: boolean): Set<string> {
  const fields = new Set([...names].map(name => subject.dimensions.get(name)!.field))
  if (needsFacts) fields.add(subject.facts!.field)
  return fields
}

/** Metrics that have to be in a rollup. */
const countedOf = ({facts}: Subject, metrics: ReadonlySet<string>): ReadonlySet<string> =>
  new Set([...metrics].map(name => (facts?.metrics.includes(name) === true ? facts.needs : name)))

/**
 * @param now milliseconds since 1970
 * @throws a problem that names the field when the question cannot be answered, and says why
 */
export function planQuery(body: QueryBody, subject: Subject, now: number): QueryPlan {
  const {metrics, dimensions = [], include = {}} = body
  const zone = parseZone(body.timezone, '/timezone', 'body')
  const clock = {now, zone}
  for (const [i, name] of metrics.entries()) checkMetric(subject, name, `/metrics/${i}`)
  const untimed = dimensions.filter(name => !isTime(name))
  for (const name of untimed) dimensionOf(subject, name, `/dimensions/${dimensions.indexOf(name)}`)
  const filters = planFilters(body.filters ?? [], subject)
  const range = rangeOf(body.date_range, clock)
  const ranges = [
    range,
    ...(include.comparisons === undefined
      ? []
      : [comparedRange(range, include.comparisons, clock)]),
  ]
  const all = new Set([...metrics, ...filters.metrics])
  const needsFacts = [...all].some(name => subject.facts?.metrics.includes(name))
  const wanted = {
    fields: fieldsOf(subject, [...untimed, ...filters.used], needsFacts),
    metrics: countedOf(subject, all),
    named: filters.named,
  }
  const choose = (granularity: Granularity | undefined) => {
    const parting = {granularity, zone}
    const stretches = ranges.map(one => stretchOf(one, parting))
    const probes = stretches.map(stretch => probeOf(stretch, parting))
    const slices = (rollup: RollupPlan): readonly TimeRange[] | null => {
      const each = probes.map(probe => slicesOf(rollup, probe, parting))
      return each.every(one => one === null) ? null : each.flatMap(one => one ?? [])
    }
    const chosen = chooseRollup(subject.plan, {...wanted, slicesOf: slices})
    return {...chosen, granularity, main: stretches[0]!, compared: stretches[1]}
  }
  const granularities = granularitiesOf(dimensions, range)
  return {
    subject,
    ...firstThatWorks(granularities.length === 0 ? [undefined] : granularities, choose),
    metrics,
    dimensions,
    filters,
    zone,
    order: toOrder(body),
    limit: body.pagination?.limit ?? 1000,
    offset: body.pagination?.offset ?? 0,
    include: {
      percentages: include.percentages ?? false,
      timeLabels: include.time_labels ?? false,
      totalRows: include.total_rows ?? false,
      totals: include.totals ?? false,
    },
  }
}

/** @throws what the first is refused with, when all are */
function firstThatWorks<T, R>(options: readonly T[], attempt: (option: T) => R): R {
  let refused: unknown
  for (const option of options) {
    try {
      return attempt(option)
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      refused ??= error
    }
  }
  throw refused
}
