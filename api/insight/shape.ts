/**
 * What stands out in a retention curve: where people leave, and what is watched again. Pure.
 *
 * Defined in docs/INSIGHT.md#the-shape-of-a-content.
 */

/** A stretch of the content, by the points of its curve. */
export interface Stretch {
  /** Index of its first point. */
  readonly from: number
  /** Index of the point behind it. */
  readonly to: number
}

export interface DropOff extends Stretch {
  /** How many more were there at its begin than at its end. */
  readonly left: number
  /** `left` by the plays. */
  readonly share: number
}

export interface KeyMoment extends Stretch {
  /** How many more watched its fullest point than what is around it. */
  readonly extra: number
  /** `extra` by the plays. */
  readonly share: number
}

/** Nothing is said of fewer plays. */
export const PLAYS_MIN = 100
/** What stands out is more than what so many standard deviations of chance make. */
const DEVIATIONS = 5
/** And at least so much of the plays. */
const SHARE_MIN = 0.03
const NAMED_MAX = 3
/** Points at the end of which nothing is said: there everybody leaves. */
const END_POINTS = 5
/** What is watched again is no longer than so many points. */
const MOMENT_POINTS_MAX = 15

/** Neighbours, and those with one point between them, are one stretch. */
function stretchesOf(points: readonly number[]): readonly Stretch[] {
  const stretches: Stretch[] = []
  for (const point of points) {
    const last = stretches.at(-1)
    if (last !== undefined && point - last.to <= 1) {
      stretches[stretches.length - 1] = {from: last.from, to: point + 1}
    } else stretches.push({from: point, to: point + 1})
  }
  return stretches
}

const highest = <T extends {readonly share: number; readonly from: number}>(
  found: readonly T[],
): readonly T[] =>
  found
    .toSorted((a, b) => b.share - a.share || a.from - b.from)
    .slice(0, NAMED_MAX)
    .toSorted((a, b) => a.from - b.from)

/** The curve without what more watch than watched what lies around it. */
function baseOf(audience: readonly number[]): readonly number[] {
  const lowest = (from: number, to: number): number =>
    Math.min(...audience.slice(Math.max(0, from), Math.min(audience.length, to)))
  return audience.map((_, i) =>
    Math.max(lowest(i - MOMENT_POINTS_MAX, i + 1), lowest(i, i + MOMENT_POINTS_MAX + 1)),
  )
}

/** A moment goes on as long as it has so much of its fullest point. */
const MOMENT_EDGE = 0.5

/** Stretches that more watch than what is around them, with how many more at their fullest point. */
function momentsOf(
  audience: readonly number[],
  plays: number,
): readonly (Stretch & {readonly extra: number})[] {
  const base = baseOf(audience)
  const extras = audience.map((here, i) => here - base[i]!)
  const points = extras.flatMap((extra, i) => {
    const isMuch = extra >= DEVIATIONS * Math.sqrt(base[i]! + 1)
    return isMuch && extra / plays >= SHARE_MIN ? [i] : []
  })
  const whole = points.flatMap(point => {
    const edge = extras[point]! * MOMENT_EDGE
    const isIn = (i: number): boolean => (extras[i] ?? 0) >= edge
    let [from, to] = [point, point + 1]
    while (isIn(from - 1)) from--
    while (isIn(to)) to++
    return Array.from({length: to - from}, (_, i) => from + i)
  })
  return stretchesOf([...new Set(whole)].toSorted((a, b) => a - b)).map(({from, to}) => ({
    from,
    to,
    extra: Math.max(...extras.slice(from, to)),
  }))
}

/** The curve with a straight line in the place of each stretch: who came back for it neither comes nor leaves. */
function bridged(audience: readonly number[], stretches: readonly Stretch[]): readonly number[] {
  const line = [...audience]
  for (const {from, to} of stretches) {
    const [first, last] = [Math.max(0, from - 1), Math.min(audience.length - 1, to)]
    for (let i = from; i < to; i++) {
      const share = last === first ? 0 : (i - first) / (last - first)
      line[i] = audience[first]! + share * (audience[last]! - audience[first]!)
    }
  }
  return line
}

/** How often what stands out is left out of what is usual. */
const ROUNDS = 3

/** Points after which more leave than is usual, by the share that leaves from one point to the next elsewhere. */
function pointsOfDrops(line: readonly number[]): readonly number[] {
  const leave = line.slice(0, -1).map((here, i) => here - line[i + 1]!)
  let drops: readonly number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const found = new Set(drops)
    const others = leave.map((gone, i) => ({gone, of: line[i]!})).filter((_, i) => !found.has(i))
    const all = others.reduce((sum, {of}) => sum + of, 0)
    if (all === 0) return []
    const usual = others.reduce((sum, {gone}) => sum + gone, 0) / all
    drops = leave.flatMap((gone, i) => {
      if (i >= line.length - END_POINTS) return []
      const expected = Math.max(0, line[i]! * usual)
      // Leaving and coming are both by chance: the spread is that of a difference of two counts.
      return gone - expected >= DEVIATIONS * Math.sqrt(2 * (expected + 1)) ? [i] : []
    })
  }
  return drops
}

/**
 * Where more leave than do elsewhere.
 *
 * @param audience at each point
 * @returns three at most, in their order; none of fewer than `PLAYS_MIN` plays
 */
export function dropOffsOf(audience: readonly number[], plays: number): readonly DropOff[] {
  if (plays < PLAYS_MIN) return []
  const line = bridged(audience, momentsOf(audience, plays))
  const found = stretchesOf(pointsOfDrops(line)).map(({from, to}) => {
    const left = Math.round(line[from]! - line[to]!)
    return {from, to, left, share: left / plays}
  })
  return highest(found.filter(({share}) => share >= SHARE_MIN))
}

/**
 * What more watch than watched what comes before and after it: people come back to it, or jump to it.
 *
 * @param audience at each point
 * @returns three at most, in their order; none of fewer than `PLAYS_MIN` plays
 */
export function keyMomentsOf(audience: readonly number[], plays: number): readonly KeyMoment[] {
  if (plays < PLAYS_MIN) return []
  return highest(momentsOf(audience, plays).map(one => ({...one, share: one.extra / plays})))
}
