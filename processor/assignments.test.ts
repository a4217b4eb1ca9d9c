import pino from 'pino'
import {afterEach, expect, test, vi} from 'vitest'
import {PipelineError} from '../platform/errors.ts'
import type {SubscriberHandlers, TopicPartition} from '../platform/kafka.ts'
import {untilAborted} from '../platform/lifecycle.ts'
import {barePosition, type Position} from '../readmodel/positions.ts'
import {createAssignments, type AssignmentsDeps} from './assignments.ts'
import type {PartitionOwner} from './partition-owner.ts'

const PARTITION = {topic: 'events', partition: 0}
const unavailable = (): PipelineError =>
  new PipelineError('UPSTREAM_UNAVAILABLE', 'no answer', {disposition: 'retry'})

/** How far the partitions are that are assigned; of every other one nothing is stored. */
type Positions = Readonly<Record<number, Position>>

/** Runs with some partitions to be assigned; what the test does not say goes well. */
function start(
  deps: Pick<AssignmentsDeps, 'admin' | 'createOwner'>,
  positions: Positions = {},
  partitions: readonly TopicPartition[] = [PARTITION],
  space = 'here',
) {
  const stop = new AbortController()
  const seeks: number[] = []
  const standing = new Map<number, string | null>()
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
    space: 'here',
    readSpace: async () => space,
    groupId: 'processor',
    positions: {
      take: async () => ({takeover: 1, holder: 'a', ceiling: -1}),
      load: async (_topic, partition) => positions[partition] ?? null,
    },
    onStanding: ({partition}, cause) => void standing.set(partition, cause),
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
  const assigning = handlers!.onAssigned(partitions)
  return {stop, seeks, standing, running, assigning, handlers: handlers!}
}

const patientOwner = (): PartitionOwner => ({
  name: 'owner',
  push: async () => {},
  run: untilAborted,
})

const LOGS = {
  offsets: async () => [0, 1].map(partition => ({partition, begin: 0, end: 10})),
  groupOffsets: async () => [],
}
const BOTH = [PARTITION, {topic: 'events', partition: 1}]

afterEach(() => void vi.useRealTimers())

test('Kafka that does not say how far a partition is does not end the processor', async () => {
  let asked = 0
  const admin = {
    async offsets() {
      asked += 1
      if (asked < 4) throw unavailable()
      return [{partition: 0, begin: 0, end: 10}]
    },
    groupOffsets: async () => [{...PARTITION, offset: 5}],
  }
  const {stop, seeks, running, assigning} = start(
    {admin, createOwner: patientOwner},
    {0: barePosition(7, 'here')},
  )
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

test('INV-59: a partition that must not go on stands still alone, says why, and takes no records', async () => {
  const owned: number[] = []
  const createOwner: AssignmentsDeps['createOwner'] = ({partition}) => {
    owned.push(partition)
    return patientOwner()
  }
  // Somebody made the topic again: partition 1 was at offset 50 of 10.
  const {stop, standing, running, assigning, handlers} = start(
    {admin: LOGS, createOwner},
    {1: barePosition(50, 'here')},
    BOTH,
  )
  await assigning
  expect(owned).toEqual([0])
  expect(standing.get(0)).toBeNull()
  expect(standing.get(1)).toContain('the log ends at 10')
  let isTaken = false
  const handing = handlers.onBatch(BOTH[1]!, [], 10).then(() => (isTaken = true))
  await handlers.onBatch(PARTITION, [], 10)
  expect(isTaken, 'the client keeps what it has fetched').toBe(false)
  stop.abort()
  await Promise.all([running, handing])
})

test('INV-59: an owner that fails ends alone, and its partition is taken again after a while', async () => {
  vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout']})
  const begun: number[] = []
  const createOwner: AssignmentsDeps['createOwner'] = ({partition}) => {
    begun.push(partition)
    const isBad = partition === 1 && begun.filter(one => one === 1).length < 3
    if (!isBad) return patientOwner()
    return {...patientOwner(), run: async () => await Promise.reject(new Error('a bug'))}
  }
  const {stop, standing, running, assigning} = start({admin: LOGS, createOwner}, {}, BOTH)
  await assigning
  await vi.advanceTimersByTimeAsync(2999)
  expect(standing.get(1)).toBe('a bug')
  expect(begun).toEqual([0, 1])
  await vi.advanceTimersByTimeAsync(1)
  expect(begun, 'taken again').toEqual([0, 1, 1])
  await vi.advanceTimersByTimeAsync(5999)
  expect(begun, 'the next wait is twice as long').toEqual([0, 1, 1])
  await vi.advanceTimersByTimeAsync(1)
  expect(begun).toEqual([0, 1, 1, 1])
  expect(standing.get(1)).toBeNull()
  stop.abort()
  await running
})

test('INV-59: one that fails at the same record again is taken ever more seldom, however long it lived', async () => {
  vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout', 'performance']})
  const begunMs: number[] = []
  let offset = 0
  const createOwner: AssignmentsDeps['createOwner'] = (_at, _start, commit) => ({
    ...patientOwner(),
    async run(signal) {
      begunMs.push(performance.now())
      await commit(offset)
      await Promise.race([untilAborted(signal), new Promise(later => setTimeout(later, 10_000))])
      throw new Error('this record')
    },
  })
  const {stop, running, assigning} = start({admin: LOGS, createOwner})
  await assigning
  await vi.advanceTimersByTimeAsync(120_000)
  const waits = () => begunMs.slice(1).map((ms, i) => Math.round((ms - begunMs[i]!) / 1000) - 10)
  expect(waits()).toEqual([3, 6, 12, 24])
  offset = 5
  await vi.advanceTimersByTimeAsync(80_000)
  expect(waits().slice(4, 6), 'it got further').toEqual([48, 3])
  stop.abort()
  await running
})

test('two that take a partition from each other do so ever more seldom: takeovers are not without end', async () => {
  vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout', 'performance']})
  let begun = 0
  const overtaken = new PipelineError('FENCED', 'a newer owner', {disposition: 'stop'})
  const createOwner: AssignmentsDeps['createOwner'] = () => {
    begun += 1
    return {...patientOwner(), run: async () => await Promise.reject(overtaken)}
  }
  const {stop, standing, running, assigning} = start({admin: LOGS, createOwner})
  await assigning
  await vi.advanceTimersByTimeAsync(3000)
  expect(begun, 'soon at first: the other one may be gone').toBe(2)
  await vi.advanceTimersByTimeAsync(3_600_000)
  expect(begun).toBeLessThan(24)
  expect(begun, 'at last every five minutes').toBeGreaterThan(12)
  expect(standing.get(0), 'it is owned').toBeNull()
  stop.abort()
  await running
})

test('INV-43: a keyspace that was made again ends the processor: it has to begin anew with it', async () => {
  const own = {admin: LOGS, createOwner: patientOwner}
  const {stop, running, assigning} = start(own, {}, [PARTITION], 'anew')
  await expect(assigning).rejects.toThrow('the keyspace was made again')
  stop.abort()
  await running
})
