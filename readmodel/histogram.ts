/**
 * Logarithmic buckets of whole numbers for percentiles: integer bounds, each a tenth above the one
 * before, so a bucket's geometric middle is within 4.9 % of everything in it. Small values have
 * buckets of their own; a negative value has the negative number of its opposite's bucket.
 */
import type {Whole} from './bytes.ts'

const GROWTH_NUMERATOR = 11
const GROWTH_DENOMINATOR = 10
const VALUE_MAX = Number.MAX_SAFE_INTEGER

/** Lower bounds, inclusive: 0, 1, 2, … then growing by a tenth. */
export const BOUNDS: readonly number[] = (() => {
  const bounds = [0]
  for (let bound = 1; bound <= VALUE_MAX;) {
    bounds.push(bound)
    bound = Math.max(bound + 1, Math.floor((bound * GROWTH_NUMERATOR) / GROWTH_DENOMINATOR))
  }
  return bounds
})()

const TABLE = Float64Array.from(BOUNDS)

/** The bucket of a whole number: the last one whose bound is not above it. Beyond 2^53: the last. */
export function bucketOf(value: Whole): number {
  const number = Number(value)
  return number < 0 ? -search(-number) : search(number)
}

function search(value: number): number {
  let low = 0
  let high = TABLE.length
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if (TABLE[middle]! <= value) low = middle
    else high = middle
  }
  return low
}

/** What stands for every value of a bucket. */
export function middleOf(bucket: number): number {
  if (bucket < 0) return -middleOf(-bucket)
  const lower = BOUNDS[bucket]!
  const upper = (BOUNDS[bucket + 1] ?? VALUE_MAX + 1) - 1
  return Math.sqrt(lower * upper)
}

/**
 * The values below or at which the given shares of all values lie, as PostgreSQL's `percentile_disc`
 * means it; null without any.
 *
 * @param counts bucket to count
 * @param ratios 0 to 1, ascending
 */
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
