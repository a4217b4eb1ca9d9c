import {expect, test} from 'vitest'
import {expectedBefore, problemOfBefore, problemOfStart} from './start-check.ts'

const FACTS = {topic: 't', partition: 1, committed: 50, begin: 10, end: 100}

test('a partition starts anywhere inside of its log, and at the start when nothing was committed', () => {
  expect(problemOfStart(FACTS)).toBeUndefined()
  expect(problemOfStart({...FACTS, committed: 100})).toBeUndefined()
  expect(problemOfStart({...FACTS, committed: null})).toBeUndefined()
})

test('a committed offset outside of the log stops with an explanation', () => {
  expect(problemOfStart({...FACTS, committed: 9})).toContain('1 records were deleted')
  expect(problemOfStart({...FACTS, committed: 101})).toContain('the log ends at 100')
})

test('the record before the start has to be the one that was processed last', () => {
  const position = {offset: 50, outboxId: 7, createdAt: 70, epochs: [], stale: [], late: []}
  const expected = expectedBefore(50, position)
  expect(expected).toEqual({outboxId: 7, createdAt: 70})
  expect(problemOfBefore(expected!, {outboxId: 7, createdAt: 70})).toBeUndefined()
  expect(problemOfBefore(expected!, {outboxId: 7, createdAt: 71})).toContain('made again')
  // Set back on purpose: nothing is known about the record there.
  expect(expectedBefore(0, position)).toBeNull()
})
