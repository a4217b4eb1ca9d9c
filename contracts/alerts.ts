/** What an alert rule says, and which questions its values come from: the same for who checks and who judges it. */

export const ALERT_KINDS = ['above', 'below', 'change', 'absence', 'deviation'] as const
export type AlertKind = (typeof ALERT_KINDS)[number]
export const SEVERITIES = ['info', 'warning', 'critical'] as const
export type Severity = (typeof SEVERITIES)[number]
export const DIRECTIONS = ['up', 'down', 'both'] as const
export type Direction = (typeof DIRECTIONS)[number]

/** What is watched, and when it is wrong; named as in requests and in `api.alert_rules`. */
export interface AlertRule {
  readonly stream: string
  readonly metric: string
  /** Each of its values is watched; null: the whole. */
  readonly dimension: string | null
  readonly filters: readonly unknown[]
  readonly kind: AlertKind
  /** A value; of a change percent; of a deviation how many deviations; of an absence none. */
  readonly threshold: number | null
  /** Of changes and deviations. */
  readonly direction: Direction
  readonly window_minutes: number
  /** Of a deviation: compared with so many; of an absence: who was there in so many is missed. */
  readonly days: number
  readonly open_after_seconds: number
  readonly resolve_after_seconds: number
}

/** Rows that a rule may watch. */
export const ALERT_ROWS_MAX = 1000
/** Fewer days with events are no history. */
export const HISTORY_DAYS_MIN = 3

/** As `POST /v1/query` takes it. */
export interface AlertQuestion {
  readonly stream: string
  readonly metrics: readonly [string]
  readonly date_range: string | readonly [string, string]
  readonly dimensions: readonly string[]
  readonly filters: readonly unknown[]
  readonly pagination: {readonly limit: number}
}

export interface AlertQuestions {
  readonly present: AlertQuestion
  /** What the present is compared with, the latest first. */
  readonly past: readonly AlertQuestion[]
}

const MINUTE_MS = 60_000
const DAY_MINUTES = 1440

/**
 * What has to be asked to judge a rule. What is compared consists of whole minutes, so that both have as many; what
 * is held against a fixed value has the running minute, too, so that nothing is waited for.
 *
 * @param now milliseconds since 1970
 */
export function questionsOf(rule: AlertRule, now: number): AlertQuestions {
  const {stream, metric, dimension, filters, kind, window_minutes: minutes, days} = rule
  const minute = Math.floor(now / MINUTE_MS)
  const iso = (at: number): string => new Date(at * MINUTE_MS).toISOString()
  const ask = (range: AlertQuestion['date_range']): AlertQuestion => ({
    stream,
    metrics: [metric],
    date_range: range,
    dimensions: dimension === null ? [] : [dimension],
    filters,
    pagination: {limit: ALERT_ROWS_MAX + 1},
  })
  const between = (from: number, to: number): AlertQuestion => ask([iso(from), iso(to)])
  const until = (end: number): AlertQuestion => between(end - minutes, end)
  switch (kind) {
    case 'above':
    case 'below':
      return {present: ask(`${minutes}m`), past: []}
    case 'absence':
      return {
        present: ask(`${minutes}m`),
        past: dimension === null ? [] : [between(minute - days * DAY_MINUTES, minute)],
      }
    case 'change':
      return {present: until(minute), past: [until(minute - minutes)]}
    case 'deviation':
      return {
        present: until(minute),
        past: Array.from({length: days}, (_, day) => until(minute - (day + 1) * DAY_MINUTES)),
      }
    default:
      return kind satisfies never
  }
}
