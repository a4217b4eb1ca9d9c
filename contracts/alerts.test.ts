import {expect, test} from 'vitest'
import {questionsOf, type AlertRule} from './alerts.ts'

const RULE: AlertRule = {
  stream: 'orders',
  metric: 'revenue',
  dimension: 'shop',
  filters: [['is', 'status', ['paid']]],
  kind: 'above',
  threshold: 10,
  direction: 'both',
  window_minutes: 60,
  days: 3,
  open_after_seconds: 0,
  resolve_after_seconds: 0,
}
const NOW = Date.parse('2026-01-31T12:34:56.789Z')

const rangesOf = (rule: Partial<AlertRule>) => {
  const {present, past} = questionsOf({...RULE, ...rule}, NOW)
  return [present, ...past].map(one => one.date_range)
}

test('a value is asked for with the running minute', () => {
  expect(questionsOf(RULE, NOW)).toEqual({
    present: {
      stream: 'orders',
      metrics: ['revenue'],
      date_range: '60m',
      dimensions: ['shop'],
      filters: [['is', 'status', ['paid']]],
      pagination: {limit: 1001},
    },
    past: [],
  })
})

test('what is compared are as many whole minutes', () => {
  expect(rangesOf({kind: 'change'})).toEqual([
    ['2026-01-31T11:34:00.000Z', '2026-01-31T12:34:00.000Z'],
    ['2026-01-31T10:34:00.000Z', '2026-01-31T11:34:00.000Z'],
  ])
  expect(rangesOf({kind: 'deviation'})).toEqual([
    ['2026-01-31T11:34:00.000Z', '2026-01-31T12:34:00.000Z'],
    ['2026-01-30T11:34:00.000Z', '2026-01-30T12:34:00.000Z'],
    ['2026-01-29T11:34:00.000Z', '2026-01-29T12:34:00.000Z'],
    ['2026-01-28T11:34:00.000Z', '2026-01-28T12:34:00.000Z'],
  ])
})

test('who is missed was there on some of the last days; the whole is always missed', () => {
  expect(rangesOf({kind: 'absence'})).toEqual([
    '60m',
    ['2026-01-28T12:34:00.000Z', '2026-01-31T12:34:00.000Z'],
  ])
  expect(rangesOf({kind: 'absence', dimension: null})).toEqual(['60m'])
})
