/**
 * Gives every assigned partition an owner, hands it its records, and ends it when it is revoked.
 *
 * Guarantees    INV-59: whatever ends an owner ends it alone. Its partition stands still, says why, and is
 *               taken again after a while.
 * Does not      decide who owns what: Kafka's group does. An owner that was overtaken meanwhile ends
 *               by itself; the revocation is then on its way.
 */
import type {Logger} from 'pino'
import {messageOf, PipelineError} from '../platform/errors.ts'
import type {
  CommittedOffset,
  KafkaAdmin,
  PartitionOffsets,
  Subscriber,
  SubscriberHandlers,
  TopicPartition,
} from '../platform/kafka.ts'
import {untilAborted, type Loop} from '../platform/lifecycle.ts'
import {retry, type RetryOptions} from '../platform/retry.ts'
import type {Positions} from '../readmodel/positions.ts'
import type {PartitionOwner} from './partition-owner.ts'
import {takePartition, type PartitionStart} from './partition-start.ts'
import {nameOf} from './partition-state.ts'
import {decideStart} from './start-check.ts'

export interface AssignmentsDeps {
  readonly subscriber: Subscriber
  readonly admin: Pick<KafkaAdmin, 'offsets' | 'groupOffsets'>
  readonly positions: Pick<Positions, 'take' | 'load'>
  /** What the keyspace called itself when the processor started, and what it does now. */
  readonly space: string
  readonly readSpace: () => Promise<string>
  readonly groupId: string
  createOwner(
    partition: TopicPartition,
    start: PartitionStart,
    commit: (nextOffset: number) => Promise<void>,
  ): PartitionOwner
  /** A server is asked again, however often: one that is slow must not end the processor. */
  readonly patience: (signal: AbortSignal) => RetryOptions
  readonly onOwned: (owned: readonly TopicPartition[]) => void
  /** Records came for an owner; the partition's log ends there. */
  readonly onReceived: (partition: TopicPartition, endOffset: number) => void
  /** The partition stands still, and why; null: it has an owner. */
  readonly onStanding: (partition: TopicPartition, cause: string | null) => void
  readonly log: Logger
}

interface Assigned {
  readonly partition: TopicPartition
  /** Undefined while the partition stands still: its records stay in Kafka. */
  owner: PartitionOwner | undefined
  readonly stop: AbortController
  /** Resolves when the owner has ended, however. */
  ended: Promise<void>
  /** How long it would stand still if it failed soon. */
  readonly againMs: number
  readonly beganMs: number
  /** Its owner got further than where it started. */
  hasMoved: boolean
}

/** An owner may know that it was overtaken before Kafka says so; longer than a rebalance takes. */
const RETAKE_MS = 3000
/** Taking it is counted, and there are not numbers without end: at last once an hour. */
const RETAKE_MAX_MS = 3_600_000
/** Two groups that take a partition from each other use up half a million takeovers in years, not days. */
const OVERTAKEN_MAX_MS = 300_000

export function createAssignments(deps: AssignmentsDeps): Loop {
  const assigned = new Map<string, Assigned>()
  const failure = Promise.withResolvers<never>()
  const fail = (error: unknown): void =>
    failure.reject(error instanceof Error ? error : new Error(messageOf(error)))
  const stopping = new AbortController()

  const enter = (partition: TopicPartition, againMs: number): Assigned => {
    // Whoever holds records for the one before lets them go.
    assigned.get(nameOf(partition))?.stop.abort(new Error('taken again'))
    const stop = new AbortController()
    const own = {partition, stop, againMs, beganMs: performance.now(), hasMoved: false}
    const entry: Assigned = {...own, owner: undefined, ended: Promise.resolve()}
    assigned.set(nameOf(partition), entry)
    return entry
  }

  const begin = (partition: TopicPartition, start: PartitionStart, againMs: number): void => {
    const entry = enter(partition, againMs)
    const commit = (offset: number): Promise<void> => {
      entry.hasMoved ||= offset > start.next
      return deps.subscriber.commit([{...partition, offset}])
    }
    entry.owner = deps.createOwner(partition, start, commit)
    deps.onStanding(partition, null)
    entry.ended = entry.owner.run(entry.stop.signal).catch((error: unknown) => {
      if (!entry.stop.signal.aborted) stand(entry, error)
    })
  }

  /**
   * The partition stands still for a while. An owner that was overtaken is no fault: somebody is there that
   * Kafka prefers, or was slow to start and is no owner any more.
   */
  const stand = (entry: Assigned, error: unknown): void => {
    const {partition, stop, beganMs} = entry
    entry.owner = undefined
    const isOvertaken = error instanceof PipelineError && error.code === 'FENCED'
    // Two that overtake each other both get further. What fails at one record does not, however long it takes.
    const hasLasted = performance.now() - beganMs > 2 * entry.againMs
    const againMs = (isOvertaken ? hasLasted : entry.hasMoved) ? RETAKE_MS : entry.againMs
    const about = {...partition, err: error, againMs}
    if (isOvertaken) deps.log.warn(about, 'partition lost, asking Kafka')
    else deps.log.error(about, 'partition stands still')
    if (!isOvertaken) deps.onStanding(partition, messageOf(error))
    const isWanted = (): boolean => !stop.signal.aborted
    const timer = setTimeout(() => {
      const nextMs = Math.min(isOvertaken ? OVERTAKEN_MAX_MS : RETAKE_MAX_MS, 2 * againMs)
      if (isWanted()) assign([partition], {isWanted, againMs: nextMs}).catch(fail)
    }, againMs)
    stop.signal.addEventListener('abort', () => clearTimeout(timer), {once: true})
  }

  /** @param isWanted looked at when the servers have answered, which may take long */
  const assign = async (
    partitions: readonly TopicPartition[],
    {isWanted = () => true, againMs = RETAKE_MS}: {isWanted?: () => boolean; againMs?: number} = {},
  ): Promise<void> => {
    const {signal} = stopping
    const patience = deps.patience(signal)
    const ofTopics = async <T>(ask: (topic: string) => Promise<readonly T[]>) => {
      const found = new Map<string, readonly T[]>()
      for (const topic of new Set(partitions.map(partition => partition.topic))) {
        found.set(topic, await retry(() => ask(topic), patience))
      }
      return found
    }
    // In this order: what is committed is never ahead of a position that is read later, and the log never
    // shorter than what anybody before us has read.
    const committed = await ofTopics<CommittedOffset>(topic =>
      deps.admin.groupOffsets(deps.groupId, topic),
    )
    const taken = await Promise.allSettled(
      partitions.map(partition => takePartition(partition, deps.positions, patience)),
    )
    const logs = await ofTopics<PartitionOffsets>(topic => deps.admin.offsets(topic))
    if ((await retry(deps.readSpace, patience)) !== deps.space) {
      const problem = 'the keyspace was made again: the processor begins anew with it'
      throw new PipelineError('STATE_CONTRADICTS', problem, {disposition: 'stop'})
    }
    signal.throwIfAborted()
    if (!isWanted()) return
    for (const [i, at] of partitions.entries()) {
      const isAt = (one: {readonly partition: number}): boolean => one.partition === at.partition
      const {begin: first, end} = logs.get(at.topic)?.find(isAt) ?? {begin: 0, end: 0}
      const offset = committed.get(at.topic)?.find(isAt)?.offset ?? -1
      const own = taken[i]!
      if (own.status === 'rejected') {
        stand(enter(at, againMs), own.reason)
        continue
      }
      const facts = {committed: offset < 0 ? null : offset, begin: first, end}
      const decision = decideStart(facts, own.value.position, deps.space)
      if (decision.kind === 'stand') {
        stand(enter(at, againMs), new Error(decision.cause))
        continue
      }
      // One record early: it must be the one that was read last (see intake.ts).
      deps.subscriber.seek(at, Math.max(first, decision.next - 1))
      const partitionsOfTopic = logs.get(at.topic)!.length
      begin(at, {...own.value, ...decision, end, partitions: partitionsOfTopic}, againMs)
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
      if (entry === undefined) return
      deps.onReceived(partition, endOffset)
      await entry.owner?.push(records, endOffset)
      // The client does not fetch on meanwhile; whoever is next seeks.
      if (entry.owner === undefined) await untilAborted(entry.stop.signal)
    },
    onError: fail,
  }

  return {
    name: 'assignments',
    async run(signal) {
      const stopped = untilAborted(signal)
      try {
        const running = deps.subscriber.run(handlers)
        await Promise.race([running.then(() => stopped), failure.promise, stopped])
      } finally {
        stopping.abort()
        // Commits need the membership: the owners end first.
        await end([...assigned.values()].map(entry => entry.partition))
        await deps.subscriber.close()
      }
    },
  }
}
