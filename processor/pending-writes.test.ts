import {expect, test} from 'vitest'
import {PendingWrites} from './pending-writes.ts'
import type {RawWrite} from '../readmodel/raw-table.ts'

const put = (name: string, offset: number, more: Partial<RawWrite> = {}): RawWrite => ({
  kind: 'put',
  event: {name},
  shown: {},
  outboxId: offset,
  createdAt: offset,
  fresh: true,
  offset,
  takeover: 1,
  processedAt: 0,
  ...more,
})
const namesOf = (writes: readonly RawWrite[]) => writes.map(({event}) => event['name'])

test('a new event may be written at once, a correction waits for its aggregates', () => {
  const pending = new PendingWrites()
  pending.add('a', put('a', 1), true)
  pending.add('b', put('b', 2, {fresh: false}), false)
  expect(namesOf(pending.takeImmediate(10).writes)).toEqual(['a'])
  expect(pending.takeDeferred(1).writes).toEqual([])
  expect(namesOf(pending.takeDeferred(2).writes)).toEqual(['b'])
})

test('INV-32: whatever comes later of a row waits behind the write that waits there', () => {
  const pending = new PendingWrites()
  pending.add('a', put('old', 1, {kind: 'delete', fresh: false}), false)
  pending.add('a', put('new', 2), true)
  expect(pending.takeImmediate(10).writes).toEqual([])
  // It clears what it does not set: the row it follows may be there or not.
  expect(pending.takeDeferred(2).writes).toMatchObject([{event: {name: 'new'}, fresh: false}])
})

test('of several deferred writes of a row only the last is written', () => {
  const pending = new PendingWrites()
  pending.add('a', put('v2', 5, {fresh: false}), false)
  pending.add('a', put('v3', 9, {fresh: false}), false)
  const first = pending.takeDeferred(8)
  expect(namesOf(first.writes)).toEqual(['v2'])
  pending.settle(first)
  expect(pending.registerAt('a')).toMatchObject({event: {name: 'v3'}})
  expect(namesOf(pending.takeDeferred(9).writes)).toEqual(['v3'])
})

test('a register holds the newest pending event, or that a pending write deletes it', () => {
  const pending = new PendingWrites()
  expect(pending.registerAt('a')).toBeUndefined()
  pending.add('a', put('v1', 1), true)
  expect(pending.registerAt('a')).toMatchObject({event: {name: 'v1'}, outboxId: 1, offset: 1})
  pending.add('a', put('v1', 2, {kind: 'delete', fresh: false}), false)
  expect(pending.registerAt('a')).toMatchObject({event: null, outboxId: 2, offset: 2})
})

test('a row is forgotten once its newest write is durable, not before', () => {
  const pending = new PendingWrites()
  pending.add('a', put('v1', 1), true)
  const first = pending.takeImmediate(10)
  pending.add('a', put('v2', 2, {fresh: false}), false)
  pending.settle(first)
  expect(pending.registerAt('a')).toMatchObject({event: {name: 'v2'}})
  pending.settle(pending.takeDeferred(2))
  expect(pending.registerAt('a')).toBeUndefined()
})

test('an offset is durable only when nothing up to it is queued or in flight', () => {
  const pending = new PendingWrites()
  pending.add('a', put('a', 3), true)
  pending.add('b', put('b', 5, {fresh: false}), false)
  expect(pending.isDurable(2)).toBe(true)
  expect(pending.isDurable(3)).toBe(false)
  const group = pending.takeImmediate(1)
  expect(pending.isDurable(4)).toBe(false)
  pending.settle(group)
  expect(pending.isDurable(4)).toBe(true)
  expect(pending.isDurable(5)).toBe(false)
})

test('a group takes at most what was asked for', () => {
  const pending = new PendingWrites()
  for (let offset = 1; offset <= 5; offset++) pending.add(`${offset}`, put('x', offset), true)
  expect(pending.takeImmediate(2).writes).toHaveLength(2)
  expect(pending.immediateCount).toBe(3)
})
