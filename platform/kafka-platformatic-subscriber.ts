/** A member of a consumer group through @platformatic/kafka: its group protocol, our own fetching. */
import {Consumer, ListOffsetTimestamps, type ConsumerGroupJoinPayload} from '@platformatic/kafka'
import type {KafkaConnection} from './connections.ts'
import type {SubscriberOptions} from './kafka-kafkajs-subscriber.ts'
import {createFetching, type Position} from './kafka-fetching.ts'
import {
  createOwnership,
  fenced,
  nameOf,
  throwUnlessOwned,
  type Ownership,
} from './kafka-ownership.ts'
import {classifyPlatformatic, toPlatformaticOptions} from './kafka-platformatic-publisher.ts'
import {createRecordReader} from './kafka-platformatic-reader.ts'
import type {CommittedOffset, Subscriber, TopicPartition} from './kafka.ts'
import {retry} from './retry.ts'

const toError = (error: unknown): Error =>
  error instanceof Error ? error : new Error(String(error))

export function openPlatformaticSubscriber(
  connection: KafkaConnection,
  options: SubscriberOptions,
): Subscriber {
  const consumer = new Consumer({
    ...toPlatformaticOptions(connection, options.clientId, 10_000),
    groupId: options.groupId,
    sessionTimeout: options.sessionTimeoutMs,
    rebalanceTimeout: options.sessionTimeoutMs,
    heartbeatInterval: Math.max(500, Math.floor(options.sessionTimeoutMs / 10)),
    autocommit: false,
  })
  consumer.on('error' as never, () => undefined)
  const reader = createRecordReader(connection, options.clientId)
  const stop = new AbortController()
  const patience = {
    attempts: Number.POSITIVE_INFINITY,
    firstDelayMs: 100,
    maxDelayMs: 2_000,
    signal: stop.signal,
  }
  const commits = createCommits(consumer)
  let ownership: Ownership | undefined
  let positions = new Map<string, Position>()

  const join = async (): Promise<void> => {
    try {
      await consumer.joinGroup({})
    } catch (error) {
      throw classifyPlatformatic(error, 'consumer')
    }
  }

  return {
    async run(handlers) {
      const fetching = createFetching({reader, options, handlers})
      const current = createOwnership({
        handlers,
        async prepare(next) {
          const found = await retry(() => findPositions(consumer, next), patience)
          positions = new Map(found.map(position => [nameOf(position), position]))
        },
        onReady: () => fetching.go([...positions.values()]),
      })
      ownership = current
      const replace = (next: readonly TopicPartition[]): void => {
        fetching.go([])
        positions = new Map()
        commits.abandon()
        current.replace(next)
      }
      consumer.on('consumer:group:rebalance', () => replace([]))
      consumer.on('consumer:group:join', ({assignments = []}: ConsumerGroupJoinPayload) =>
        replace(
          assignments.flatMap(({topic, partitions}) =>
            partitions.map(partition => ({topic, partition})),
          ),
        ),
      )
      // Told after each attempt to join anew, failed ones too: the client gives up then.
      consumer.on('consumer:rejoin' as never, () => {
        if (stop.signal.aborted || consumer.isActive()) return
        replace([])
        options.log.warn('membership lost, joining again')
        void retry(join, patience).catch((error: unknown) => {
          if (!stop.signal.aborted) handlers.onError(toError(error))
        })
      })
      consumer.topics.trackAll(...options.topics)
      await join()
      void fetching.run(stop.signal)
    },
    async commit(offsets) {
      if (offsets.length === 0) return
      throwUnlessOwned(ownership, offsets)
      await commits.commit(offsets)
    },
    seek(partition, offset) {
      const position = positions.get(nameOf(partition))
      if (position === undefined) return
      position.next = offset
      position.seeks += 1
    },
    async close() {
      stop.abort()
      await reader.close()
      await consumer.close(true)
    },
  }
}

/**
 * The client repeats a commit that was refused after it has joined again, then as the new member that
 * it is: it would commit what is not ours any more. A commit that is abandoned has nothing left to repeat.
 */
function createCommits(consumer: Pick<Consumer, 'commit'>) {
  const pending = new Set<unknown[]>()
  return {
    abandon(): void {
      for (const offsets of pending) offsets.length = 0
    },
    async commit(offsets: readonly CommittedOffset[]): Promise<void> {
      const sent = offsets.map(({topic, partition, offset}) => ({
        topic,
        partition,
        offset: BigInt(offset),
        leaderEpoch: -1,
      }))
      pending.add(sent)
      try {
        await consumer.commit({offsets: sent})
      } catch (error) {
        throw classifyPlatformatic(error, 'commit')
      } finally {
        pending.delete(sent)
      }
      if (sent.length === 0) throw fenced(offsets[0]!)
    },
  }
}

/** Where each partition goes on: at its committed offset, else at the begin of its log. */
async function findPositions(
  consumer: Pick<Consumer, 'listCommittedOffsets' | 'listOffsets'>,
  gained: readonly TopicPartition[],
): Promise<readonly Position[]> {
  const byTopic = Map.groupBy(gained, one => one.topic)
  const topics = [...byTopic].map(([topic, list]) => ({
    topic,
    partitions: list.map(one => one.partition),
  }))
  try {
    const committed = await consumer.listCommittedOffsets({topics})
    const earliest = await consumer.listOffsets({
      topics: topics.map(one => one.topic),
      timestamp: ListOffsetTimestamps.EARLIEST,
    })
    return gained.map(({topic, partition}) => {
      const at = committed.get(topic)?.[partition] ?? -1n
      const begin = earliest.get(topic)?.[partition] ?? 0n
      return {topic, partition, next: Number(at >= 0n ? at : begin), busy: false, seeks: 0}
    })
  } catch (error) {
    throw classifyPlatformatic(error, 'offsets')
  }
}
