/**
 * The last half hour of live figures, folded into steps of a fixed length. Pure.
 *
 * Guarantees    INV-90: what is kept is bounded by window / step, however long the page is open.
 */

/** How the figures of one step become one value. */
export type FoldRule = 'mean' | 'max' | 'last'

export interface Step {
  /** Start of the step, milliseconds since 1970. */
  readonly at: number
  /** How many live figures are folded in; a step of the server's history counts as one. */
  readonly count: number
  readonly values: readonly (number | null)[]
}

export interface SeriesOptions {
  readonly stepMs: number
  readonly windowMs: number
  readonly rules: readonly FoldRule[]
}

export interface Point {
  readonly at: number
  readonly values: readonly (number | null)[]
}

function foldValue(
  rule: FoldRule,
  old: number | null,
  count: number,
  next: number | null,
): number | null {
  if (next === null) return old
  if (old === null || rule === 'last') return next
  return rule === 'max' ? Math.max(old, next) : (old * count + next) / (count + 1)
}

/** Adds a point: into its step when it belongs to the last one, as a new step when it is later. */
export function foldPoint(
  steps: readonly Step[],
  point: Point,
  options: SeriesOptions,
): readonly Step[] {
  const at = Math.floor(point.at / options.stepMs) * options.stepMs
  const last = steps.at(-1)
  // A clock that was set back must not draw the line backwards.
  if (last !== undefined && at < last.at) return steps
  if (last === undefined || at > last.at) {
    const added: Step = {at, count: 1, values: options.rules.map((_, i) => point.values[i] ?? null)}
    return [...steps.filter(step => step.at > at - options.windowMs), added]
  }
  const values = options.rules.map((rule, i) =>
    foldValue(rule, last.values[i] ?? null, last.count, point.values[i] ?? null),
  )
  return [...steps.slice(0, -1), {at, count: last.count + 1, values}]
}

/** Starts anew from the history that the server sends on connecting. */
export function foldHistory(points: readonly Point[], options: SeriesOptions): readonly Step[] {
  let steps: readonly Step[] = []
  for (const point of points.toSorted((a, b) => a.at - b.at))
    steps = foldPoint(steps, point, options)
  return steps
}

/** Columns for a chart: seconds since 1970, then one per value; gaps of missing steps are null. */
export function toColumns(
  steps: readonly Step[],
  {stepMs, rules}: SeriesOptions,
): readonly [readonly number[], ...(readonly (number | null)[])[]] {
  const times: number[] = []
  const columns: (number | null)[][] = rules.map(() => [])
  let previous: number | undefined
  for (const step of steps) {
    if (previous !== undefined && step.at - previous > stepMs) {
      times.push((previous + stepMs) / 1000)
      for (const column of columns) column.push(null)
    }
    times.push(step.at / 1000)
    columns.forEach((column, i) => column.push(step.values[i] ?? null))
    previous = step.at
  }
  return [times, ...columns]
}

/** Newest first, each id once, at most `max`: what a list of arriving events shows. */
export function prepend<T>(
  list: readonly T[],
  item: T,
  keyOf: (item: T) => string | number,
  max: number,
): readonly T[] {
  const key = keyOf(item)
  return [item, ...list.filter(other => keyOf(other) !== key)].slice(0, max)
}
