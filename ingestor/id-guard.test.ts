import {expect, test} from 'vitest'
import {createIdGuard, type IdGuardDeps} from './id-guard.ts'
import type {OutboxPage, OutboxRow} from './outbox-reader.ts'

const pageOf = (ids: readonly number[], more: Partial<OutboxPage> = {}): OutboxPage => ({
  answer: {kind: 'held'},
  rows: ids.map(id => ({id}) as OutboxRow),
  lastId: 1_000_000,
  ...more,
})

function open(more: Partial<IdGuardDeps> = {}) {
  const calls: string[] = []
  let below = 0
  let nowMs = 0
  const guard = createIdGuard({
    voidIds: {from: 0, to: 0},
    published: () => 0,
    flush: async () => void calls.push('flush'),
    raise: async () => {
      calls.push('raise')
      below += 100
      return await Promise.resolve(below)
    },
    now: () => nowMs,
    ...more,
  })
  return {...guard, calls, pass: (ms: number) => void (nowMs += ms)}
}

test('INV-109: what is not on disk is flushed first; what is, and nothing at all, costs nothing', async () => {
  const one = open()
  await one.admit(pageOf([1]))
  await one.admit(pageOf([], {mustFlush: true}))
  expect(one.calls).toEqual([])
  await one.admit(pageOf([1], {mustFlush: true}))
  expect(one.calls).toEqual(['flush'])
})

test('INV-108: an id is allowed once a higher one stands outside, and that is told again in a while', async () => {
  const one = open()
  await one.allow(5)
  await one.allow(99)
  expect(one.calls).toEqual(['raise'])
  await one.allow(100)
  expect(one.calls).toEqual(['raise', 'raise'])
  one.pass(60_000)
  await one.allow(100)
  expect(one.calls).toEqual(['raise', 'raise', 'raise'])
})

test('INV-108: a row whose id was given twice is not let through', async () => {
  const one = open({voidIds: {from: 10, to: 20}})
  await one.admit(pageOf([1, 10, 20, 21]))
  await expect(one.admit(pageOf([1, 11]))).rejects.toThrow('id 11 was given before')
})

test('INV-108: a sequence behind what was published is noticed, whatever was read', async () => {
  const one = open({published: () => 50})
  await one.admit(pageOf([51], {lastId: 51}))
  await expect(one.admit(pageOf([], {lastId: 49}))).rejects.toThrow('went back to 49')
})
