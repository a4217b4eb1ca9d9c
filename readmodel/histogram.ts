/**
 * Logarithmic buckets of durations for percentiles: integer bounds, each a tenth above the one
 * before, so a bucket's geometric middle is within 4.9 % of everything in it. Small values have
 * buckets of their own.
 */

const GROWTH_NUMERATOR = 11
const GROWTH_DENOMINATOR = 10
const VALUE_MAX = 2 ** 31 - 1

/** Lower bounds, inclusive: 0, 1, 2, … then growing by a tenth. */
export const BOUNDS: readonly number[] = (() => {
  const bounds = [0]
  for (let bound = 1; bound <= VALUE_MAX;) {
    bounds.push(bound)
    bound = Math.max(bound + 1, Math.floor((bound * GROWTH_NUMERATOR) / GROWTH_DENOMINATOR))
  }
  return bounds
})()

export const BUCKETS = BOUNDS.length
const TABLE = Float64Array.from(BOUNDS)

/** The bucket of a duration, milliseconds: the last one whose bound is not above it. */
export function bucketOfMs(ms: number): number {
  let low = 0
  let high = BUCKETS
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if (TABLE[middle]! <= ms) low = middle
    else high = middle
  }
  return low
}

/** What stands for every duration of a bucket, milliseconds. */
export function middleOf(bucket: number): number {
  const lower = BOUNDS[bucket]!
  const upper = (BOUNDS[bucket + 1] ?? VALUE_MAX + 1) - 1
  return Math.sqrt(lower * upper)
}

/**
 * The value below or at which the given share of all durations lies, as PostgreSQL's
 * `percentile_disc` means it; null without any.
 *
 * @param counts bucket to count
 * @param ratio 0 to 1
 */
export const percentileOf = (counts: ReadonlyMap<number, number>, ratio: number): number | null =>
  percentilesOf(counts, [ratio])[0]!

/** As `percentileOf`, of several ratios, ascending, in one pass. */
export function percentilesOf(
  counts: ReadonlyMap<number, number>,
  ratios: readonly number[],
): readonly (number | null)[] {
  let total = 0
  for (const count of counts.values()) total += count
  if (total <= 0) return ratios.map(() => null)
  const values: number[] = []
  let seen = 0
  for (const bucket of Int32Array.from(counts.keys()).toSorted()) {
    seen += counts.get(bucket)!
    while (values.length < ratios.length) {
      const rank = Math.max(1, Math.ceil(ratios[values.length]! * total))
      if (seen < rank) break
      values.push(middleOf(bucket))
    }
  }
  return values
}
