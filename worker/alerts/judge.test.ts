import {expect, test} from 'vitest'
import type {AlertRule} from '../../contracts/alerts.ts'
import {deviationsOf, judgeRows, type Absent, type Rows} from './judge.ts'

const RULE: AlertRule = {
  stream: 'orders',
  metric: 'orders',
  dimension: null,
  filters: [],
  kind: 'above',
  threshold: 10,
  direction: 'both',
  window_minutes: 60,
  days: 7,
  open_after_seconds: 0,
  resolve_after_seconds: 0,
}

const rows = (values: Readonly<Record<string, number | null>>): Rows =>
  new Map(Object.entries(values))

interface Asked {
  readonly present: Readonly<Record<string, number | null>>
  readonly past?: readonly Readonly<Record<string, number | null>>[]
  readonly known?: readonly string[]
  readonly absent?: Absent
}

const metOf = (
  rule: Partial<AlertRule>,
  {present, past = [], known = [], absent = 0}: Asked,
): readonly string[] => {
  const values = {present: rows(present), past: past.map(rows)}
  const verdicts = judgeRows({...RULE, ...rule}, values, {known, absent})
  return [...verdicts].filter(([, {isMet}]) => isMet).map(([subject]) => subject)
}

test('a value is above or below its bound, never at it', () => {
  expect(metOf({}, {present: {'': 10}})).toEqual([])
  expect(metOf({}, {present: {'': 10.1}})).toEqual([''])
  expect(metOf({kind: 'below'}, {present: {'': 10}})).toEqual([])
  expect(metOf({kind: 'below'}, {present: {'': 9.9}})).toEqual([''])
})

test('what is not in the answer is nothing where it is counted, and no value elsewhere', () => {
  expect(metOf({kind: 'below'}, {present: {}})).toEqual([''])
  expect(metOf({kind: 'below'}, {present: {}, absent: null})).toEqual([])
  expect(metOf({kind: 'below', dimension: 'shop'}, {present: {a: 3}, known: ['b']})).toEqual([
    'a',
    'b',
  ])
  expect(metOf({kind: 'below', dimension: 'shop'}, {present: {a: null}})).toEqual([])
})

test('each row of a dimension is judged by itself', () => {
  expect(metOf({dimension: 'shop'}, {present: {a: 11, b: 9, c: 12}})).toEqual(['a', 'c'])
})

test('an absence is of the whole, or of who was there before', () => {
  const absence = {kind: 'absence', threshold: null} as const
  expect(metOf(absence, {present: {'': 0}})).toEqual([''])
  expect(metOf(absence, {present: {'': 1}})).toEqual([])
  const past = [{a: 5, b: 2}]
  expect(metOf({...absence, dimension: 'shop'}, {present: {a: 1}, past})).toEqual(['b'])
  // Still missed when nobody remembers it any more.
  const forgotten = {present: {a: 1}, past: [{a: 5}], known: ['b']}
  expect(metOf({...absence, dimension: 'shop'}, forgotten)).toEqual(['b'])
})

test('a change is in percent of the time before, in the direction that is asked for', () => {
  const change = {kind: 'change', threshold: 50} as const
  const up = {present: {'': 16}, past: [{'': 10}]}
  const down = {present: {'': 4}, past: [{'': 10}]}
  expect(metOf(change, up)).toEqual([''])
  expect(metOf(change, down)).toEqual([''])
  expect(metOf({...change, direction: 'down'}, up)).toEqual([])
  expect(metOf({...change, direction: 'up'}, down)).toEqual([])
  expect(metOf(change, {present: {'': 15}, past: [{'': 10}]})).toEqual([])
  expect(metOf(change, {present: {'': 15}, past: [{'': 0}]})).toEqual([])
})

test('a row that is gone has changed by all of it', () => {
  const asked = {present: {}, past: [{a: 10}]}
  expect(metOf({kind: 'change', threshold: 50, dimension: 'shop'}, asked)).toEqual(['a'])
})

test('a deviation is from the median of past days, whatever one of them was', () => {
  const deviation = {kind: 'deviation', threshold: 4} as const
  const days = [100, 104, 96, 102, 98, 5000, 101].map(value => ({'': value}))
  expect(metOf(deviation, {present: {'': 108}, past: days})).toEqual([])
  expect(metOf(deviation, {present: {'': 200}, past: days})).toEqual([''])
  expect(metOf({...deviation, direction: 'down'}, {present: {'': 200}, past: days})).toEqual([])
  expect(metOf({...deviation, direction: 'down'}, {present: {'': 20}, past: days})).toEqual([''])
})

test('days of which there is nothing at all are no history, and too few days are none', () => {
  const deviation = {kind: 'deviation', threshold: 4} as const
  const few = [{'': 100}, {'': 100}, {'': 0}, {'': 0}, {'': 0}]
  expect(metOf(deviation, {present: {'': 900}, past: few})).toEqual([])
})

test('a count varies by its root at least, and what never varied is not judged', () => {
  expect(deviationsOf(110, [100, 100, 100], 0)).toEqual({middle: 100, deviations: 1})
  expect(deviationsOf(1, [0, 0, 0], 0)).toEqual({middle: 0, deviations: 1})
  expect(deviationsOf(1, [0, 0, 0], null)).toBeUndefined()
})

test('what a rule watched before it was changed is over', () => {
  expect(metOf({}, {present: {'': 3}, known: ['a']})).toEqual([])
  expect(metOf({kind: 'below'}, {present: {'': 30}, known: ['a']})).toEqual([])
  expect(metOf({kind: 'below', dimension: 'shop'}, {present: {a: 30}, known: ['']})).toEqual([])
})
