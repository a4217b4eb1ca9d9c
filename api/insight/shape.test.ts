/** Curves are drawn here, by people of whom each leaves, jumps and comes back by chance. */
import {expect, test} from 'vitest'
import {createRandom} from '../../scripts/simulated/random.ts'
import {dropOffsOf, keyMomentsOf, PLAYS_MIN} from './shape.ts'

const POINTS = 100

interface Planted {
  readonly plays: number
  /** The share that leaves from one point to the next. */
  readonly leaves?: number
  /** Points at which this share of those who are there leaves. */
  readonly drops?: Readonly<Record<number, number>>
  /** Points that this share of those who came so far watches again. */
  readonly again?: {readonly from: number; readonly to: number; readonly share: number}
  /** The share that jumps ten points ahead somewhere. */
  readonly jumps?: number
}

function curveOf(
  {plays, leaves = 0.006, drops = {}, again, jumps = 0.2}: Planted,
  seed: number,
): readonly number[] {
  const random = createRandom(seed)
  const audience = Array.from({length: POINTS}, () => 0)
  for (let person = 0; person < plays; person++) {
    const jumpAt = random() < jumps ? Math.floor(random() * (POINTS - 10)) : -1
    for (let point = 0; point < POINTS; point++) {
      if (point === jumpAt) point += 10
      if (point >= POINTS) break
      audience[point]! += 1
      if (again !== undefined && point === again.to - 1 && random() < again.share) {
        for (let back = again.from; back < again.to; back++) audience[back]! += 1
      }
      if (random() < leaves + (drops[point] ?? 0)) break
    }
  }
  return audience
}

const SEEDS = Array.from({length: 200}, (_, i) => i + 1)

test('nothing is named in curves that fall evenly, whatever their size', () => {
  for (const plays of [PLAYS_MIN, 300, 1000, 5000]) {
    for (const leaves of [0, 0.006, 0.03]) {
      for (const seed of SEEDS.slice(0, plays > 1000 ? 20 : 200)) {
        const curve = curveOf({plays, leaves}, seed)
        expect(dropOffsOf(curve, plays), `${plays} ${leaves} ${seed}`).toEqual([])
        expect(keyMomentsOf(curve, plays), `${plays} ${leaves} ${seed}`).toEqual([])
      }
    }
  }
})

test('a drop at 62 % is found where it is, with how many left', () => {
  for (const plays of [300, 1000, 5000]) {
    for (const seed of SEEDS.slice(0, 40)) {
      const curve = curveOf({plays, drops: {62: 0.4}}, seed)
      const [found, ...others] = dropOffsOf(curve, plays)
      expect(others).toEqual([])
      expect(found, `${plays} ${seed}`).toMatchObject({from: 62, to: 63})
      expect(Math.abs(found!.left - (curve[62]! - curve[63]!))).toBeLessThan(0.05 * plays)
      expect(found!.share).toBeCloseTo(found!.left / plays)
      expect(keyMomentsOf(curve, plays)).toEqual([])
    }
  }
})

test('a drop that takes some points is one stretch, and two drops are two', () => {
  for (const seed of SEEDS.slice(0, 40)) {
    const plays = 2000
    const drops = {20: 0.2, 21: 0.2, 22: 0.2, 80: 0.3}
    const found = dropOffsOf(curveOf({plays, drops}, seed), plays)
    expect(found.map(({from, to}) => [from, to])).toEqual([
      [20, 23],
      [80, 81],
    ])
  }
})

test('a scene that is watched again is found with its ends, and is no drop of people', () => {
  for (const plays of [500, 2000]) {
    for (const seed of SEEDS.slice(0, 40)) {
      const again = {from: 40, to: 46, share: 0.35}
      const curve = curveOf({plays, again}, seed)
      const [found, ...others] = keyMomentsOf(curve, plays)
      expect(others).toEqual([])
      expect(dropOffsOf(curve, plays), 'who came back for it does not leave at its end').toEqual([])
      expect(found, `${plays} ${seed}`).toMatchObject({from: 40, to: 46})
      expect(found!.share).toBeGreaterThan(0.15)
    }
  }
})

test('nothing is said of few plays, of none, and of no curve', () => {
  const curve = curveOf({plays: PLAYS_MIN - 1, drops: {62: 0.9}}, 1)
  expect(dropOffsOf(curve, PLAYS_MIN - 1)).toEqual([])
  expect(dropOffsOf([], 1000)).toEqual([])
  expect(keyMomentsOf([], 1000)).toEqual([])
  expect(
    dropOffsOf(
      Array.from({length: POINTS}, () => 0),
      1000,
    ),
  ).toEqual([])
})
