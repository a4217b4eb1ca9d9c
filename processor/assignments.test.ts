import pino from 'pino'
import {expect, test} from 'vitest'
import {PipelineError} from '../platform/errors.ts'
import type {SubscriberHandlers} from '../platform/kafka.ts'
import {createAssignments, type AssignmentsDeps} from './assignments.ts'

const PARTITION = {topic: 'events', partition: 0}
const unavailable = (): PipelineError =>
  new PipelineError('UPSTREAM_UNAVAILABLE', 'no answer', {disposition: 'retry'})

/** Runs with one partition to be assigned; what the test does not say goes well. */
function start(deps: Pick<AssignmentsDeps, 'admin' | 'createOwner'>) {
  const stop = new AbortController()
  const seeks: number[] = []
  let handlers: SubscriberHandlers | undefined
  const assignments = createAssignments({
    ...deps,
    subscriber: {
      async run(given) {
        handlers = given
      },
      commit: async () => {},
      seek: (_partition, offset) => void seeks.push(offset),
      close: async () => {},
    },
    groupId: 'processor',
    patience: signal => ({
      attempts: Number.POSITIVE_INFINITY,
      firstDelayMs: 1,
      maxDelayMs: 1,
      signal,
    }),
    onOwned: () => {},
    onReceived: () => {},
    log: pino({level: 'silent'}),
  })
  const running = assignments.run(stop.signal)
  return {stop, seeks, running, assigning: handlers!.onAssigned([PARTITION])}
}

test('Kafka that does not say how far a partition is does not end the processor', async () => {
  let asked = 0
  const {stop, seeks, running, assigning} = start({
    admin: {
      async offsets() {
        asked += 1
        if (asked < 4) throw unavailable()
        return [{partition: 0, begin: 0, end: 10}]
      },
      groupOffsets: async () => [{...PARTITION, offset: 7}],
    },
    createOwner: () => ({
      name: 'owner',
      push: async () => {},
      run: async signal => {
        const ended = Promise.withResolvers<void>()
        signal.addEventListener('abort', () => ended.resolve(), {once: true})
        await ended.promise
      },
    }),
  })
  const failures: unknown[] = []
  const watched = running.catch((error: unknown) => void failures.push(error))
  await assigning
  expect(asked).toBe(4)
  expect(seeks, 'one record early').toEqual([6])
  stop.abort()
  await watched
  expect(failures).toEqual([])
})

test('an answer that comes after the stop begins nothing', async () => {
  const answer = Promise.withResolvers<void>()
  const {stop, running, assigning} = start({
    admin: {
      async offsets() {
        await answer.promise
        return [{partition: 0, begin: 0, end: 10}]
      },
      groupOffsets: async () => [],
    },
    createOwner: () => expect.unreachable('it would never be ended'),
  })
  stop.abort()
  await running
  answer.resolve()
  await expect(assigning).rejects.toThrow('aborted')
})

test('a stop ends the asking', async () => {
  let asked = 0
  const started = start({
    admin: {
      async offsets() {
        // The first call comes before `started` is there.
        await Promise.resolve()
        asked += 1
        if (asked === 3) started.stop.abort()
        throw unavailable()
      },
      groupOffsets: async () => [],
    },
    createOwner: () => expect.unreachable('nothing is known about the partition'),
  })
  await expect(started.assigning).rejects.toThrow('no answer')
  await started.running
  expect(asked).toBe(3)
})
