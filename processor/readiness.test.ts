/** When the processor says that it is ready. */
import {expect, test} from 'vitest'
import {AWAY_MS, createReadiness, STUCK_MS} from './readiness.ts'

const AT = {topic: 'events', partition: 3}

function setup() {
  let nowMs = 1_000_000
  const readiness = createReadiness(() => nowMs)
  const probe = readiness.of('')
  probe.owned([AT])
  return {readiness, probe, pass: (ms: number) => (nowMs += ms)}
}

test('nobody is ready before the group has answered', () => {
  expect(createReadiness(() => 0).judge()).toMatchObject({
    ready: false,
    reasons: ['no answer of the consumer group yet'],
  })
})

test('a backlog that is worked off is ready, one that stands still is not', () => {
  const {readiness, probe, pass} = setup()
  probe.received(AT, 1000)
  for (let offset = 0; offset < 5; offset++) {
    pass(STUCK_MS - 1)
    probe.folded(AT, offset)
    expect(readiness.judge()).toMatchObject({ready: true, details: {waiting: 999 - offset}})
  }
  pass(STUCK_MS)
  expect(readiness.judge().reasons).toEqual([
    'events/3: 995 records wait, none was folded for 30 s',
  ])
  probe.folded(AT, 999)
  expect(readiness.judge().ready).toBe(true)
})

test('a partition that was idle for long is not stuck when a record comes', () => {
  const {readiness, probe, pass} = setup()
  probe.received(AT, 1)
  probe.folded(AT, 0)
  pass(10 * STUCK_MS)
  probe.received(AT, 2)
  expect(readiness.judge().ready).toBe(true)
})

test('a partition that was given back is not judged any more', () => {
  const {readiness, probe, pass} = setup()
  probe.received(AT, 10)
  pass(2 * STUCK_MS)
  probe.owned([])
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
  const {readiness, probe} = setup()
  probe.standing(AT, 'the log ends at 10')
  expect(readiness.judge().reasons).toEqual([
    'events/3 stands still: the log ends at 10. See RUNBOOK, "A partition stands still"',
  ])
  probe.standing(AT, null)
  expect(readiness.judge().ready).toBe(true)
})

test('two generations of one partition are told apart, and one that is over is forgotten', () => {
  const {readiness, probe} = setup()
  const other = readiness.of('numbers_g2')
  other.owned([AT])
  other.standing(AT, 'the log ends at 10')
  probe.standing(AT, null)
  expect(readiness.judge()).toMatchObject({
    reasons: [expect.stringContaining('events/3 of numbers_g2 stands still')],
    details: {partitions: ['events/3', 'events/3 of numbers_g2']},
  })
  other.over()
  expect(readiness.judge()).toMatchObject({ready: true, details: {partitions: ['events/3']}})
})

test('a stream that is not folded into what is served is told, and does not keep from what mends it', () => {
  const {readiness} = setup()
  const what = 'stream sales lacks rows: npm run rebuild -- sales'
  readiness.missing(what)
  expect(readiness.judge()).toMatchObject({
    ready: true,
    reasons: [],
    details: {incomplete: what},
  })
  readiness.missing(null)
  expect(readiness.judge()).toMatchObject({ready: true, details: {incomplete: null}})
})
