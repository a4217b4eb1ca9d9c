import {expect, test} from 'vitest'
import {barePosition} from '../readmodel/positions.ts'
import {decideStart, problemOfBefore} from './start-check.ts'

const POSITION = {...barePosition(50, 'here'), outboxId: 7, createdAt: 70}
const FACTS = {committed: 50, begin: 10, end: 100}

test('INV-43: a partition starts at its position, wherever Kafka says that it was left', () => {
  const start = {kind: 'start', next: 50, before: {outboxId: 7, createdAt: 70}}
  expect(decideStart(FACTS, POSITION, 'here')).toEqual(start)
  expect(decideStart({...FACTS, committed: 20}, POSITION, 'here')).toEqual(start)
  expect(decideStart({...FACTS, committed: null}, POSITION, 'here')).toEqual(start)
  expect(decideStart({...FACTS, begin: 50, end: 50}, POSITION, 'here')).toEqual(start)
})

test('without a position it starts at a log that has all its records', () => {
  const facts = {committed: null, begin: 0, end: 100}
  expect(decideStart(facts, null, 'here')).toEqual({kind: 'start', next: 0, before: null})
  expect(decideStart({...facts, committed: 0}, null, 'here')).toMatchObject({next: 0})
})

const CAUSES = [
  ['the topic was made again, and is shorter', {...FACTS, end: 49}, POSITION, 'the log ends at 49'],
  [
    'the topic was made again, and Kafka has forgotten its offsets',
    {committed: null, begin: 0, end: 20},
    POSITION,
    'the log ends at 20',
  ],
  ['records were deleted unread', {...FACTS, begin: 51}, POSITION, '1 records were deleted'],
  [
    'offsets have expired, and records were deleted unread',
    {committed: null, begin: 600, end: 900},
    POSITION,
    '550 records were deleted',
  ],
  ['the keyspace was made again', {...FACTS, begin: 0}, null, 'Cassandra has no position'],
  ['the keyspace was restored', {...FACTS, committed: 80}, POSITION, 'made again or restored'],
  ['offsets were moved forward', {...FACTS, committed: 100}, POSITION, 'offsets forward'],
  ['the first start is too late', {committed: null, begin: 5, end: 9}, null, '5 records were'],
] as const

test.each(CAUSES)('INV-43: it stands still when %s', (_what, facts, position, words) => {
  const decision = decideStart(facts, position, 'here')
  expect(decision).toMatchObject({kind: 'stand', cause: expect.stringContaining(words)})
})

test('the record before the start has to be the one that was processed last', () => {
  const expected = {outboxId: 7, createdAt: 70}
  expect(problemOfBefore(expected, {outboxId: 7, createdAt: 70})).toBeUndefined()
  expect(problemOfBefore(expected, {outboxId: 7, createdAt: 71})).toContain('made again')
})

test('a position that was written for another keyspace is not gone on from', () => {
  const anew = decideStart({...FACTS, committed: null}, POSITION, 'anew')
  expect(anew).toMatchObject({kind: 'stand', cause: expect.stringContaining('keyspace') as string})
})
