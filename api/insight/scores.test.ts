/** Counts are drawn here, by chance, about what is planted. */
import {expect, test} from 'vitest'
import {createRandom} from '../../scripts/simulated/random.ts'
import {risesOf, type Counts} from './scores.ts'

/** A count of independent events: Knuth for few, the normal one for many. */
function poisson(mean: number, random: () => number): number {
  if (mean > 50) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal))
  }
  const bound = Math.exp(-mean)
  let [count, product] = [0, random()]
  while (product > bound) {
    count++
    product *= random()
  }
  return count
}

const SPANS = 7
const KEYS = 60

interface World {
  /** What everything of the present is by the past. */
  readonly growth?: number
  /** Keys by their number, and how many times as much as usual they have. */
  readonly planted?: Readonly<Record<number, number>>
  /** Each past span of everything is up to so much more or less. */
  readonly swing?: number
}

function draw({growth = 1, planted = {}, swing = 0}: World, seed: number): readonly Counts[] {
  const random = createRandom(seed)
  const swings = Array.from({length: SPANS}, () => 1 + swing * (2 * random() - 1))
  return Array.from({length: KEYS}, (_, i) => {
    // From one a day to a thousand.
    const mean = 10 ** ((3 * i) / KEYS)
    return {
      key: `c${i}`,
      kind: i % 2 === 0 ? 'video' : 'podcast',
      present: poisson(mean * growth * (planted[i] ?? 1), random),
      past: swings.map(times => poisson(mean * times, random)),
    }
  })
}

test('nothing rises by chance, nor with everything', () => {
  let named = 0
  for (let seed = 1; seed <= 200; seed++) {
    for (const world of [{}, {growth: 3}, {growth: 0.5}, {swing: 0.4}]) {
      named += risesOf(draw(world, seed)).length
    }
  }
  // Of 48,000 keys.
  expect(named).toBeLessThanOrEqual(2)
})

test('what has three times as much as usual is named, also where everything grows', () => {
  for (let seed = 1; seed <= 100; seed++) {
    for (const growth of [1, 2]) {
      const found = risesOf(draw({growth, planted: {40: 3, 52: 3}}, seed))
      expect(
        found.map(({key}) => key),
        `${seed} ${growth}`,
      ).toEqual(['c52', 'c40'])
    }
  }
})

test('of two the one that rises is named, not the one that stays', () => {
  const past = [500, 510, 490, 505, 495, 500, 502]
  const stays = {key: 'stays', kind: 'video', present: 498, past}
  for (const present of [1500, 100]) {
    const other = {key: 'other', kind: 'video', present, past}
    expect(risesOf([stays, other]).map(({key}) => key)).toEqual(present > 500 ? ['other'] : [])
  }
})

test('what is new rises from nothing, as soon as it is more than a few', () => {
  const others = draw({}, 1)
  const fresh = {key: 'new', kind: 'video', past: [0, 0, 0, 0, 0, 0, 0]}
  expect(risesOf([...others, {...fresh, present: 40}])).toMatchObject([{key: 'new', usual: 0}])
  expect(risesOf([...others, {...fresh, present: 19}])).toEqual([])
})

test('what varies anyway does not rise when it does', () => {
  const wild = {key: 'wild', kind: null, past: [20, 400, 30, 500, 10, 350, 25], present: 520}
  expect(risesOf([wild])).toEqual([])
})

test('before there is history nothing is judged, as on the first day', () => {
  const past = [500, 500, 0, 0, 0, 0, 0]
  expect(risesOf([{key: 'a', kind: null, present: 5000, past}])).toEqual([])
  expect(risesOf([{key: 'a', kind: null, present: 5000, past: [500, ...past]}])).toHaveLength(1)
})

test('nothing is made of nothing', () => {
  expect(risesOf([])).toEqual([])
  expect(risesOf([{key: 'a', kind: null, present: 0, past: []}])).toEqual([])
})
