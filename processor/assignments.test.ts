import pino from 'pino'
import {expect, test} from 'vitest'
import {PipelineError} from '../platform/errors.ts'
import type {SubscriberHandlers} from '../platform/kafka.ts'
import {createAssignments} from './assignments.ts'

const PARTITION = {topic: 'events', partition: 0}

test('Kafka that does not say how far a partition is does not end the processor', async () => {
  let asked = 0
  const seeks: number[] = []
  const stop = new AbortController()
  let handlers: SubscriberHandlers | undefined
  const failures: Error[] = []
  const assignments = createAssignments({
    subscriber: {
      async run(given) {
        handlers = given
      },
      commit: async () => {},
      seek: (_partition, offset) => void seeks.push(offset),
      close: async () => {},
    },
    admin: {
      async offsets() {
        asked += 1
        if (asked < 4) {
          throw new PipelineError('UPSTREAM_UNAVAILABLE', 'no answer', {disposition: 'retry'})
        }
        return [{partition: 0, begin: 0, end: 10}]
      },
      groupOffsets: async () => [{...PARTITION, offset: 7}],
    },
    groupId: 'processor',
    createOwner: () => ({
      name: 'owner',
      push: async () => {},
      run: async signal => {
        const ended = Promise.withResolvers<void>()
        signal.addEventListener('abort', () => ended.resolve(), {once: true})
        await ended.promise
      },
    }),
    patience: signal => ({
      attempts: Number.POSITIVE_INFINITY,
      firstDelayMs: 1,
      maxDelayMs: 1,
      signal,
    }),
    onOwned: () => {},
    log: pino({level: 'silent'}),
  })
  const running = assignments.run(stop.signal).catch((error: Error) => void failures.push(error))
  await handlers!.onAssigned([PARTITION])
  expect(asked).toBe(4)
  expect(seeks, 'one record early').toEqual([6])
  stop.abort()
  await running
  expect(failures).toEqual([])
})

test('an answer that comes after the stop begins nothing', async () => {
  const stop = new AbortController()
  let handlers: SubscriberHandlers | undefined
  const answer = Promise.withResolvers<void>()
  const assignments = createAssignments({
    subscriber: {
      async run(given) {
        handlers = given
      },
      commit: async () => {},
      seek: () => {},
      close: async () => {},
    },
    admin: {
      async offsets() {
        await answer.promise
        return [{partition: 0, begin: 0, end: 10}]
      },
      groupOffsets: async () => [],
    },
    groupId: 'processor',
    createOwner: () => expect.unreachable('it would never be ended'),
    patience: signal => ({attempts: 1, firstDelayMs: 1, maxDelayMs: 1, signal}),
    onOwned: () => {},
    log: pino({level: 'silent'}),
  })
  const running = assignments.run(stop.signal)
  const assigning = handlers!.onAssigned([PARTITION])
  stop.abort()
  await running
  answer.resolve()
  await expect(assigning).rejects.toThrow('aborted')
})

test('a stop ends the asking', async () => {
  const stop = new AbortController()
  let handlers: SubscriberHandlers | undefined
  let asked = 0
  const assignments = createAssignments({
    subscriber: {
      async run(given) {
        handlers = given
      },
      commit: async () => {},
      seek: () => {},
      close: async () => {},
    },
    admin: {
      async offsets() {
        asked += 1
        if (asked === 3) stop.abort()
        throw new PipelineError('UPSTREAM_UNAVAILABLE', 'no answer', {disposition: 'retry'})
      },
      groupOffsets: async () => [],
    },
    groupId: 'processor',
    createOwner: () => expect.unreachable('nothing is known about the partition'),
    patience: signal => ({
      attempts: Number.POSITIVE_INFINITY,
      firstDelayMs: 1,
      maxDelayMs: 1,
      signal,
    }),
    onOwned: () => {},
    log: pino({level: 'silent'}),
  })
  const running = assignments.run(stop.signal)
  await expect(handlers!.onAssigned([PARTITION])).rejects.toThrow('no answer')
  await running
  expect(asked).toBe(3)
})
