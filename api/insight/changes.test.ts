import {expect, test} from 'vitest'
import {changesOf, type Group} from './changes.ts'

const PAST = [100, 104, 97, 101, 99, 103, 96]
const steady = (times: number) => PAST.map(value => Math.round(value * times))

const whole = (present: number, times: number, stream = 'orders'): Group => ({
  stream,
  metric: 'lines',
  dimension: null,
  counts: [{key: '', present, past: steady(times)}],
})
const by = (
  dimension: string,
  values: Readonly<Record<string, readonly [present: number, times: number]>>,
): Group => ({
  stream: 'orders',
  metric: 'lines',
  dimension,
  counts: Object.entries(values).map(([key, [present, times]]) => ({
    key,
    present,
    past: steady(times),
  })),
})

test('nothing is worth a look where all is as usual', () => {
  const groups = [whole(1010, 10), by('place', {web: [605, 6], shop: [405, 4]})]
  expect(changesOf(groups, 5)).toEqual([])
})

test('what changes everywhere is told once, of the whole', () => {
  const groups = [whole(500, 10), by('place', {web: [300, 6], shop: [200, 4]})]
  expect(changesOf(groups, 5)).toMatchObject([
    {stream: 'orders', metric: 'lines', dimension: null, value: null, present: 500},
  ])
  expect(changesOf(groups, 5)[0]!.impact).toBeCloseTo(-0.5, 1)
})

test('what one value changes is told of that value, not of the whole', () => {
  const groups = [whole(480, 10), by('place', {web: [80, 6], shop: [400, 4]})]
  expect(changesOf(groups, 5)).toMatchObject([{dimension: 'place', value: 'web', present: 80}])
})

test('a value that gains what another one loses is seen, though the whole stays', () => {
  const found = changesOf([whole(1000, 10), by('place', {web: [300, 5], shop: [700, 5]})], 5)
  expect(found.map(({value}) => value ?? '').toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
    'shop',
    'web',
  ])
})

test('the most is first, of several metrics one is told, and no more than asked for', () => {
  const groups = [
    whole(500, 10),
    {...whole(100, 10), metric: 'revenue_lines'},
    {...whole(200, 10), metric: 'returns'},
    whole(3000, 10, 'logs'),
    whole(700, 10, 'users'),
  ]
  const found = changesOf(groups, 5)
  expect(found.map(({stream, metric}) => [stream, metric])).toEqual([
    ['logs', 'lines'],
    ['orders', 'revenue_lines'],
    ['users', 'lines'],
  ])
  expect(changesOf(groups, 1)).toHaveLength(1)
})

test('few are no change, however rare they were', () => {
  expect(changesOf([whole(19, 0)], 5)).toEqual([])
  expect(changesOf([], 5)).toEqual([])
})

test('a stream has two at most', () => {
  const values = {a: [9000, 10], b: [8000, 10], c: [7000, 10], d: [1000, 10]} as const
  const found = changesOf([whole(25_000, 40), by('place', values)], 5)
  expect(found).toHaveLength(2)
})
