/** Which content a sitting is with: a few are seen by most, and now and then another one rises. */
import type {ContentRow} from './changes.ts'
import {createOccasions, NEVER, type Ledger, type Planting} from './planted.ts'
import {createRandom, seedOf, weighted, wholeBetween, type Random} from './random.ts'

export interface Hits {
  /** A content by its index, and the hit that it was chosen for. */
  pick(random: Random, atMs: number): {readonly index: number; readonly planting?: Planting}
}

/** Popularity of the n-th content is 1 / n^0.9. */
const ZIPF = 0.9
/** In sittings. */
const HITS = {first: 280, every: 2000} as const
const HIT_SITTINGS = [400, 800] as const
/** At its height, the part of all sittings that is with the hit; it is reached after a quarter. */
const HEIGHT = 0.45
const RISE = 0.25

interface Hit {
  readonly index: number
  readonly sittings: number
  readonly planting: Planting
  age: number
}

/** How much of all a hit has, by how much of it is over: rises fast, falls slowly. */
export const shareOfHit = (over: number): number =>
  HEIGHT * (over < RISE ? over / RISE : (1 - over) / (1 - RISE))

export function createHits(
  ledger: Ledger,
  contents: readonly ContentRow[],
  {seed, isCalm}: {readonly seed: number; readonly isCalm: boolean},
): Hits {
  const chance = createRandom(seedOf(seed, 'hits'))
  const occasions = isCalm ? NEVER : createOccasions(chance, HITS)
  const pickUsual = weighted(contents.map((_, rank) => 1 / (rank + 1) ** ZIPF))
  let hit: Hit | undefined
  const begin = (atMs: number): Hit => {
    // One that few saw so far.
    const half = Math.floor(contents.length / 2)
    const index = half + Math.floor(chance() * (contents.length - half))
    const {id, slug} = contents[index]!
    const planting = ledger.begin({stream: 'engagement', what: 'hit', where: slug, ids: [id]}, atMs)
    return {index, planting, sittings: wholeBetween(chance, HIT_SITTINGS), age: 0}
  }
  return {
    pick(random, atMs) {
      if (occasions.isNow() && hit === undefined) hit = begin(atMs)
      const usual = {index: pickUsual(random())}
      if (hit === undefined) return usual
      const {index, planting, sittings} = hit
      const isOfHit = chance() < shareOfHit(hit.age / sittings)
      hit.age += 1
      if (hit.age >= sittings) {
        planting.end()
        hit = undefined
      }
      return isOfHit ? {index, planting} : usual
    },
  }
}
