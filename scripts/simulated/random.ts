/** Chance that a seed repeats, on every machine. */

/** Numbers in [0, 1). */
export type Random = () => number

/** mulberry32: small and fast. */
export function createRandom(seed: number): Random {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A seed of its own for each part, so that one part does not change what another draws. FNV-1a. */
export function seedOf(seed: number, ...parts: readonly (string | number)[]): number {
  let hash = 0x811c9dc5
  for (const character of `${seed}/${parts.join('/')}`) {
    hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193)
  }
  return hash
}

/** Index by weight, from a number in [0, 1). */
export function weighted(weights: readonly number[]): (at: number) => number {
  let total = 0
  const edges = weights.map(weight => (total += weight))
  return at => indexAt(edges, at * total)
}

/** The first of ascending edges that is above a number. */
export function indexAt(edges: readonly number[], at: number): number {
  let [low, high] = [0, edges.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if (edges[middle]! > at) high = middle
    else low = middle + 1
  }
  return low
}

/** Any one of a list that is not empty. */
export const anyOf = <T>(random: Random, list: readonly T[]): T =>
  list[Math.floor(random() * list.length)]!

export const between = (random: Random, [low, high]: readonly [number, number]): number =>
  low + random() * (high - low)

export const wholeBetween = (random: Random, bounds: readonly [number, number]): number =>
  Math.floor(between(random, [bounds[0], bounds[1] + 1]))

/** Normally distributed, deviation 1 (Box and Muller). */
export const normal = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())

export const roundTo = (value: number, digits: number): number => {
  const scale = 10 ** digits
  return Math.round(value * scale) / scale
}

/** A random UUID (version 4). */
export function uuidOf(random: Random): string {
  const hex = Array.from({length: 4}, () =>
    Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0'),
  ).join('')
  const variant = (8 + (Number.parseInt(hex[16]!, 16) & 3)).toString(16)
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20),
  ].join('-')
}
