import {expect, test} from 'vitest'
import type {StreamRecord} from '../contracts/record.ts'
import type {Fields} from './fields.ts'
import {createHorizon, createRules} from './rules.ts'

const HOUR_US = 3_600_000_000
const CREATED = 1_000_000_000
const rules = {timeField: 'at', aheadHoursMax: 24, textMax: {name: 5}} as const

const record = (fields: Fields, op: 'c' | 'd' = 'c'): StreamRecord<Fields> => ({
  at: CREATED,
  ...fields,
  op,
  outbox_id: 1,
  created_at: CREATED,
  lanes: 1,
  lane: 0,
  epoch: 1,
  redelivered: false,
  before: null,
})

test('an event may be dated 24 hours ahead, and not a microsecond more', () => {
  const problemOf = createRules(rules)
  expect(problemOf(record({at: CREATED + 24 * HOUR_US}))).toBeUndefined()
  expect(problemOf(record({at: CREATED + 24 * HOUR_US + 1}))).toContain('more than 24 hours ahead')
})

test('a declaration may allow less, or anything', () => {
  const far = record({at: CREATED + 100 * HOUR_US})
  expect(createRules({...rules, aheadHoursMax: null})(far)).toBeUndefined()
  expect(createRules({...rules, aheadHoursMax: 1})(record({at: CREATED + 2 * HOUR_US}))).toContain(
    '1 hours',
  )
})

test('an event may be as late as it likes, and without a time it breaks no rule of time', () => {
  const problemOf = createRules(rules)
  expect(problemOf(record({at: -Number.MAX_SAFE_INTEGER}))).toBeUndefined()
  expect(problemOf(record({at: null}))).toBeUndefined()
})

test('a text beyond its longest is refused by name', () => {
  expect(createRules(rules)(record({name: 'abcdef'}))).toBe('its name has more than 5 characters')
  expect(createRules(rules)(record({name: 'abcde'}))).toBeUndefined()
})

test('a delete is accepted whatever it holds: it can only take back', () => {
  const fields = {at: CREATED + 100 * HOUR_US, name: 'abcdef'}
  expect(createRules(rules)(record(fields, 'd'))).toBeUndefined()
})

const DAY_US = 24 * HOUR_US

test('INV-58: a correction is too old by where its event was, when that is longer ago than events are kept', () => {
  const isTooOld = createHorizon({timeField: 'at', keepDays: 30})
  const now = 100 * DAY_US
  const change = (op: 'c' | 'u' | 'd' | 'r', before: number | null, after: number) => ({
    ...record({}),
    op,
    at: after,
    created_at: now,
    before: before === null ? null : {at: before},
  })
  expect(isTooOld(change('u', now - 30 * DAY_US, now))).toBe(false)
  expect(isTooOld(change('u', now - 30 * DAY_US - 1, now))).toBe(true)
  expect(isTooOld(change('d', now - 31 * DAY_US, now - 31 * DAY_US))).toBe(true)
  expect(isTooOld(change('u', now, now - 90 * DAY_US)), 'moved there').toBe(false)
  expect(isTooOld(change('r', null, now - 31 * DAY_US)), 'read again').toBe(true)
  expect(isTooOld(change('c', null, now - 90 * DAY_US)), 'late, and new').toBe(false)
  const always = createHorizon({timeField: 'at', keepDays: null})
  expect(always(change('d', 0, 0)), 'kept for ever').toBe(false)
})
