import {describe, expect, test} from 'vitest'
import {fittingLabels, formatPosition, timeLabels} from './axis.ts'
import {meansBetween, toFacts} from './details.ts'

const look = (count: number, seconds: number): unknown => ({raw_writes: {count, seconds}})
const NONE = new Map<string, number>()

describe('flush times', () => {
  test('what one flush took is told for the time between two looks', () => {
    expect(meansBetween(look(100, 50), look(110, 51), NONE).get('raw_writes')).toBeCloseTo(100)
  })
  test('the first look, and one after a restart, tell the mean since the start', () => {
    expect(meansBetween(undefined, look(4, 1), NONE).get('raw_writes')).toBe(250)
    expect(meansBetween(look(100, 50), look(4, 1), NONE).get('raw_writes')).toBe(250)
  })
  test('without a flush in between, the last known time stays', () => {
    const known = new Map([['raw_writes', 12]])
    expect(meansBetween(look(4, 1), look(4, 1), known).get('raw_writes')).toBe(12)
    expect(meansBetween(undefined, look(0, 0), NONE).size).toBe(0)
  })
})

test('what a service says is told in words, partitions by their topic', () => {
  const details = {waitingRows: 3, partitions: ['a/0', 'a/1', 'b/0'], ...(look(4, 1) as object)}
  expect(toFacts(details, new Map([['raw_writes', 12]]))).toEqual([
    ['waiting rows', '3'],
    ['partitions', 'a 0 1, b 0'],
    ['raw writes', '12 ms each'],
  ])
  expect(toFacts({partitions: []}, NONE)).toEqual([['partitions', 'none']])
  expect(toFacts(null, NONE)).toEqual([])
})

test('what stands still or is warned of is named, and not mentioned where there is nothing', () => {
  const standing = {'a/0': 'the log was cut', 'b/3': 'another log'}
  expect(toFacts({waiting: 0, standing, warnings: {}}, NONE)).toEqual([
    ['waiting', '0'],
    ['standing', 'a/0: the log was cut; b/3: another log'],
  ])
})

test('a label that an edge of the chart would cut off is left out', () => {
  const labels = ['10:50', '10:51', '10:52']
  expect(fittingLabels(labels, [0, 50, 100], {low: 0, high: 100, width: 240})).toEqual([
    '',
    '10:51',
    '',
  ])
  expect(fittingLabels(labels, [10, 50, 90], {low: 0, high: 100, width: 240})).toEqual(labels)
})

test('between days, an axis of days says nothing', () => {
  const [marks, half] = [[0, 43_200, 86_400], 43_200]
  expect(timeLabels(marks, half, {zone: 'UTC'})).toEqual(['1 Jan', '12:00', '2 Jan'])
  expect(timeLabels(marks, half, {zone: 'UTC', wholeDays: true})).toEqual(['1 Jan', '', '2 Jan'])
})

test('a position reads as in a player', () => {
  expect([0, 9, 450, 3720, 36_000].map(formatPosition)).toEqual([
    '0:00',
    '0:09',
    '7:30',
    '1:02:00',
    '10:00:00',
  ])
})
