import {describe, expect, test} from 'vitest'
import {nextStep, outcomeOf, type Outcome} from './outcome.ts'

const NOW = Date.parse('2026-01-31T12:00:00Z')
const OPTIONS = {firstDelayMs: 1000, maxDelayMs: 60_000, giveUpMs: 3_600_000, random: () => 1}
const FIRST = {attempts: 1, queuedMs: 0, failures: 1}
const AWAY: Outcome = {kind: 'away', reason: 'it answers 503'}
const REFUSED: Outcome = {kind: 'refused', reason: 'it answers 400'}

describe('an answer', () => {
  test.each([
    [200, 'sent'],
    [204, 'sent'],
    [301, 'refused'],
    [400, 'refused'],
    [404, 'refused'],
    [408, 'away'],
    [410, 'gone'],
    [429, 'away'],
    [500, 'away'],
    [503, 'away'],
  ])('of %i means %s', (status, kind) => {
    expect(outcomeOf(status, null, NOW).kind).toBe(kind)
  })

  test('says when to come again', () => {
    expect(outcomeOf(503, '7', NOW)).toMatchObject({kind: 'away', waitMs: 7000})
  })
})

describe('INV-157: a message', () => {
  test('waits longer each time that its receiver is away, up to a bound', () => {
    const waits = [1, 2, 3, 20].map(failures => nextStep(AWAY, {...FIRST, failures}, OPTIONS))
    expect(waits.map(step => step.kind === 'wait' && step.ms)).toEqual([1000, 2000, 4000, 60_000])
  })

  test('waits as long as its receiver says', () => {
    expect(nextStep({...AWAY, waitMs: 7000}, FIRST, OPTIONS)).toMatchObject({
      kind: 'wait',
      ms: 7000,
    })
  })

  test('is a dead letter with the reason after the time that is set, however the receiver fails', () => {
    const late = {...FIRST, queuedMs: 3_600_000}
    expect(nextStep(AWAY, late, OPTIONS)).toEqual({
      kind: 'dead',
      reason: 'it answers 503; given up after 3600 s',
    })
  })

  test('that is refused holds up the next ones for five attempts', () => {
    const steps = [1, 4, 5].map(attempts => nextStep(REFUSED, {...FIRST, attempts}, OPTIONS).kind)
    expect(steps).toEqual(['wait', 'wait', 'dead'])
  })

  test('to who is gone is a dead letter at once', () => {
    expect(nextStep({kind: 'gone', reason: 'it answers 410'}, FIRST, OPTIONS).kind).toBe('dead')
  })
})
