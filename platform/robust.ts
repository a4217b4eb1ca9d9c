/** Middle and spread of numbers that a few odd ones among them do not move. Pure. */

/** A MAD of normal numbers by their standard deviation. */
const MAD_TO_DEVIATION = 1.4826

/** @param values at least one, in any order */
export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle]!
  return sorted.length % 2 === 1 ? upper : (sorted[middle - 1]! + upper) / 2
}

/** The median of the distances from the median, as a standard deviation. */
export const spreadOf = (values: readonly number[], median: number): number =>
  MAD_TO_DEVIATION * medianOf(values.map(value => Math.abs(value - median)))
