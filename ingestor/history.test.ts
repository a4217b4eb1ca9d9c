import {expect, test} from 'vitest'
import {judgeHistory, type HistoryFacts} from './history.ts'

const FACTS: HistoryFacts = {
  knownSystem: 'a',
  knownTimeline: 1,
  system: 'a',
  timeline: 1,
  idsBelow: 2_000_000,
  lastId: 500,
  highestId: 400,
}
const NOTHING = {idsBelow: 0, highestId: 0}
const kindOf = (facts: Partial<HistoryFacts>, remembered: Partial<typeof NOTHING> = {}): string =>
  judgeHistory({...FACTS, ...facts}, {...NOTHING, ...remembered}).kind

test('the database that was left is the same, also at the first start', () => {
  expect(kindOf({})).toBe('same')
  expect(kindOf({knownSystem: null, knownTimeline: null})).toBe('same')
  expect(kindOf({}, {idsBelow: 2_000_000, highestId: 500})).toBe('same')
  // Somebody published since, from the same database.
  expect(kindOf({}, {idsBelow: 1_000_000})).toBe('same')
})

test('another server, and another timeline of it, have another history', () => {
  expect(kindOf({system: 'b'})).toBe('other')
  expect(kindOf({timeline: 2})).toBe('other')
})

test('a database that knows less than what stands outside is one of the past', () => {
  expect(kindOf({}, {idsBelow: 2_000_001})).toBe('other')
})

test('a sequence behind what was published gives ids twice, whoever remembers it', () => {
  expect(kindOf({lastId: 399})).toBe('ids back')
  expect(kindOf({}, {highestId: 501})).toBe('ids back')
})
