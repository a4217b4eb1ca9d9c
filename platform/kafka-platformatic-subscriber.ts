/**
 * A member of a consumer group through @platformatic/kafka: its group protocol, our own fetching.
 *
 * A partition whose records are still being handed over is left out of the next fetch, so a slow one
 * holds up nobody.
 */
import {Consumer, ListOffsetTimestamps, type ConsumerGroupJoinPayload} from '@platformatic/kafka'
import type {KafkaConnection} from './connections.ts'
import {PipelineError} from './errors.ts'
import type {SubscriberOptions} from './kafka-kafkajs-subscriber.ts'
import {classifyPlatformatic, toPlatformaticOptions} from './kafka-platformatic-publisher.ts'
import {createRecordReader} from './kafka-platformatic-reader.ts'
import type {FetchedRecords} from './kafka-reader.ts'
import type {Subscriber, SubscriberHandlers, TopicPartition} from './kafka.ts'
import {pause} from './lifecycle.ts'

/** Wait after a failed fetch, and while every partition is busy, milliseconds. */
const PAUSE_MS = 20
const RETRY_MS = 500

interface Position {
  next: number
  busy: boolean
}

const nameOf = (p: TopicPartition): string => `${p.topic}/${p.partition}`
const parse = (name: string): TopicPartition => {
  const cut = name.lastIndexOf('/')
  return {topic: name.slice(0, cut), partition: Number(name.slice(cut + 1))}
}
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
  let owned = new Map<string, Position>()
  let changes: Promise<void> = Promise.resolve()

  /** Where each partition goes on: at its committed offset, else at the begin of its log. */
  const findPositions = async (
    gained: readonly TopicPartition[],
  ): Promise<Map<string, Position>> => {
    const byTopic = Map.groupBy(gained, one => one.topic)
    const topics = [...byTopic].map(([topic, list]) => ({
      topic,
      partitions: list.map(one => one.partition),
    }))
    const committed = await consumer.listCommittedOffsets({topics})
    const earliest = await consumer.listOffsets({
      topics: topics.map(one => one.topic),
      timestamp: ListOffsetTimestamps.EARLIEST,
    })
    return new Map(
      gained.map(one => {
        const at = committed.get(one.topic)?.[one.partition] ?? -1n
        const begin = earliest.get(one.topic)?.[one.partition] ?? 0n
        return [nameOf(one), {next: Number(at >= 0n ? at : begin), busy: false}]
      }),
    )
  }

  const change = (handlers: SubscriberHandlers, next: readonly TopicPartition[]): void => {
    const lost = [...owned.keys()].map(parse)
    owned = new Map()
    const previous = changes
    changes = (async () => {
      await previous
      try {
        if (lost.length > 0) await handlers.onRevoked(lost)
        if (next.length === 0) return
        const positions = await findPositions(next)
        await handlers.onAssigned(next)
        owned = positions
      } catch (error) {
        handlers.onError(toError(error))
      }
    })()
  }

  const deliver = async (handlers: SubscriberHandlers, answer: FetchedRecords): Promise<void> => {
    const name = nameOf(answer)
    const position = owned.get(name)
    const last = answer.records.at(-1)
    if (position === undefined || position.busy || last === undefined) return
    position.busy = true
    try {
      await handlers.onBatch(answer, answer.records, answer.end)
      // Elsewhere after a seek: then the seek decides.
      if (position.next <= last.offset) position.next = last.offset + 1
    } catch (error) {
      handlers.onError(toError(error))
    } finally {
      position.busy = false
    }
  }

  const fetchLoop = async (handlers: SubscriberHandlers): Promise<void> => {
    while (!stop.signal.aborted) {
      const from = [...owned]
        .filter(([, position]) => !position.busy)
        .map(([name, {next}]) => ({...parse(name), offset: next}))
      if (from.length === 0) {
        await pause(PAUSE_MS, stop.signal)
        continue
      }
      try {
        const busy = [...owned.values()].some(position => position.busy)
        const answers = await reader.fetch(from, {
          bytesMax: options.fetchBytesMax,
          // A partition that becomes free meanwhile should not wait for a fetch of the idle others.
          waitMs: busy ? PAUSE_MS : options.maxWaitMs,
        })
        for (const answer of answers) void deliver(handlers, answer)
      } catch (error) {
        if (stop.signal.aborted) return
        options.log.warn({error: toError(error).message}, 'fetch failed, trying again')
        await pause(RETRY_MS, stop.signal)
      }
    }
  }

  return {
    async run(handlers) {
      consumer.on('consumer:group:rebalance', () => change(handlers, []))
      consumer.on('consumer:group:join', ({assignments = []}: ConsumerGroupJoinPayload) => {
        const all = assignments.flatMap(({topic, partitions}) =>
          partitions.map(partition => ({topic, partition})),
        )
        change(handlers, all)
      })
      try {
        consumer.topics.trackAll(...options.topics)
        await consumer.joinGroup({})
      } catch (error) {
        throw classifyPlatformatic(error, 'consumer')
      }
      void fetchLoop(handlers)
    },
    async commit(offsets) {
      if (offsets.length === 0) return
      const foreign = offsets.find(o => !owned.has(nameOf(o)))
      if (foreign !== undefined) {
        throw new PipelineError('FENCED', `partition ${nameOf(foreign)} is no longer ours`, {
          disposition: 'retry',
        })
      }
      try {
        await consumer.commit({
          offsets: offsets.map(({topic, partition, offset}) => ({
            topic,
            partition,
            offset: BigInt(offset),
            leaderEpoch: -1,
          })),
        })
      } catch (error) {
        throw classifyPlatformatic(error, 'commit')
      }
    },
    seek(partition, offset) {
      const position = owned.get(nameOf(partition))
      if (position !== undefined) position.next = offset
    },
    async close() {
      stop.abort()
      await reader.close()
      await consumer.close(true)
    },
  }
}
