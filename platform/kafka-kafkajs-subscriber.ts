/** A member of a consumer group through kafkajs. */
import type {Consumer, KafkaMessage} from 'kafkajs'
import type {KafkaConnection} from './connections.ts'
import {PipelineError} from './errors.ts'
import {classify, toClient, type ClientOptions} from './kafka-kafkajs-client.ts'
import type {ConsumedRecord, Subscriber, TopicPartition} from './kafka.ts'

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
 * handed over, so `onBatch` should only queue; its waiting is the back-pressure.
 */
export function openKafkajsSubscriber(
  connection: KafkaConnection,
  options: SubscriberOptions,
): Subscriber {
  const consumer: Consumer = toClient(connection, options).consumer({
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
  let owned = new Set<string>()
  let assigned: Promise<void> = Promise.resolve()
  const nameOf = (p: TopicPartition): string => `${p.topic}/${p.partition}`
  const parse = (name: string): TopicPartition => {
    const cut = name.lastIndexOf('/')
    return {topic: name.slice(0, cut), partition: Number(name.slice(cut + 1))}
  }
  return {
    async run(handlers) {
      const change = (next: ReadonlySet<string>): void => {
        const lost = [...owned].filter(name => !next.has(name)).map(parse)
        const gained = [...next].filter(name => !owned.has(name)).map(parse)
        owned = new Set(next)
        const previous = assigned
        assigned = (async () => {
          await previous
          try {
            if (lost.length > 0) await handlers.onRevoked(lost)
            if (gained.length > 0) await handlers.onAssigned(gained)
          } catch (error) {
            handlers.onError(toError(error))
          }
        })()
      }
      consumer.on('consumer.group_join', ({payload}) => {
        const all = Object.entries(payload.memberAssignment).flatMap(([topic, partitions]) =>
          partitions.map(partition => nameOf({topic, partition})),
        )
        change(new Set(all))
      })
      // Every rebalance of the eager protocol takes all partitions away for its time.
      consumer.on('consumer.rebalancing', () => change(new Set()))
      consumer.on('consumer.crash', ({payload}) => {
        if (!payload.restart) handlers.onError(classify(payload.error, 'consumer'))
      })
      try {
        await consumer.connect()
        await consumer.subscribe({topics: [...options.topics], fromBeginning: true})
        await consumer.run({
          autoCommit: false,
          eachBatchAutoResolve: false,
          partitionsConsumedConcurrently: 64,
          async eachBatch(turn) {
            const {batch} = turn
            await assigned
            const at = {topic: batch.topic, partition: batch.partition}
            if (!turn.isRunning() || turn.isStale() || !owned.has(nameOf(at))) return
            const records = batch.messages.map(message => toRecord(at, message))
            if (records.length === 0) return
            await keepAlive(
              handlers.onBatch(at, records, Number(batch.highWatermark)),
              () => turn.heartbeat(),
              options.sessionTimeoutMs / 10,
            )
            turn.resolveOffset(batch.lastOffset())
          },
        })
      } catch (error) {
        throw classify(error, 'consumer')
      }
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
        await consumer.commitOffsets(
          offsets.map(({topic, partition, offset, metadata}) => ({
            topic,
            partition,
            offset: String(offset),
            ...(metadata === undefined ? {} : {metadata}),
          })),
        )
      } catch (error) {
        throw classify(error, 'commit')
      }
    },
    seek: ({topic, partition}, offset) => consumer.seek({topic, partition, offset: String(offset)}),
    async close() {
      await consumer.disconnect()
    },
  }
}

const toError = (error: unknown): Error =>
  error instanceof Error ? error : new Error(String(error))

/** Heartbeats while a batch waits for room; without them the group would take its partitions away. */
async function keepAlive(
  work: Promise<void>,
  heartbeat: () => Promise<void>,
  everyMs: number,
): Promise<void> {
  const timer = setInterval(() => void heartbeat().catch(() => undefined), everyMs)
  try {
    await work
  } finally {
    clearInterval(timer)
  }
}
