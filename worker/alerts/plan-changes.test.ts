import * as fc from 'fast-check'
import {expect, test} from 'vitest'
import {orders} from '../../test/streams-with-orders/orders.ts'
import {CLOSED, stateAfter, type RowState} from './decide.ts'
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

test('INV-153: whatever comes, no row opens twice or resolves unopened, and all that opens is met now', () => {
  const subject = fc.constantFrom('a', 'b', 'c')
  const moment = fc.record({
    rows: fc.dictionary(subject, fc.integer({min: 0, max: 20})),
    after: fc.integer({min: 0, max: 90_000}),
  })
  const holds = fc.record({
    open_after_seconds: fc.nat(120),
    resolve_after_seconds: fc.nat(120),
    kind: fc.constantFrom('above', 'below'),
  } as const)
  fc.assert(
    fc.property(holds, fc.array(moment, {maxLength: 40}), (rule, moments) => {
      let states = new Map<string, RowState>()
      let now = 0
      for (const {rows, after} of moments) {
        now += after
        const values = {present: new Map(Object.entries(rows)), past: []}
        const changes = planChanges({...RULE, ...rule}, {values, states, absent: 0, now})
        const stateOf = (name: string): RowState => states.get(name) ?? CLOSED
        const isMet = (name: string): boolean => {
          const value = rows[name] ?? 0
          return rule.kind === 'above' ? value > 10 : value < 10
        }
        for (const {subject: name} of changes.open) {
          expect([stateOf(name).isOpen, isMet(name)]).toEqual([false, true])
        }
        for (const name of changes.resolve) {
          expect([stateOf(name).isOpen, isMet(name)]).toEqual([true, false])
        }
        for (const {subject: name} of changes.hold)
          expect(isMet(name)).not.toBe(stateOf(name).isOpen)
        const next = new Map(states)
        for (const {subject: name} of changes.open)
          next.set(name, stateAfter(CLOSED, {kind: 'open'}))
        for (const one of changes.hold) {
          next.set(one.subject, stateAfter(stateOf(one.subject), {kind: 'hold', since: one.since}))
        }
        for (const name of changes.forget) {
          next.set(name, stateAfter(stateOf(name), {kind: 'forget'}))
        }
        for (const name of changes.resolve) next.delete(name)
        states = new Map([...next].filter(([, one]) => one.isOpen || one.since !== null))
      }
    }),
  )
})
