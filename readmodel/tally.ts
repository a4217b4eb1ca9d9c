/**
 * From stored states to served figures. Definitions are in docs/METRICS.md; ratios are made here, last,
 * from whole numbers: nothing rounded is ever added up.
 */
import {PERCENTS} from '../contracts/measures.ts'
import {isLater, type Bucket, type Latest} from './bucket.ts'
import type {Whole} from './bytes.ts'
import {addWhole, numberOf, quotientOf} from './fields.ts'
import {percentilesOf} from './histogram.ts'
import {HyperLogLog} from './hyperloglog.ts'
import {
  percentileNames,
  type MeasurePart,
  type PlannedMeasure,
  type RowState,
  type StatesPlan,
} from './plan.ts'

/** Times are microseconds since 1970. */
export type MetricValue = number | string | boolean | null
export type MetricValues = Readonly<Record<string, MetricValue>>

/** Whether places with these split values belong to what is counted. */
export type Choose = (values: readonly string[]) => boolean

interface Sums {
  count: Whole
  total: Whole
  squares: Whole
  min: Whole
  max: Whole
  latest: Latest | undefined
  histogram: Map<number, number> | undefined
  uniques: HyperLogLog | undefined
}

const emptySums = (): Sums => ({
  count: 0,
  total: 0,
  squares: 0,
  min: Number.POSITIVE_INFINITY,
  max: Number.NEGATIVE_INFINITY,
  latest: undefined,
  histogram: undefined,
  uniques: undefined,
})

const RATIOS = PERCENTS.map(percent => percent / 100)

export class Tally {
  readonly plan: StatesPlan
  readonly #parts: readonly MeasurePart[]
  readonly #sums = new Map<string, Sums>()

  /** @param names of measures that are wanted; all when left out */
  constructor(plan: StatesPlan, names?: ReadonlySet<string>) {
    this.plan = plan
    const parts = chosenOf(plan, names).map(({part}) => [part.id, part] as const)
    this.#parts = [...new Map(parts).values()]
    for (const {id} of this.#parts) this.#sums.set(id, emptySums())
  }

  /** @param valuesOf the split values of a place of the bucket */
  add(
    bucket: Bucket,
    valuesOf: (place: number) => readonly string[],
    choose: Choose = () => true,
  ): void {
    const values = bucket.places.map(place => valuesOf(place))
    const chosen = values.map(choose)
    for (const {id, state, matches} of this.#parts) {
      const isCounted = values.map((own, slot) => chosen[slot]! && matches?.(own) !== false)
      addState(this.#sums.get(id)!, bucket, state, isCounted)
    }
  }

  /** Number of values and their total, of a sum or average, as whole numbers. */
  sumOf(name: string): {readonly count: number; readonly total: Whole} {
    const found = this.plan.measures.find(planned => planned.name === name)
    if (found === undefined) throw new TypeError(`no measure ${name}`)
    const {count, total} = this.#sums.get(found.part.id) ?? emptySums()
    return {count: Number(count), total}
  }

  values(): MetricValues {
    const values: Record<string, MetricValue> = {}
    for (const planned of this.plan.measures) {
      const sums = this.#sums.get(planned.part.id)
      if (sums !== undefined) Object.assign(values, servedOf(planned, sums))
    }
    for (const {name, of, to} of this.plan.ratios) {
      const [left, right] = [values[of], values[to]]
      if (left === undefined || right === undefined) continue
      values[name] = quotientOf(numberOf(left), numberOf(right))
    }
    return values
  }
}

/**
 * Measures that served names are made of: their own, and both sides of ratios.
 *
 * @param names all when left out
 */
export function chosenOf(
  plan: Pick<StatesPlan, 'measures' | 'ratios'>,
  names?: ReadonlySet<string>,
): readonly PlannedMeasure[] {
  if (names === undefined) return plan.measures
  const parts = plan.ratios.flatMap(({name, of, to}) => (names.has(name) ? [of, to] : []))
  const all = new Set([...names, ...parts])
  return plan.measures.filter(
    ({name, measure}) =>
      all.has(name) ||
      (measure.kind === 'quantiles' && percentileNames(name, measure).some(one => all.has(one))),
  )
}

/** @param isCounted by slot: whether its place belongs to what is counted */
function addState(
  sums: Sums,
  bucket: Bucket,
  {spec: {kind}, at}: RowState,
  isCounted: readonly boolean[],
): void {
  if (kind === 'histogram') {
    const target = (sums.histogram ??= new Map())
    bucket.forEachBin(at, (slot, bin, count) => {
      if (isCounted[slot]!) target.set(bin, (target.get(bin) ?? 0) + count)
    })
    return
  }
  if (kind === 'uniques') {
    const counted: boolean[] = []
    for (const [slot, place] of bucket.places.entries()) counted[place] = isCounted[slot]!
    const uniques = (sums.uniques ??= new HyperLogLog())
    for (const [place, entry] of bucket.sketch(at)?.entries() ?? []) {
      if (counted[place]!) uniques.add(entry)
    }
    return
  }
  const {numbers, plan} = bucket
  for (const slot of bucket.places.keys()) {
    if (!isCounted[slot]!) continue
    const from = slot * plan.width + at
    if (kind === 'latest') keepLatest(sums, bucket.latest(slot, at))
    else if (kind === 'min') sums.min = numbers[from]! < sums.min ? numbers[from]! : sums.min
    else if (kind === 'max') sums.max = numbers[from]! > sums.max ? numbers[from]! : sums.max
    else {
      sums.count = addWhole(sums.count, numbers[from]!)
      if (kind !== 'count') sums.total = addWhole(sums.total, numbers[from + 1]!)
      if (kind === 'squares') sums.squares = addWhole(sums.squares, numbers[from + 2]!)
    }
  }
}

function keepLatest(sums: Sums, latest: Latest | undefined): void {
  if (latest === undefined) return
  if (sums.latest === undefined || isLater(latest, sums.latest)) sums.latest = latest
}

const orNull = (value: Whole, divisor: number): number | null =>
  value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY
    ? null
    : Number(value) / divisor

function servedOf({name, measure, divisor}: PlannedMeasure, sums: Sums): MetricValues {
  const {count, total} = sums
  switch (measure.kind) {
    case 'count':
      return {[name]: Number(count)}
    case 'sum':
      return {[name]: Number(total) / divisor}
    case 'average':
      return {[name]: count === 0 ? null : Number(total) / divisor / Number(count)}
    case 'deviation':
      return {[name]: deviationOf(sums, divisor)}
    case 'min':
      return {[name]: orNull(sums.min, divisor)}
    case 'max':
      return {[name]: orNull(sums.max, divisor)}
    case 'uniques':
      return {[name]: sums.uniques?.estimate() ?? 0}
    case 'latest':
      return {[name]: sums.latest?.value ?? null}
    case 'quantiles': {
      const found = percentilesOf(sums.histogram ?? new Map(), RATIOS)
      return Object.fromEntries(
        percentileNames(name, measure).map((one, i) => {
          const value = found[i] ?? null
          return [one, value === null ? null : value / divisor]
        }),
      )
    }
    default:
      return measure satisfies never
  }
}

/**
 * From whole numbers, so that nothing is lost where values are large and close to each other:
 * sqrt((n Σx² - (Σx)²) / (n (n - 1))).
 */
function deviationOf({count, total, squares}: Sums, divisor: number): number | null {
  if (count < 2) return null
  const n = BigInt(count)
  const numerator = n * BigInt(squares) - BigInt(total) ** 2n
  return Math.sqrt(Number(numerator) / Number(n * (n - 1n))) / divisor
}
