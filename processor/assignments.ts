/**
 * Gives every assigned partition an owner, hands it its records, and ends it when it is revoked.
 *
 * Does not      decide who owns what: Kafka's group does. An owner that was overtaken meanwhile ends
 *               by itself; the revocation is then on its way.
 */
import type {Logger} from 'pino'
import {messageOf, PipelineError} from '../platform/errors.ts'
import type {
  CommittedOffset,
  KafkaAdmin,
  Subscriber,
  SubscriberHandlers,
  TopicPartition,
} from '../platform/kafka.ts'
import type {Loop} from '../platform/lifecycle.ts'
import type {PartitionOwner} from './partition-owner.ts'
import type {StartFacts} from './start-check.ts'

export type PartitionStart = Omit<StartFacts, keyof TopicPartition>

export interface AssignmentsDeps {
  readonly subscriber: Subscriber
  readonly admin: Pick<KafkaAdmin, 'offsets' | 'groupOffsets'>
  readonly groupId: string
  createOwner(
    partition: TopicPartition,
    start: PartitionStart,
    commit: (nextOffset: number) => Promise<void>,
  ): PartitionOwner
  readonly onOwned: (owned: readonly TopicPartition[]) => void
  readonly log: Logger
  readonly now: () => number
}

interface Assigned {
  readonly partition: TopicPartition
  readonly owner: PartitionOwner
  readonly stop: AbortController
  /** Resolves when the owner has ended, however. */
  readonly ended: Promise<void>
  lostAtMs: number | undefined
}

/** An owner may know that it was overtaken so long before Kafka says so, milliseconds. */
const LOST_MS_MAX = 60_000

const nameOf = ({topic, partition}: TopicPartition): string => `${topic}/${partition}`

export function createAssignments(deps: AssignmentsDeps): Loop {
  const assigned = new Map<string, Assigned>()
  const failure = Promise.withResolvers<never>()

  const begin = (partition: TopicPartition, start: PartitionStart): void => {
    const stop = new AbortController()
    const commit = async (offset: number): Promise<void> => {
      const committed: CommittedOffset = {...partition, offset}
      await deps.subscriber.commit([committed])
    }
    const owner = deps.createOwner(partition, start, commit)
    const ended = owner.run(stop.signal).catch((error: unknown) => {
      if (stop.signal.aborted) return
      if (!(error instanceof PipelineError && error.code === 'FENCED')) {
        return failure.reject(error instanceof Error ? error : new Error(messageOf(error)))
      }
      deps.log.warn({...partition, reason: error.message}, 'partition lost, waiting for Kafka')
      entry.lostAtMs = deps.now()
      stop.abort()
    })
    const entry: Assigned = {partition, owner, stop, ended, lostAtMs: undefined}
    assigned.set(nameOf(partition), entry)
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
      for (const topic of new Set(partitions.map(partition => partition.topic))) {
        const mine = partitions.filter(partition => partition.topic === topic)
        const starts = await readStarts(topic, deps)
        for (const partition of mine) {
          const start = starts.get(partition.partition)
          if (start === undefined) throw unknownPartition(partition)
          // One record early: it must be the one that was processed last (see intake.ts).
          const {committed, begin: first} = start
          if (committed !== null && committed > first) {
            deps.subscriber.seek(partition, committed - 1)
          }
          begin(partition, start)
        }
      }
      announce()
    },
    onRevoked: end,
    async onBatch(partition, records, endOffset) {
      const entry = assigned.get(nameOf(partition))
      if (entry === undefined) return
      if (entry.lostAtMs === undefined) return await entry.owner.push(records, endOffset)
      if (deps.now() - entry.lostAtMs < LOST_MS_MAX) return
      const why = `${nameOf(partition)} is written by another group of processors`
      failure.reject(new PipelineError('FENCED', why, {disposition: 'stop'}))
    },
    onError: error => failure.reject(error),
  }

  return {
    name: 'assignments',
    async run(signal) {
      const aborted = Promise.withResolvers<void>()
      signal.addEventListener('abort', () => aborted.resolve(), {once: true})
      try {
        const running = deps.subscriber.run(handlers)
        await Promise.race([running.then(() => aborted.promise), failure.promise, aborted.promise])
      } finally {
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
      const offset = committed.find(entry => entry.partition === partition)?.offset ?? -1
      return [partition, {begin, end, committed: offset < 0 ? null : offset}]
    }),
  )
}

const unknownPartition = (partition: TopicPartition): PipelineError =>
  new PipelineError('STATE_CONTRADICTS', `${nameOf(partition)} was assigned but does not exist`, {
    disposition: 'stop',
  })
