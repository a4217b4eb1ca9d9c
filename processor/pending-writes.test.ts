import {expect, test} from 'vitest'
import {PendingWrites} from './pending-writes.ts'
import type {RawWrite} from './projections/projection.ts'

type Write = RawWrite<string, null>

const put = (event: string, offset: number, more: Partial<Write> = {}): Write => ({
  kind: 'put',
  event,
  derived: null,
  outboxId: offset,
  createdAt: offset,
  fresh: true,
  fence: {partition: 0, offset, generation: 1},
  processedAt: 0,
  ...more,
})

test('a new event may be written at once, a correction waits for its aggregates', () => {
  const pending = new PendingWrites<string, null>()
  pending.add('a', put('a', 1), true)
  pending.add('b', put('b', 2, {fresh: false}), false)
  expect(pending.takeImmediate(10).writes.map(write => write.event)).toEqual(['a'])
  expect(pending.takeDeferred(1).writes).toEqual([])
  expect(pending.takeDeferred(2).writes.map(write => write.event)).toEqual(['b'])
})

test('INV-32: whatever comes later at a location waits behind the write that waits there', () => {
  const pending = new PendingWrites<string, null>()
  pending.add('a', put('old', 1, {kind: 'delete', fresh: false}), false)
  pending.add('a', put('new', 2), true)
  expect(pending.takeImmediate(10).writes).toEqual([])
  // It clears what it does not set: the row it follows may be there or not.
  expect(pending.takeDeferred(2).writes).toMatchObject([{event: 'new', fresh: false}])
})

test('of several deferred writes at a location only the last is written', () => {
  const pending = new PendingWrites<string, null>()
  pending.add('a', put('v2', 5, {fresh: false}), false)
  pending.add('a', put('v3', 9, {fresh: false}), false)
  const first = pending.takeDeferred(8)
  expect(first.writes.map(write => write.event)).toEqual(['v2'])
  pending.settle(first)
  expect(pending.registerAt('a')).toMatchObject({register: {event: 'v3'}})
  expect(pending.takeDeferred(9).writes.map(write => write.event)).toEqual(['v3'])
})

test('a register holds the newest pending event, or nothing after a pending delete', () => {
  const pending = new PendingWrites<string, null>()
  expect(pending.registerAt('a')).toBeUndefined()
  pending.add('a', put('v1', 1), true)
  expect(pending.registerAt('a')).toEqual({
    register: {event: 'v1', derived: null, outboxId: 1, createdAt: 1},
  })
  pending.add('a', put('v1', 2, {kind: 'delete', fresh: false}), false)
  expect(pending.registerAt('a')).toEqual({register: null})
})

test('a location is forgotten once its newest write is durable, not before', () => {
  const pending = new PendingWrites<string, null>()
  pending.add('a', put('v1', 1), true)
  const first = pending.takeImmediate(10)
  pending.add('a', put('v2', 2, {fresh: false}), false)
  pending.settle(first)
  expect(pending.registerAt('a')).toMatchObject({register: {event: 'v2'}})
  pending.settle(pending.takeDeferred(2))
  expect(pending.registerAt('a')).toBeUndefined()
})

test('an offset is durable only when nothing up to it is queued or in flight', () => {
  const pending = new PendingWrites<string, null>()
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
  const pending = new PendingWrites<string, null>()
  for (let offset = 1; offset <= 5; offset++) pending.add(`${offset}`, put('x', offset), true)
  expect(pending.takeImmediate(2).writes).toHaveLength(2)
  expect(pending.immediateCount).toBe(3)
})
