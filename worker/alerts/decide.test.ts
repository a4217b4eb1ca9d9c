import * as fc from 'fast-check'
import {describe, expect, test} from 'vitest'
import {CLOSED, decide, everyMsOf, nextDueMs, stateAfter, type RowState} from './decide.ts'

const HOLDS = {openAfterMs: 60_000, resolveAfterMs: 30_000}
const OPEN: RowState = {isOpen: true, since: null}

describe('INV-153: a row', () => {
  test.each<[string, RowState, boolean | undefined, number, object]>([
    ['is held when it is met first', CLOSED, true, 0, {kind: 'hold', since: 0}],
    ['stays held before its time', {isOpen: false, since: 0}, true, 59_999, {kind: 'nothing'}],
    ['opens at its time', {isOpen: false, since: 0}, true, 60_000, {kind: 'open'}],
    [
      'is forgotten when it is not met meanwhile',
      {isOpen: false, since: 0},
      false,
      9,
      {kind: 'forget'},
    ],
    ['stays closed', CLOSED, false, 0, {kind: 'nothing'}],
    ['stays open', OPEN, true, 0, {kind: 'nothing'}],
    ['is held when it is over first', OPEN, false, 5, {kind: 'hold', since: 5}],
    ['resolves at its time', {isOpen: true, since: 5}, false, 30_005, {kind: 'resolve'}],
    ['stays open when it is met again', {isOpen: true, since: 5}, true, 9, {kind: 'forget'}],
    [
      'changes nothing while it is not judged',
      {isOpen: false, since: 0},
      undefined,
      9e9,
      {kind: 'nothing'},
    ],
  ])('%s', (_what, state, isMet, now, decision) => {
    expect(decide(HOLDS, state, {isMet, now})).toEqual(decision)
  })

  test('opens and resolves at once without holds', () => {
    const none = {openAfterMs: 0, resolveAfterMs: 0}
    expect(decide(none, CLOSED, {isMet: true, now: 7})).toEqual({kind: 'open'})
    expect(decide(none, OPEN, {isMet: false, now: 7})).toEqual({kind: 'resolve'})
  })

  test('is open exactly after it was met whenever it was judged for the whole of its hold', () => {
    const moment = fc.record({
      after: fc.integer({min: 1, max: 50}),
      isMet: fc.option(fc.boolean(), {nil: undefined}),
    })
    const holds = fc.record({openAfterMs: fc.nat(120), resolveAfterMs: fc.nat(120)})
    fc.assert(
      fc.property(holds, fc.array(moment, {maxLength: 60}), (times, moments) => {
        let state: RowState = CLOSED
        let now = 0
        const judged: {readonly at: number; readonly isMet: boolean}[] = []
        for (const {after, isMet} of moments) {
          now += after
          const decision = decide(times, state, {isMet, now})
          if (isMet === undefined) expect(decision.kind).toBe('nothing')
          else judged.push({at: now, isMet})
          if (decision.kind === 'open' || decision.kind === 'resolve') {
            const wanted = decision.kind === 'open'
            expect(wanted).toBe(!state.isOpen)
            // Since the last moment that said otherwise it was so at every one, for long enough.
            const run = judged.slice(judged.findLastIndex(one => one.isMet !== wanted) + 1)
            const holdMs = wanted ? times.openAfterMs : times.resolveAfterMs
            expect(now - run[0]!.at).toBeGreaterThanOrEqual(holdMs)
          } else if (isMet !== undefined && isMet !== state.isOpen) {
            const run = judged.slice(judged.findLastIndex(one => one.isMet !== isMet) + 1)
            const holdMs = isMet ? times.openAfterMs : times.resolveAfterMs
            expect(now - run[0]!.at).toBeLessThan(holdMs)
          }
          state = stateAfter(state, decision)
        }
      }),
    )
  })
})

test('a rule is evaluated sixty times in its window, and no more than each second', () => {
  const none = {openAfterMs: 0, resolveAfterMs: 0}
  expect([1, 5, 1440].map(minutes => everyMsOf(minutes, none))).toEqual([1000, 5000, 60_000])
  expect(everyMsOf(1440, {openAfterMs: 20_000, resolveAfterMs: 0})).toBe(5000)
})

test('a question that is slow to answer takes half of the time', () => {
  expect(nextDueMs(0, 20, 1000)).toBe(1000)
  expect(nextDueMs(0, 2000, 1000)).toBe(4000)
})
