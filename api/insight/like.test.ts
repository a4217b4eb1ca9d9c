import {expect, test} from 'vitest'
import type {RetentionView} from '../schemas/metrics.ts'
import {isAlike, likeOf} from './like.ts'

const curve = (plays: number, shares: readonly (number | null)[]): RetentionView => ({
  content_id: 'c',
  basis: 'position',
  length_seconds: 600,
  plays,
  points: shares.map((share, i) => ({
    seconds: i,
    elapsed_ratio: i / 100,
    audience: 0,
    audience_watch_ratio: share,
  })),
  drop_offs: [],
  key_moments: [],
})

test('what is usual is the median of the others at each point, and one odd curve does not move it', () => {
  const others = [curve(100, [1, 0.5]), curve(100, [1, 0.4]), curve(100, [9, 0])]
  expect(likeOf(curve(200, [1, 0.8]), others)).toEqual({
    contents: 3,
    typical: [1, 0.4],
    relative: 1.5,
  })
})

test('of fewer than three contents, or than a hundred plays, nothing is said', () => {
  const own = curve(200, [1, 0.8])
  expect(likeOf(own, [curve(100, [1, 1])])).toEqual({
    contents: 1,
    typical: [null, null],
    relative: null,
  })
  const others = [1, 2, 3].map(() => curve(100, [1, 0.5]))
  expect(likeOf(curve(99, [1, 0.8]), others)).toMatchObject({relative: null, typical: [1, 0.5]})
  expect(likeOf(curve(200, []), others)).toMatchObject({typical: [], relative: null})
})

test('points without a share are left out', () => {
  const others = [curve(100, [null]), curve(100, [1]), curve(100, [1])]
  expect(likeOf(curve(200, [1]), others).typical).toEqual([null])
  expect(likeOf(curve(200, [null]), [...others, curve(100, [1])])).toMatchObject({relative: null})
})

test('lengths are alike up to one and a half times each other', () => {
  expect([400, 401, 900, 901, 0, null].map(other => isAlike(600, other))).toEqual([
    true,
    true,
    true,
    false,
    false,
    false,
  ])
  expect(isAlike(600, 399)).toBe(false)
})
