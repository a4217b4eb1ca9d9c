import {expect, test} from 'vitest'
import {orders} from '../../test/streams-with-orders/orders.ts'
import type {RowState} from './decide.ts'
import {absentOf, OPEN_MAX, planChanges} from './plan-changes.ts'
import type {StoredRule} from './rule-table.ts'

const RULE: StoredRule = {
  id: '11111111-1111-4111-8111-111111111111',
  name: 'many orders',
  version: '1',
  severity: 'warning',
  channels: [],
  stream: 'orders',
  metric: 'orders',
  dimension: 'status',
  filters: [],
  kind: 'above',
  threshold: 10,
  direction: 'both',
  window_minutes: 5,
  days: 7,
  open_after_seconds: 0,
  resolve_after_seconds: 0,
}

const plan = (
  rule: Partial<StoredRule>,
  present: Readonly<Record<string, number>>,
  states: Readonly<Record<string, RowState>> = {},
) =>
  planChanges(
    {...RULE, ...rule},
    {
      values: {present: new Map(Object.entries(present)), past: []},
      states: new Map(Object.entries(states)),
      absent: 0,
      now: 1000,
    },
  )

test('each row opens, resolves, is held or forgotten by itself', () => {
  const states = {
    over: {isOpen: true, since: null},
    stays: {isOpen: true, since: null},
    again: {isOpen: true, since: 500},
  }
  expect(plan({}, {fresh: 11, over: 1, stays: 99, again: 12, usual: 3}, states)).toEqual({
    open: [
      {
        subject: 'fresh',
        value: 11,
        expected: 10,
        summary: 'orders of orders of status fresh is 11 in 5 min: above 10',
      },
    ],
    resolve: ['over'],
    hold: [],
    forget: ['again'],
    left: 0,
  })
  expect(plan({open_after_seconds: 60}, {fresh: 11}).hold).toEqual([
    {subject: 'fresh', since: 1000},
  ])
})

test('a row that is not in the answer any more resolves', () => {
  expect(plan({}, {}, {gone: {isOpen: true, since: null}}).resolve).toEqual(['gone'])
})

test('no more are open at once than may be', () => {
  const present = Object.fromEntries(Array.from({length: OPEN_MAX + 50}, (_, i) => [`s${i}`, 11]))
  const {open, left} = plan({}, present, {s0: {isOpen: true, since: null}})
  expect([open.length, left]).toEqual([OPEN_MAX - 1, 50])
})

test('what nothing was counted of is 0, and of other measures no value', () => {
  const of = (metric: string) => absentOf([orders], {...RULE, metric})
  expect(['orders', 'revenue', 'amounts_p95'].map(of)).toEqual([0, 0, null])
})
