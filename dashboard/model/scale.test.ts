import * as fc from 'fast-check'
import {expect, test} from 'vitest'
import {printMark, printValue, scaleBetween, scaleOf, type Unit} from './scale.ts'

const UNITS = Object.keys(printValue) as Unit[]
const labels = (unit: Unit, highest: number | null, most = 5): readonly string[] => {
  const {marks, step} = scaleOf(unit, highest, most)
  return marks.map(mark => printMark(unit, mark, step))
}

test.each<[Unit, number, readonly string[]]>([
  ['count', 1, ['0', '1']],
  ['count', 2, ['0', '1', '2']],
  ['count', 4, ['0', '1', '2', '3', '4']],
  ['count', 7, ['0', '2', '4', '6', '8']],
  ['count', 61_000, ['0', '20K', '40K', '60K', '80K']],
  ['number', 0.4, ['0', '0.1', '0.2', '0.3', '0.4']],
  ['number', 61_000, ['0', '20K', '40K', '60K', '80K']],
  ['rate', 0.4, ['0', '0.1', '0.2', '0.3', '0.4']],
  ['seconds', 0.7, ['0 s', '0.2 s', '0.4 s', '0.6 s', '0.8 s']],
  ['seconds', 100, ['0 s', '30 s', '60 s', '90 s', '120 s']],
  ['seconds', 50_000, ['0 h', '3 h', '6 h', '9 h', '12 h', '15 h']],
  ['seconds', 150_000, ['0 h', '12 h', '24 h', '36 h', '48 h']],
  ['seconds', 20_000_000, ['0 d', '50 d', '100 d', '150 d', '200 d', '250 d']],
  ['milliseconds', 97, ['0 ms', '20 ms', '40 ms', '60 ms', '80 ms', '100 ms']],
  ['milliseconds', 4100, ['0 s', '1 s', '2 s', '3 s', '4 s', '5 s']],
  ['ratio', 0.52, ['0%', '20%', '40%', '60%']],
  ['ratio', 3.1, ['0%', '100%', '200%', '300%', '400%']],
  ['ratio', 0.004, ['0%', '0.1%', '0.2%', '0.3%', '0.4%']],
])('an axis of %s up to %d is marked %j', (unit, highest, expected) => {
  expect(labels(unit, highest)).toEqual(expected)
})

test('without values an axis has its two ends', () => {
  for (const nothing of [0, null, Number.NaN, Infinity, -3])
    expect(labels('count', nothing)).toEqual(['0', '1'])
  expect(labels('ratio', null)).toEqual(['0%', '100%'])
})

test('no mark is said twice, there are not too many, and the top one is not below the curve', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...UNITS),
      fc.double({min: 1e-4, max: 1e12, noNaN: true}),
      fc.integer({min: 2, max: 8}),
      (unit, highest, most) => {
        const {marks, top, step} = scaleOf(unit, highest, most)
        const texts = labels(unit, highest, most)
        expect(new Set(texts).size).toBe(texts.length)
        expect(marks.length - 1).toBeLessThanOrEqual(most)
        expect(top).toBeGreaterThanOrEqual(highest * (1 - 1e-8))
        expect(top - step).toBeLessThan(highest)
        if (unit === 'count') for (const mark of marks) expect(Number.isInteger(mark)).toBe(true)
        // The chart asks again with the top as its largest value.
        expect(scaleOf(unit, top, most)).toEqual({marks, top, step})
      },
    ),
  )
})

test('an axis goes below nothing where values do, and nothing is one of its marks', () => {
  const {marks, step} = scaleBetween('number', {lowest: -30, highest: 90}, 5)
  expect(marks.map(mark => printMark('number', mark, step))).toEqual(['-50', '0', '50', '100'])
  expect(scaleBetween('number', {lowest: -4, highest: null}, 5).marks).toEqual([-4, -3, -2, -1, 0])
  for (const lowest of [0, 3, null])
    expect(scaleBetween('count', {lowest, highest: 7}, 5)).toEqual(scaleOf('count', 7, 5))
})

test('an axis that goes below nothing holds the curve in few steps', () => {
  const value = fc.double({min: -1e12, max: 1e12, noNaN: true})
  fc.assert(
    fc.property(
      fc.constantFrom(...UNITS),
      fc.double({min: -1e12, max: -1e-4, noNaN: true}),
      value,
      fc.integer({min: 2, max: 8}),
      (unit, lowest, other, most) => {
        const highest = Math.max(lowest, other)
        const {marks, top, step} = scaleBetween(unit, {lowest, highest}, most)
        const slack = step * 1e-6
        expect(marks).toContain(0)
        expect(marks[0]!).toBeLessThanOrEqual(lowest + slack)
        expect(top).toBeGreaterThanOrEqual(highest - slack)
        expect(marks.length - 1).toBeLessThanOrEqual(most)
      },
    ),
  )
})
