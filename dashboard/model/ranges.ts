/** Ranges of time that one can choose, and the granularities that make readable charts of them. */

export const GRANULARITIES = ['minute', 'hour', 'day', 'week', 'month'] as const
export type Granularity = (typeof GRANULARITIES)[number]

interface Range {
  readonly label: string
  readonly days: number
  /** The first one is the default. */
  readonly granularities: readonly [Granularity, ...Granularity[]]
}

/** By the API's name of the period. */
export const RANGES = {
  '24h': {label: '24 hours', days: 1, granularities: ['hour', 'minute']},
  '60m': {label: '60 minutes', days: 1 / 24, granularities: ['minute']},
  '7d': {label: '7 days', days: 7, granularities: ['day', 'hour']},
  '30d': {label: '30 days', days: 30, granularities: ['day', 'hour', 'week']},
  '90d': {label: '90 days', days: 90, granularities: ['day', 'week', 'month']},
  '12mo': {label: '12 months', days: 365, granularities: ['month', 'week', 'day']},
} as const satisfies Record<string, Range>
export type RangeName = keyof typeof RANGES

/** In the order of their length, as they are offered. */
export const RANGE_NAMES: readonly RangeName[] = ['60m', '24h', '7d', '30d', '90d', '12mo']

/** The range and granularity asked for, as far as they exist and go together. */
export function chooseRange(
  range: string | undefined,
  granularity: string | undefined,
): {readonly range: RangeName; readonly granularity: Granularity} {
  const name = RANGE_NAMES.find(known => known === range) ?? '24h'
  const fitting: readonly Granularity[] = RANGES[name].granularities
  return {range: name, granularity: fitting.find(known => known === granularity) ?? fitting[0]!}
}
