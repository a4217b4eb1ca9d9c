/** A member of a consumer group through kafkajs. */
import type {Consumer, EachBatchPayload, KafkaMessage} from 'kafkajs'
import type {KafkaConnection} from './connections.ts'
import {classify, toClient, type ClientOptions} from './kafka-kafkajs-client.ts'
import {createOwnership, nameOf, throwUnlessOwned, type Ownership} from './kafka-ownership.ts'
import type {ConsumedRecord, Subscriber, SubscriberHandlers, TopicPartition} from './kafka.ts'

/** So long the fetching of the other partitions waits for a slow one; then it goes on without it. */
const HOLD_MS = 500

export interface SubscriberOptions extends ClientOptions {
  readonly groupId: string
  readonly topics: readonly string[]
  /** How long a fetch may wait for data: also how long stopping takes at most. */
  readonly maxWaitMs: number
  readonly fetchBytesMax: number
  readonly sessionTimeoutMs: number
}

/**
 * A member of the group. The library fetches again only after every partition of the last fetch was
 * handed over: a partition that takes longer than `HOLD_MS` is paused until it has room again.
 */
export function openKafkajsSubscriber(
  connection: KafkaConnection,
  options: SubscriberOptions,
): Subscriber {
  const consumer = toConsumer(connection, options)
  let ownership: Ownership | undefined
  return {
    async run(handlers) {
      const current = createOwnership({handlers})
      ownership = current
      consumer.on('consumer.group_join', ({payload}) =>
        current.replace(
          Object.entries(payload.memberAssignment).flatMap(([topic, partitions]) =>
            partitions.map(partition => ({topic, partition})),
          ),
        ),
      )
      consumer.on('consumer.rebalancing', () => current.replace([]))
      consumer.on('consumer.crash', ({payload}) => {
        current.replace([])
        if (!payload.restart) handlers.onError(classify(payload.error, 'consumer'))
      })
      try {
        await consumer.connect()
        await consumer.subscribe({topics: [...options.topics], fromBeginning: true})
        await consumer.run({
          autoCommit: false,
          eachBatchAutoResolve: false,
          partitionsConsumedConcurrently: 64,
          eachBatch: handOver(consumer, current, handlers),
        })
      } catch (error) {
        throw classify(error, 'consumer')
      }
    },
    async commit(offsets) {
      if (offsets.length === 0) return
      throwUnlessOwned(ownership, offsets)
      try {
        await consumer.commitOffsets(
          offsets.map(({topic, partition, offset}) => ({topic, partition, offset: String(offset)})),
        )
      } catch (error) {
        throw classify(error, 'commit')
      }
    },
    seek({topic, partition}, offset) {
      try {
        consumer.seek({topic, partition, offset: String(offset)})
      } catch {
        // The membership ended meanwhile: the next one assigns, and seeks, anew.
      }
    },
    close: () => consumer.disconnect(),
  }
}

const toConsumer = (connection: KafkaConnection, options: SubscriberOptions): Consumer =>
  toClient(connection, options).consumer({
    groupId: options.groupId,
    sessionTimeout: options.sessionTimeoutMs,
    heartbeatInterval: Math.max(500, Math.floor(options.sessionTimeoutMs / 10)),
    rebalanceTimeout: options.sessionTimeoutMs,
    maxWaitTimeInMs: options.maxWaitMs,
    minBytes: 1,
    maxBytes: options.fetchBytesMax,
    maxBytesPerPartition: Math.ceil(options.fetchBytesMax / 2),
    allowAutoTopicCreation: false,
    retry: {
      initialRetryTime: 100,
      maxRetryTime: 2_000,
      retries: 8,
      restartOnFailure: async () => true,
    },
  })

/**
 * What the library calls for each fetched partition. It never waits longer than `HOLD_MS`, so that
 * heartbeats, rebalances and the end come through.
 */
function handOver(consumer: Consumer, ownership: Ownership, handlers: SubscriberHandlers) {
  /** Partitions whose last batch is still being taken. */
  const busy = new Map<string, Promise<boolean>>()

  const take = async (
    at: TopicPartition,
    records: readonly ConsumedRecord[],
    endOffset: number,
  ): Promise<boolean> => {
    try {
      await handlers.onBatch(at, records, endOffset)
      return true
    } catch (error) {
      handlers.onError(error instanceof Error ? error : new Error(String(error)))
      return false
    } finally {
      busy.delete(nameOf(at))
    }
  }

  return async (turn: EachBatchPayload): Promise<void> => {
    const {batch} = turn
    const at = {topic: batch.topic, partition: batch.partition}
    const pause = (isPaused: boolean): void => {
      const only = [{topic: at.topic, partitions: [at.partition]}]
      try {
        if (isPaused) consumer.pause(only)
        else consumer.resume(only)
      } catch {
        // Closed or crashed meanwhile: the next membership begins with nothing paused.
      }
    }
    // Of an older assignment: its position must not reach the next one's.
    const {version} = ownership
    const isOver = (): boolean =>
      !turn.isRunning() || turn.isStale() || version !== ownership.version || !ownership.owns(at)
    const ready = Promise.all([ownership.settled, busy.get(nameOf(at))])
    if (!(await within(ready, HOLD_MS)) || isOver() || batch.messages.length === 0) return
    const records = batch.messages.map(message => toRecord(at, message))
    const taken = take(at, records, Number(batch.highWatermark))
    busy.set(nameOf(at), taken)
    if (!(await within(taken, HOLD_MS))) {
      pause(true)
      void (async () => {
        if (await taken) pause(false)
      })()
    } else if (!(await taken)) {
      // Told; the same records again would tell the same.
      pause(true)
      return
    }
    if (!isOver()) turn.resolveOffset(batch.lastOffset())
  }
}

/** True when the work ends within the time. */
async function within(work: Promise<unknown>, ms: number): Promise<boolean> {
  const {promise, resolve} = Promise.withResolvers<false>()
  const timer = setTimeout(resolve, ms, false)
  try {
    return await Promise.race([work.then(() => true), promise])
  } finally {
    clearTimeout(timer)
  }
}

function toRecord(at: TopicPartition, message: KafkaMessage): ConsumedRecord {
  const headers = (message.headers ?? {}) as ConsumedRecord['headers']
  return {
    topic: at.topic,
    partition: at.partition,
    offset: Number(message.offset),
    timestampMs: Number(message.timestamp),
    key: message.key ?? null,
    value: message.value,
    headers,
  }
}
