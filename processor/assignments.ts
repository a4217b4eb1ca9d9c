/**
 * Gives every assigned partition an owner, hands it its records, and ends it when it is revoked.
 *
 * Does not      decide who owns what: Kafka's group does. An owner that was overtaken meanwhile ends
 *               by itself; the revocation is then on its way.
 */
import {once} from 'node:events'
import type {Logger} from 'pino'
import {messageOf, PipelineError} from '../platform/errors.ts'
import type {KafkaAdmin, Subscriber, SubscriberHandlers, TopicPartition} from '../platform/kafka.ts'
import type {Loop} from '../platform/lifecycle.ts'
import {retry, type RetryOptions} from '../platform/retry.ts'
import type {PartitionOwner} from './partition-owner.ts'
import {nameOf} from './partition-state.ts'
import type {StartFacts} from './start-check.ts'

export interface PartitionStart extends StartFacts {
  /** Partitions of the topic. */
  readonly partitions: number
}

export interface AssignmentsDeps {
  readonly subscriber: Subscriber
  readonly admin: Pick<KafkaAdmin, 'offsets' | 'groupOffsets'>
  readonly groupId: string
  createOwner(
    partition: TopicPartition,
    start: PartitionStart,
    commit: (nextOffset: number) => Promise<void>,
  ): PartitionOwner
  /** Kafka is asked again, however often: a broker that is slow must not end the processor. */
  readonly patience: (signal: AbortSignal) => RetryOptions
  readonly onOwned: (owned: readonly TopicPartition[]) => void
  /** Records came for an owner; the partition's log ends there. */
  readonly onReceived: (partition: TopicPartition, endOffset: number) => void
  readonly log: Logger
}

interface Assigned {
  readonly partition: TopicPartition
  readonly owner: PartitionOwner
  readonly stop: AbortController
  /** Resolves when the owner has ended, however. */
  readonly ended: Promise<void>
}

/** An owner may know that it was overtaken before Kafka says so; longer than a rebalance takes. */
const RETAKE_MS = 3000

export function createAssignments(deps: AssignmentsDeps): Loop {
  const assigned = new Map<string, Assigned>()
  const failure = Promise.withResolvers<never>()
  const fail = (error: unknown): void =>
    failure.reject(error instanceof Error ? error : new Error(messageOf(error)))
  const stopping = new AbortController()

  const begin = (partition: TopicPartition, start: PartitionStart): void => {
    const stop = new AbortController()
    const commit = (offset: number): Promise<void> =>
      deps.subscriber.commit([{...partition, offset}])
    const owner = deps.createOwner(partition, start, commit)
    const ended = owner.run(stop.signal).catch((error: unknown) => {
      if (stop.signal.aborted) return
      if (!(error instanceof PipelineError && error.code === 'FENCED')) return fail(error)
      deps.log.warn({...partition, reason: error.message}, 'partition lost, asking Kafka')
      retake(entry)
    })
    const entry: Assigned = {partition, owner, stop, ended}
    assigned.set(nameOf(partition), entry)
  }

  /**
   * Somebody took the partition: an owner that Kafka prefers, or one that was slow to start and is
   * none any more. Whoever is still assigned after a while takes it back.
   */
  const retake = (lost: Assigned): void => {
    const timer = setTimeout(() => {
      const isStillLost = (): boolean =>
        !lost.stop.signal.aborted && assigned.get(nameOf(lost.partition)) === lost
      if (!isStillLost()) return
      assign([lost.partition], isStillLost).catch(fail)
    }, RETAKE_MS)
    lost.stop.signal.addEventListener('abort', () => clearTimeout(timer), {once: true})
  }

  /** @param isWanted looked at when Kafka has answered, which may take long */
  const assign = async (
    partitions: readonly TopicPartition[],
    isWanted: () => boolean = () => true,
  ): Promise<void> => {
    const starts = new Map<string, ReadonlyMap<number, PartitionStart>>()
    for (const topic of new Set(partitions.map(partition => partition.topic))) {
      const ask = () => readStarts(topic, deps)
      starts.set(topic, await retry(ask, deps.patience(stopping.signal)))
    }
    stopping.signal.throwIfAborted()
    if (!isWanted()) return
    for (const partition of partitions) {
      const start = starts.get(partition.topic)?.get(partition.partition)
      if (start === undefined) {
        const message = `${nameOf(partition)} was assigned but does not exist`
        throw new PipelineError('STATE_CONTRADICTS', message, {disposition: 'stop'})
      }
      // One record early: it must be the one that was processed last (see intake.ts).
      const {committed, begin: first} = start
      deps.subscriber.seek(partition, Math.max(first, (committed ?? first) - 1))
      begin(partition, start)
    }
    announce()
  }

  const end = async (partitions: readonly TopicPartition[]): Promise<void> => {
    const entries = partitions.flatMap(partition => assigned.get(nameOf(partition)) ?? [])
    for (const {partition, stop} of entries) {
      assigned.delete(nameOf(partition))
      stop.abort(new Error('revoked'))
    }
    await Promise.all(entries.map(({ended}) => ended))
    announce()
  }

  const announce = (): void => deps.onOwned([...assigned.values()].map(entry => entry.partition))

  const handlers: SubscriberHandlers = {
    async onAssigned(partitions) {
      await end(partitions)
      await assign(partitions)
    },
    onRevoked: end,
    async onBatch(partition, records, endOffset) {
      const entry = assigned.get(nameOf(partition))
      // Records for an owner that has ended are let go: its successor seeks.
      if (entry === undefined) return
      deps.onReceived(partition, endOffset)
      await entry.owner.push(records, endOffset)
    },
    onError: fail,
  }

  return {
    name: 'assignments',
    async run(signal) {
      const aborted = once(signal, 'abort')
      try {
        const running = deps.subscriber.run(handlers)
        await Promise.race([running.then(() => aborted), failure.promise, aborted])
      } finally {
        stopping.abort()
        // Commits need the membership: the owners end first.
        await end([...assigned.values()].map(entry => entry.partition))
        await deps.subscriber.close()
      }
    },
  }
}

async function readStarts(
  topic: string,
  {admin, groupId}: AssignmentsDeps,
): Promise<ReadonlyMap<number, PartitionStart>> {
  const [offsets, committed] = await Promise.all([
    admin.offsets(topic),
    admin.groupOffsets(groupId, topic),
  ])
  return new Map(
    offsets.map(({partition, begin, end}) => {
      const next = committed.find(entry => entry.partition === partition)?.offset ?? -1
      const start = {begin, end, committed: next < 0 ? null : next, partitions: offsets.length}
      return [partition, start]
    }),
  )
}
