import {expect, test} from 'vitest'
import type {RecordMeta} from '../contracts/record.ts'
import {AHEAD_MAX_US, problemOfTime} from './rules.ts'

const meta: RecordMeta = {
  op: 'c',
  outbox_id: 1,
  created_at: 1_000_000_000,
  lanes: 1,
  lane: 0,
  epoch: 1,
  redelivered: false,
}

test('an event may be dated 24 hours ahead, and not a microsecond more', () => {
  expect(problemOfTime(meta, meta.created_at + AHEAD_MAX_US)).toBeUndefined()
  expect(problemOfTime(meta, meta.created_at + AHEAD_MAX_US + 1)).toContain('24 hours')
})

test('an event may be as late as it likes', () => {
  expect(problemOfTime(meta, -Number.MAX_SAFE_INTEGER)).toBeUndefined()
})

test('a delete is accepted whatever its time: it can only take back', () => {
  expect(problemOfTime({...meta, op: 'd'}, meta.created_at + 2 * AHEAD_MAX_US)).toBeUndefined()
})

test('an event without a time breaks no rule of time', () => {
  expect(problemOfTime(meta, null)).toBeUndefined()
})
