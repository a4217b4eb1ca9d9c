import {expect, test} from 'vitest'
import {
  addReadings,
  isListed,
  LISTED_MAX,
  oddOf,
  readingOf,
  type OddReading,
} from './anomaly-readings.ts'

const STREAM = {idField: 'id', timeField: 'measured_at'}
const RECORD = {
  op: 'c',
  id: 7,
  device: 'd1',
  sensor: 'temperature',
  value: 21.5,
  measured_at: 1_769_860_800_000_000,
} as const
const READING = readingOf(STREAM, RECORD)!
const ODD: OddReading = {...READING, why: 'spike', expected: 20}

const numbered = (from: number, count: number): readonly OddReading[] =>
  Array.from({length: count}, (_, i) => ({...ODD, id: String(from + i)}))

test('a reading is taken from what was inserted, with its value', () => {
  expect(READING).toEqual({
    id: '7',
    device: 'd1',
    sensor: 'temperature',
    value: 21.5,
    at: '2026-01-31T12:00:00.000000Z',
  })
  expect(readingOf(STREAM, {...RECORD, op: 'u'})).toBeUndefined()
  expect(readingOf(STREAM, {...RECORD, value: null})).toBeUndefined()
})

test('usual readings are not told', () => {
  const judged = {expected: 20, spread: 1}
  expect(oddOf(READING, {verdict: 'usual', ...judged})).toBeUndefined()
  expect(oddOf(READING, {verdict: 'learning', expected: null, spread: null})).toBeUndefined()
  expect(oddOf(READING, {verdict: 'spike', ...judged})).toEqual(ODD)
})

test('an incident lists its first readings and counts all of them', () => {
  const some = addReadings(undefined, numbered(1, 60))
  const more = addReadings(some, numbered(61, 60))
  expect(more.readings.map(({id}) => id)).toEqual(numbered(1, LISTED_MAX).map(({id}) => id))
  expect([more.count, more.last_id]).toEqual([120, '120'])
})

test('what was listed is known when it is read again', () => {
  const details = addReadings(undefined, numbered(1, 120))
  expect(['1', '100', '120', '121'].map(id => isListed(details, {...ODD, id}))).toEqual([
    true,
    true,
    true,
    false,
  ])
})

test('what JSON has no word for is null', () => {
  const [listed] = addReadings(undefined, [{...ODD, value: Number.NaN, why: 'broken'}]).readings
  expect(listed).toMatchObject({value: null, why: 'broken'})
})
