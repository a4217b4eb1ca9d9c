import {describe, expect, test} from 'vitest'
import {
  describeUnseen,
  hold,
  isPaused,
  nextPausing,
  startPausing,
  UNSEEN_MAX,
  type Happening,
  type Held,
} from './hold.ts'

const after = (...happenings: readonly (Happening | Happening['kind'])[]) =>
  happenings
    .map(one => (typeof one === 'string' ? ({kind: one} as Happening) : one))
    .reduce(nextPausing, startPausing(undefined))
const open = (key?: string): Happening => ({kind: 'open', key})

describe('a live list', () => {
  test.each<[string, boolean, readonly (Happening | Happening['kind'])[]]>([
    ['runs by itself', false, []],
    ['holds still under the pointer', true, ['enter']],
    ['goes on when the pointer left', false, ['enter', 'leave']],
    ['holds still while it has the focus', true, ['focus']],
    ['goes on when the focus left', false, ['focus', 'blur']],
    ['holds still while a record is open', true, [open('4-17')]],
    ['also when the pointer left', true, ['enter', open('4-17'), 'leave']],
    ['goes on when the record is closed', false, [open('4-17'), open()]],
    ['goes on by its button, with the record open', false, [open('4-17'), 'button']],
    ['and holds still when another one is opened', true, [open('4-17'), 'button', open('4-18')]],
    ['or when somebody points at it again', true, [open('4-17'), 'button', 'leave', 'enter']],
    ['closing the record does not stop it again', false, [open('4-17'), 'button', open()]],
    ['is stopped by its button', true, ['button']],
    ['stays stopped whatever the pointer does', true, ['button', 'enter', 'leave']],
    ['goes on by the same button', false, ['button', 'button']],
  ])('%s', (_, paused, happenings) => {
    expect(isPaused(after(...happenings))).toBe(paused)
  })

  test('an address with an open record is read from the start', () => {
    expect(isPaused(startPausing('4-17'))).toBe(true)
  })
})

describe('what is held', () => {
  const keyOf = (n: number): number => n
  const next = (held: Held<number> | undefined, shown: readonly number[], paused = true) =>
    hold(held, {of: 'a', shown}, {paused, keyOf})

  test('stays as it was, and what comes is counted once', () => {
    let held = next(undefined, [3, 2, 1])
    held = next(held, [5, 4, 3])
    held = next(held, [6, 5, 4])
    expect([held.shown, [...held.unseen]]).toEqual([
      [3, 2, 1],
      [5, 4, 6],
    ])
    expect(next(held, [6, 5, 4])).toBe(held)
    held = next(held, [9, 8, 7], false)
    expect([held.shown, held.unseen.size]).toEqual([[9, 8, 7], 0])
  })

  test('nothing is not held: the first rows show', () => {
    expect(next(next(undefined, []), [2, 1]).shown).toEqual([2, 1])
  })

  test('another question begins anew', () => {
    const held = next(undefined, [3, 2, 1])
    const other = hold(held, {of: 'b', shown: []}, {paused: true, keyOf})
    expect([other.of, other.shown]).toEqual(['b', []])
  })

  test('INV-90: what is counted is bounded', () => {
    let held = next(undefined, [0])
    for (let n = 1; n < 5000; n += 50) {
      held = next(
        held,
        Array.from({length: 50}, (_, i) => n + i),
      )
    }
    expect(held.unseen.size).toBe(UNSEEN_MAX)
    expect(describeUnseen(held.unseen.size)).toBe('999+ new')
    expect([describeUnseen(37), describeUnseen(0)]).toEqual(['37 new', 'Go on'])
  })
})
