/**
 * What can be counted, as data: a declaration names measures, the engine knows how each is folded,
 * taken back and merged. Formulas, bounds and null rules: docs/METRICS.md.
 */

/** Stands in a condition for "any value but null". */
export const PRESENT = {present: true} as const

/** Whether a condition asks for any value but null. */
export const isPresence = (wanted: unknown): wanted is typeof PRESENT =>
  typeof wanted === 'object' && wanted !== null && 'present' in wanted

export type Scalar = string | number | boolean
/** Fields and what they have to be: one value, one of several, or `PRESENT`. All of them. */
export type Condition = Readonly<Record<string, Scalar | readonly Scalar[] | typeof PRESENT>>

interface Filtered {
  /** Only events that meet it count. */
  readonly where?: Condition
}

interface Scaled {
  /** What is served is divided by this: `per: 1000` serves milliseconds as seconds. */
  readonly per?: number
  /** Digits behind the point that are kept of a `double`: state holds integers only. */
  readonly scale?: number
}

export type Measure =
  | ({readonly kind: 'count'; readonly of?: string} & Filtered)
  | ({readonly kind: ValueMeasure; readonly of: string} & Filtered & Scaled)
  | ({readonly kind: 'uniques'; readonly of: string} & Filtered)
  | {readonly kind: 'ratio'; readonly of: string; readonly to: string}
  | ({readonly kind: 'quantiles'; readonly of: string; readonly as?: string} & Filtered & Scaled)

type ValueMeasure = 'sum' | 'average' | 'deviation' | 'min' | 'max' | 'latest'

type Options = Filtered & Scaled

/** Events, or with `of` those where the field is not null. */
export const count = (options: Filtered & {readonly of?: string} = {}): Measure => ({
  kind: 'count',
  ...options,
})

const ofValues =
  (kind: ValueMeasure) =>
  (of: string, options: Options = {}): Measure => ({kind, of, ...options})

/** The sum of a field; 0 when there is nothing to add. */
export const sum = ofValues('sum')
/** Sum by number of values; null without any. */
export const average = ofValues('average')
/** Standard deviation of a sample (n - 1); null with fewer than two values. */
export const deviation = ofValues('deviation')
export const min = ofValues('min')
export const max = ofValues('max')
/** The field of the event with the latest time, of several the one with the highest id. */
export const latest = ofValues('latest')

/** Distinct values that are not null, by HyperLogLog: standard error 0.81 %. */
export const uniques = (of: string, options: Filtered = {}): Measure => ({
  kind: 'uniques',
  of,
  ...options,
})
/** One measure by another; null when that is 0. */
export const ratio = (of: string, to: string): Measure => ({kind: 'ratio', of, to})
/**
 * Percentiles by a log histogram, within 5 %: `<as>_p50`, `_p75`, `_p90`, `_p95`, `_p99`; `as` is the
 * name of the measure unless it says otherwise.
 */
export const quantiles = (of: string, options: Options & {readonly as?: string} = {}): Measure => ({
  kind: 'quantiles',
  of,
  ...options,
})

export const PERCENTS = [50, 75, 90, 95, 99] as const

/** The values that a condition accepts. */
export const acceptedOf = (wanted: Exclude<Condition[string], typeof PRESENT>): readonly Scalar[] =>
  typeof wanted === 'object' ? wanted : [wanted]

/** What a measure is served as: its own name, or one for each percentile. */
export function metricsOf(name: string, measure: Measure): readonly string[] {
  if (measure.kind !== 'quantiles') return [name]
  return PERCENTS.map(percent => `${measure.as ?? name}_p${percent}`)
}
