/** Spans of whole hours or days, and as long ones before them. Pure. */

export interface Span {
  /** Milliseconds since 1970; the end is not in it. */
  readonly from: number
  readonly to: number
}

export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS

/** Of hours: the same hours of the days before, so that a night is compared with nights. */
const DAYS_BEFORE = 7

/**
 * The last whole hours, and those that they are compared with, the latest first: the same hours of the days before,
 * or what was as long before, where they are more than a day.
 */
export function spansOf(
  now: number,
  hours: number,
): {readonly present: Span; readonly past: readonly Span[]} {
  const to = Math.floor(now / HOUR_MS) * HOUR_MS
  const from = to - hours * HOUR_MS
  const step = Math.max(DAY_MS, Math.ceil(hours / 24) * DAY_MS)
  const past = Array.from({length: DAYS_BEFORE}, (_, i) => {
    const back = (i + 1) * step
    return {from: from - back, to: to - back}
  })
  return {present: {from, to}, past}
}

export const toRange = ({from, to}: Span): readonly [string, string] => [
  new Date(from).toISOString(),
  new Date(to).toISOString(),
]
