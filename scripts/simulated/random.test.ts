import {expect, test} from 'vitest'
import {createRandom, normal, seedOf, uuidOf, weighted, wholeBetween} from './random.ts'

test('the same seed draws the same numbers, and each part has numbers of its own', () => {
  const draw = (seed: number) => Array.from({length: 20}, createRandom(seed))
  expect(draw(seedOf(1, 'a'))).toEqual(draw(seedOf(1, 'a')))
  const seeds = [seedOf(1, 'a'), seedOf(1, 'b'), seedOf(2, 'a'), seedOf(1, 'a', 'b')]
  expect(new Set(seeds).size).toBe(seeds.length)
})

test('normal numbers have mean 0 and deviation 1', () => {
  const random = createRandom(3)
  const drawn = Array.from({length: 20_000}, () => normal(random))
  const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length
  const variance = drawn.reduce((sum, value) => sum + (value - mean) ** 2, 0) / drawn.length
  expect(mean).toBeCloseTo(0, 1)
  expect(variance).toBeCloseTo(1, 1)
})

test('what is weighted comes as often as it weighs, and both bounds of whole numbers come', () => {
  const random = createRandom(4)
  const pick = weighted([1, 0, 3])
  const counts = [0, 0, 0]
  for (let i = 0; i < 10_000; i++) counts[pick(random())]! += 1
  expect(counts[0]! / 10_000).toBeCloseTo(0.25, 1)
  expect(counts[1]).toBe(0)
  const whole = new Set(Array.from({length: 200}, () => wholeBetween(random, [1, 3])))
  expect(whole).toEqual(new Set([1, 2, 3]))
})

test('a UUID is one of version 4', () => {
  const random = createRandom(5)
  for (let i = 0; i < 500; i++) {
    expect(uuidOf(random)).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    )
  }
})
