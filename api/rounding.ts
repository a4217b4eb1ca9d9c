/** Rounding on request: stored and computed numbers are never rounded. */

/** Rounds half away from zero to `decimals` places, by its decimal text: 1.005 gives 1.01. */
export function roundTo(value: number, decimals: number): number {
  if (!Number.isFinite(value) || Number.isInteger(value)) return value
  const sign = value < 0 ? -1 : 1
  const [mantissa = '0', exponent = '0'] = String(Math.abs(value)).split('e')
  const shifted = Math.round(Number(`${mantissa}e${Number(exponent) + decimals}`))
  const [digits = '0', power = '0'] = String(shifted).split('e')
  return sign * Number(`${digits}e${Number(power) - decimals}`)
}

/** A copy of `value` with every number in it rounded; without `decimals`, `value` itself. */
export function roundAll<T>(value: T, decimals: number | undefined): T {
  if (decimals === undefined) return value
  return roundDeep(value, decimals) as T
}

function roundDeep(value: unknown, decimals: number): unknown {
  if (typeof value === 'number') return roundTo(value, decimals)
  if (Array.isArray(value)) return value.map(item => roundDeep(item, decimals))
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, roundDeep(item, decimals)]),
    )
  }
  return value
}
