/**
 * Figures as they are served: times as text, and of contents also what their length makes of them. Every
 * definition is in docs/METRICS.md.
 */
import type {Tally} from '../readmodel/tally.ts'
import {isoOrNull} from './times.ts'

export type Figure = number | string | boolean | null
export type Figures = Readonly<Record<string, Figure>>

const TIMES: ReadonlySet<string> = new Set(['min', 'max', 'latest'])

/** What a tally has, by the names of its measures. */
export function figuresOf(tally: Tally): Figures {
  const values: Record<string, Figure> = {...tally.values()}
  for (const {name, measure, part} of tally.plan.measures) {
    if (!part.state.spec.isTime || !TIMES.has(measure.kind) || !(name in values)) continue
    values[name] = isoOrNull(values[name] as number | null)
  }
  return values
}

/**
 * Of these figures the ones that are wanted, in that order.
 *
 * @param names all when left out
 */
export function pickFigures<F extends Figures>(
  figures: F,
  names: readonly string[] | undefined,
): F {
  if (names === undefined) return figures
  return Object.fromEntries(names.map(name => [name, figures[name] ?? null])) as F
}

/** Figures of contents, in the order in which they are listed. */
export const METRIC_NAMES = [
  'events',
  'plays',
  'pauses',
  'finishes',
  'clicks',
  'events_with_duration',
  'engagement_seconds',
  'engagement_seconds_avg',
  'engagement_pct_sum',
  'engagement_pct_avg',
  'completion_rate',
  'unique_viewers',
  'engagement_seconds_p50',
  'engagement_seconds_p75',
  'engagement_seconds_p90',
  'engagement_seconds_p95',
  'engagement_seconds_p99',
  'first_event_at',
  'last_event_at',
] as const
export type MetricName = (typeof METRIC_NAMES)[number]

export type MetricValues = {
  readonly [K in MetricName]: K extends 'first_event_at' | 'last_event_at'
    ? string | null
    : number | null
}

/** What is counted of events for figures of contents: shares of lengths are made of seconds. */
export const namesForContents = (
  metrics: readonly MetricName[] | undefined,
): ReadonlySet<string> | undefined =>
  metrics &&
  new Set(metrics.map(name => (name.startsWith('engagement_pct') ? 'engagement_seconds' : name)))

/** Events of contents of one length, in seconds. */
export interface OfLength {
  readonly length: number | null
  readonly tally: Tally
}

/** Shares of the length that were watched: their sum, and of how many events. */
function sharesOf(all: readonly OfLength[]): {sum: number; timed: number} | undefined {
  let [sum, timed] = [0, 0]
  // In one order, so that the order of adding does not show.
  for (const {length, tally} of all.toSorted((a, b) => (a.length ?? 0) - (b.length ?? 0))) {
    const {count, total} = tally.sumOf('engagement_seconds')
    // Without a length, or with length 0, there is no ratio: neither 0 nor infinity.
    if (length === null || length === 0 || count === 0) continue
    sum += Number(total) / 1000 / length
    timed += count
  }
  return timed === 0 ? undefined : {sum, timed}
}

/** Figures that need the lengths of contents. */
export function shareFigures(
  byLength: readonly OfLength[],
): Pick<MetricValues, 'engagement_pct_sum' | 'engagement_pct_avg'> {
  const shares = sharesOf(byLength)
  return {
    engagement_pct_sum: shares?.sum ?? null,
    engagement_pct_avg: shares === undefined ? null : shares.sum / shares.timed,
  }
}

/**
 * All figures of contents.
 *
 * @param byLength the same events, by the present lengths of their contents
 */
export function contentFigures(tally: Tally, byLength: readonly OfLength[]): MetricValues {
  const values: Figures = {...figuresOf(tally), ...shareFigures(byLength)}
  return Object.fromEntries(
    METRIC_NAMES.map(name => [name, values[name] ?? null]),
  ) as unknown as MetricValues
}
