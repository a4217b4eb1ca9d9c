import * as fc from 'fast-check'
import {describe, expect, test} from 'vitest'
import {createDetector, DETECTOR, type Judgement} from './detector.ts'

/** Evenly spread over a unit, the same in every run. */
function noise(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32 - 0.5
  }
}

function judgeAll(values: readonly number[]): readonly Judgement['verdict'][] {
  const detector = createDetector()
  return values.map(value => detector.judge(value).verdict)
}

/** Verdicts of what comes after usual readings around 20. */
function after(values: readonly number[], of: (i: number) => number = () => 20) {
  const next = noise(7)
  const usual = Array.from({length: 60}, (_, i) => of(i) + next())
  return judgeAll([...usual, ...values]).slice(60)
}

const odd = (verdicts: readonly string[]): number =>
  verdicts.filter(one => one !== 'learning' && one !== 'usual').length

describe('INV-160', () => {
  const level = fc.double({min: -1e6, max: 1e6, noNaN: true})

  test('nothing is odd before the first readings were learned, whatever they are', () => {
    fc.assert(
      fc.property(fc.array(level, {maxLength: DETECTOR.keptMin}), values => {
        expect(odd(judgeAll(values))).toBe(0)
      }),
    )
  })

  test('a value that never changes is never odd', () => {
    fc.assert(
      fc.property(level, value => {
        expect(odd(judgeAll(Array.from({length: 300}, () => value)))).toBe(0)
      }),
    )
  })

  test('a straight line is never odd: drift is none', () => {
    fc.assert(
      fc.property(level, fc.double({min: -10, max: 10, noNaN: true}), (start, slope) => {
        const line = Array.from({length: 300}, (_, i) => start + slope * i)
        expect(odd(judgeAll(line))).toBe(0)
      }),
    )
  })

  test('a reading far off is a spike wherever it comes, and the next ones are usual', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({min: 30, max: 200}), level, (seed, at, base) => {
        const next = noise(seed)
        const values = Array.from({length: 260}, () => base + next())
        values[at] = base + 100 + Math.abs(base)
        const verdicts = judgeAll(values)
        expect(verdicts[at]).toBe('spike')
        expect(odd(verdicts)).toBe(1)
      }),
    )
  })

  test('verdicts are those of the same readings in another unit', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({min: -8, max: 8}), (seed, power) => {
        const next = noise(seed)
        const values = Array.from({length: 200}, (_, i) => (i % 70 === 69 ? 50 : 20 + next()))
        // By powers of two no digit is lost.
        const scaled = values.map(value => value * 2 ** power)
        expect(judgeAll(scaled)).toEqual(judgeAll(values))
      }),
    )
  })
})

test('odd readings among the first ones do not hide a later one', () => {
  const next = noise(3)
  const first = Array.from({length: 40}, (_, i) => (i % 6 === 5 ? 500 : 20 + next()))
  const detector = createDetector()
  for (const value of first) detector.judge(value)
  expect(detector.judge(80).verdict).toBe('spike')
  expect(detector.judge(20).verdict).toBe('usual')
})

test('a sensor that hangs is stuck after a few readings, and usual again when it goes on', () => {
  const verdicts = after([20.3, 20.3, 20.3, 20.3, 20.3, 20.3, 20.3, 20.1])
  expect(verdicts.slice(0, 4)).toEqual(['usual', 'usual', 'usual', 'usual'])
  expect(verdicts.slice(5)).toEqual(['stuck', 'stuck', 'usual'])
})

test('a sensor that rounds repeats itself, and is not stuck', () => {
  const next = noise(11)
  const rounded = Array.from({length: 500}, () => Math.round(20 + 2 * next()))
  expect(odd(judgeAll(rounded))).toBe(0)
})

test('a level that stays is a shift, and usual from then on', () => {
  const next = noise(5)
  const verdicts = after(Array.from({length: 30}, () => 40 + next()))
  expect(verdicts.slice(0, 6)).toEqual(['spike', 'spike', 'spike', 'spike', 'spike', 'shift'])
  expect(odd(verdicts.slice(6))).toBe(0)
})

test('spikes with usual readings between them are no shift', () => {
  const verdicts = after(Array.from({length: 40}, (_, i) => (i % 2 === 0 ? 40 : 20)))
  expect(new Set(verdicts)).toEqual(new Set(['spike', 'usual']))
})

test('drift under noise is usual, and a spike on it is none', () => {
  const verdicts = after([20 + 60 * 0.1, 40], i => 20 + i * 0.1)
  expect(verdicts).toEqual(['usual', 'spike'])
})

test('what is no number is broken, and nothing is learned from it', () => {
  expect(after([Number.NaN, Number.POSITIVE_INFINITY, 20])).toEqual(['broken', 'broken', 'usual'])
})
