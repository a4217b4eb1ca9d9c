import {expect, test} from 'vitest'
import type {RecordMeta} from '../contracts/record.ts'
import type {Fields} from '../readmodel/fields.ts'
import {decide, effectsOf, isFresh, isNewer} from './admit.ts'

const meta = (more: Partial<RecordMeta> = {}): RecordMeta => ({
  op: 'c',
  outbox_id: 10,
  created_at: 100,
  lanes: 1,
  lane: 0,
  epoch: 1,
  redelivered: false,
  ...more,
})
const event = (at: string, id = 1): Fields => ({id, at})
const idOf = ({id}: Fields): number => id as number

test('only an insert that nobody announced as repeated needs no look-up', () => {
  expect(isFresh(meta())).toBe(true)
  expect(isFresh(meta({redelivered: true}))).toBe(false)
  for (const op of ['u', 'd', 'r'] as const) expect(isFresh(meta({op}))).toBe(false)
})

test('an update puts, whatever it changes; one of the id deletes the old row and puts the new one', () => {
  const kinds = (op: 'u' | 'd', before: Fields | null) =>
    effectsOf(meta({op}), event('new'), before, idOf).map(({kind, id}) => `${kind} ${id}`)
  expect(kinds('u', event('new'))).toEqual(['put 1'])
  expect(kinds('u', event('old'))).toEqual(['put 1'])
  expect(kinds('u', event('old', 2))).toEqual(['delete 2', 'put 1'])
  expect(kinds('u', null)).toEqual(['put 1'])
  expect(kinds('d', event('new'))).toEqual(['delete 1'])
})

const put = effectsOf(meta(), event('a'), null, idOf)[0]!
const at = (offset: number, more: Partial<RecordMeta> = {}, isTooOld = false) => ({
  offset,
  record: meta(more),
  isTooOld,
})

test('INV-30: a register that is not older than the record leaves nothing to do', () => {
  const stored = {event: event('a'), outboxId: 10, createdAt: 100, offset: 7}
  for (const redelivered of [false, true]) {
    expect(decide(put, at(7, {redelivered}), stored), 'the same').toEqual({kind: 'stale'})
    const later = {...stored, outboxId: 11, offset: 9}
    expect(decide(put, at(7, {redelivered}), later), 'read again').toEqual({kind: 'stale'})
  }
  expect(decide(put, at(20, {redelivered: true}), stored), 'sent again').toEqual({kind: 'stale'})
})

test('INV-30: what nobody announced as repeated is new, also when ids of the outbox went back', () => {
  const stored = {event: event('old'), outboxId: 8000, createdAt: 100, offset: 7}
  expect(decide(put, at(8, {op: 'u', created_at: 50}), stored)).toMatchObject({
    kind: 'change',
    retract: stored.event,
  })
})

test('INV-30: a correction retracts what is stored, whatever the record says was there', () => {
  const stored = {event: event('stored'), outboxId: 3, createdAt: 30, offset: 2}
  expect(decide(put, at(7, {op: 'u'}), stored)).toEqual({
    kind: 'change',
    retract: stored.event,
    apply: event('a'),
    isOutside: false,
  })
  const [remove] = effectsOf(meta({op: 'd'}), event('a'), event('a'), idOf)
  expect(decide(remove!, at(7, {op: 'd'}), null)).toEqual({
    kind: 'change',
    retract: null,
    apply: null,
    isOutside: false,
  })
})

test('a correction that is too old changes no number, nor does what comes after it of the row', () => {
  const outside = {kind: 'change', retract: null, apply: null, isOutside: true}
  const stored = {event: event('stored'), outboxId: 3, createdAt: 30, offset: 2}
  expect(decide(put, at(7, {op: 'u'}, true), stored)).toEqual(outside)
  expect(decide(put, at(7, {op: 'u'}, true), null), 'not kept any more').toEqual(outside)
  const left = {...stored, event: null, isOutside: true}
  expect(decide(put, at(8, {op: 'u'}), left)).toEqual(outside)
  expect(decide(put, at(1, {op: 'u'}, true), stored), 'read again').toEqual({kind: 'stale'})
})

test('of two records with one outbox id the one written later is newer', () => {
  const stored = {outboxId: 10, createdAt: 100}
  expect(isNewer({outboxId: 10, createdAt: 101}, stored)).toBe(true)
  expect(isNewer(stored, stored), 'the same record again').toBe(false)
  expect(isNewer({outboxId: 10, createdAt: 99}, stored)).toBe(false)
  expect(isNewer({outboxId: 11, createdAt: 1}, stored)).toBe(true)
})
