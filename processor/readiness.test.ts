/** When the processor says that it is ready. */
import {expect, test} from 'vitest'
import {AWAY_MS, createReadiness, STUCK_MS} from './readiness.ts'

const AT = {topic: 'events', partition: 3}

function setup() {
  let nowMs = 1_000_000
  const readiness = createReadiness(() => nowMs)
  readiness.owned([AT])
  return {readiness, pass: (ms: number) => (nowMs += ms)}
}

test('nobody is ready before the group has answered', () => {
  expect(createReadiness(() => 0).judge()).toMatchObject({
    ready: false,
    reasons: ['no answer of the consumer group yet'],
  })
})

test('a backlog that is worked off is ready, one that stands still is not', () => {
  const {readiness, pass} = setup()
  readiness.received(AT, 1000)
  for (let offset = 0; offset < 5; offset++) {
    pass(STUCK_MS - 1)
    readiness.folded(AT, offset)
    expect(readiness.judge()).toMatchObject({ready: true, details: {waiting: 999 - offset}})
  }
  pass(STUCK_MS)
  expect(readiness.judge().reasons).toEqual([
    'events/3: 995 records wait, none was folded for 30 s',
  ])
  readiness.folded(AT, 999)
  expect(readiness.judge().ready).toBe(true)
})

test('a partition that was idle for long is not stuck when a record comes', () => {
  const {readiness, pass} = setup()
  readiness.received(AT, 1)
  readiness.folded(AT, 0)
  pass(10 * STUCK_MS)
  readiness.received(AT, 2)
  expect(readiness.judge().ready).toBe(true)
})

test('a partition that was given back is not judged any more', () => {
  const {readiness, pass} = setup()
  readiness.received(AT, 10)
  pass(2 * STUCK_MS)
  readiness.owned([])
  expect(readiness.judge()).toMatchObject({ready: true, details: {waiting: 0}})
})

test('a store that fails once is routine, one that goes on failing is away until it answers', () => {
  const {readiness, pass} = setup()
  readiness.retried()
  expect(readiness.judge().ready).toBe(true)
  pass(AWAY_MS / 2)
  readiness.retried()
  pass(AWAY_MS / 2)
  readiness.retried()
  expect(readiness.judge().reasons).toEqual(['calls of a store fail for 10 s'])
  pass(AWAY_MS)
  expect(readiness.judge().ready).toBe(true)
})

test('INV-59: a partition that stands still makes it not ready, with the cause, until it goes on', () => {
  const {readiness} = setup()
  readiness.standing(AT, 'the log ends at 10')
  expect(readiness.judge().reasons).toEqual([
    'events/3 stands still: the log ends at 10. See RUNBOOK, "A partition stands still"',
  ])
  readiness.standing(AT, null)
  expect(readiness.judge().ready).toBe(true)
})
