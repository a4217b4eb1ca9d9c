import {expect, test} from 'vitest'
import {describeRule, hoursFrom, isMuted, ruleOf, standingOfChannel} from './alerts.ts'

const RULE = {
  stream: 'orders',
  metric: 'revenue',
  dimension: null,
  kind: 'above',
  threshold: 10,
  window_minutes: 5,
  days: 7,
  open_after_seconds: 0,
} as const

test('a rule is described in a line', () => {
  const changes = [
    {},
    {dimension: 'shop', open_after_seconds: 60},
    {kind: 'absence', threshold: null},
    {kind: 'change'},
    {kind: 'deviation'},
  ] as const
  expect(changes.map(change => describeRule({...RULE, ...change}))).toEqual([
    'revenue of orders: above 10 in 5 min',
    'revenue of orders by shop: above 10 in 5 min, for 60 s',
    'revenue of orders: nothing in 5 min',
    'revenue of orders: changed by 10 % in 5 min',
    'revenue of orders: 10 deviations from 7 days before in 5 min',
  ])
})

test('a form without values has the usual ones, and an absence has no threshold', () => {
  const chosen = {stream: 'orders', metric: 'revenue', dimension: '', severity: 'warning'} as const
  const fields = {name: 'few', threshold: '', window: '', hold: '30', channels: ' a, ,b'}
  expect(ruleOf(fields, {...chosen, kind: 'absence'})).toEqual({
    stream: 'orders',
    metric: 'revenue',
    kind: 'absence',
    severity: 'warning',
    name: 'few',
    dimension: null,
    threshold: null,
    window_minutes: 5,
    open_after_seconds: 30,
    channels: ['a', 'b'],
  })
})

test('what is muted is so until then', () => {
  const now = Date.parse('2026-01-31T12:00:00Z')
  expect(hoursFrom(now, 1)).toBe('2026-01-31T13:00:00.000Z')
  const until = ['2026-01-31T13:00:00Z', '2026-01-31T11:00:00Z', null]
  expect(until.map(time => isMuted({muted_until: time}, now))).toEqual([true, false, false])
})

test('a channel is away, has given up, sends or is idle, in this order', () => {
  const idle = {waiting: 0, dead: 0, failures: 0, retry_at: null}
  const words = [
    {...idle, waiting: 3, dead: 1, failures: 2, retry_at: '2026-01-31T12:00:00Z'},
    {...idle, waiting: 3, dead: 1},
    {...idle, waiting: 3},
    idle,
  ].map(one => standingOfChannel(one))
  expect(words.map(({word}) => word)).toEqual(['away', 'given up', 'sending', 'idle'])
  expect(words[0]!.why).toBe('2 failures in a row, tried again at 2026-01-31T12:00:00Z')
})
