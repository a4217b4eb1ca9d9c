/**
 * The default adapter of the Kafka ports: kafkajs 2.2.4 with the repairs that its version needs.
 *
 * Does not      retry a send, choose partitions, or let the library reset an offset.
 */
import {createRequire} from 'node:module'
import {
  CompressionTypes,
  ConfigResourceTypes,
  Kafka,
  KafkaJSNumberOfRetriesExceeded,
  KafkaJSProtocolError,
  logLevel,
  type Admin,
  type Consumer,
  type KafkaConfig,
  type KafkaMessage,
  type Message,
} from 'kafkajs'
import type {KafkaConnection} from './connections.ts'
import {messageOf, PipelineError} from './errors.ts'
import type {
  CommittedOffset,
  ConsumedRecord,
  KafkaAdmin,
  OutgoingRecord,
  Publisher,
  Subscriber,
  TopicPartition,
} from './kafka.ts'
import type {Logger} from './log.ts'

const REQUEST_TIMEOUT_MS = 10_000
/** Below the broker's message.max.bytes (1 MiB), frames of the protocol included. */
const CHUNK_BYTES = 900_000

repairTimers()

/**
 * kafkajs 2.2.4 re-arms a 1 ms timer per connection while nothing is pending: 5 % of a core when idle.
 * The repair knows this version only; another one is left as it is.
 */
function repairTimers(): void {
  const require = createRequire(import.meta.url)
  const {version} = require('kafkajs/package.json') as {version: string}
  if (version !== '2.2.4') return
  const {prototype} = require('kafkajs/src/network/requestQueue') as {prototype: RequestQueue}
  const original = prototype.scheduleCheckPendingRequests
  prototype.scheduleCheckPendingRequests = function scheduleWhenPending() {
    if (this.pending.length === 0 && this.throttledUntil <= Date.now()) return
    original.call(this)
  }
}

/** The part of the library's request queue that the repair touches. */
interface RequestQueue {
  readonly pending: readonly unknown[]
  readonly throttledUntil: number
  scheduleCheckPendingRequests: (this: RequestQueue) => void
}

/** What the library calls an error while a fresh broker is still loading is no news for people. */
const EXPECTED = /coordinator is (loading|not available)|rebalance|Crash: KafkaJSNumberOfRetries/i

function toClient(connection: KafkaConnection, clientId: string, log: Logger): Kafka {
  const {sasl} = connection
  const config: KafkaConfig = {
    clientId,
    brokers: [...connection.brokers],
    ssl: connection.tls,
    connectionTimeout: 5_000,
    requestTimeout: REQUEST_TIMEOUT_MS,
    logLevel: logLevel.WARN,
    logCreator: () => entry => {
      const {message, error} = entry.log
      const text = `${message} ${String(error ?? '')}`
      const fields = {component: 'kafkajs', error: error as unknown}
      if (EXPECTED.test(text)) log.debug(fields, message)
      else log.warn(fields, message)
    },
  }
  if (sasl === undefined) return new Kafka(config)
  const {mechanism, username, password} = sasl
  if (mechanism === 'plain') {
    return new Kafka({...config, sasl: {mechanism, username, password}})
  }
  if (mechanism === 'scram-sha-256') {
    return new Kafka({...config, sasl: {mechanism, username, password}})
  }
  return new Kafka({...config, sasl: {mechanism, username, password}})
}

const PROTOCOL: Readonly<Record<string, 'TOPIC_UNKNOWN' | 'RECORD_TOO_LARGE'>> = {
  UNKNOWN_TOPIC_OR_PARTITION: 'TOPIC_UNKNOWN',
  INVALID_TOPIC_EXCEPTION: 'TOPIC_UNKNOWN',
  MESSAGE_TOO_LARGE: 'RECORD_TOO_LARGE',
  RECORD_LIST_TOO_LARGE: 'RECORD_TOO_LARGE',
}

function classify(error: unknown, what: string): PipelineError {
  if (error instanceof PipelineError) return error
  const cause =
    error instanceof KafkaJSNumberOfRetriesExceeded ? (error as {cause?: unknown}).cause : error
  const type = cause instanceof KafkaJSProtocolError ? cause.type : ''
  const message = `Kafka ${what}: ${messageOf(error)}`
  const code = PROTOCOL[type ?? '']
  if (code !== undefined) {
    return new PipelineError(code, message, {disposition: 'dead-letter', cause: error})
  }
  if (/AUTHORIZATION|SASL|AUTHENTICATION/.test(`${type} ${messageOf(error)}`)) {
    return new PipelineError('UPSTREAM_REFUSED', message, {disposition: 'stop', cause: error})
  }
  return new PipelineError('UPSTREAM_UNAVAILABLE', message, {disposition: 'retry', cause: error})
}

const bytesOf = (record: OutgoingRecord): number =>
  (record.value?.length ?? 0) + (record.key?.length ?? 0) + 100

/**
 * Parts of a batch that fit into one request: at most `CHUNK_BYTES` for a partition. The records of
 * one partition stay in order, since the parts are sent one after the other.
 */
export function splitBatch<R extends OutgoingRecord>(
  batch: readonly {readonly topic: string; readonly records: readonly R[]}[],
): readonly (readonly {readonly topic: string; readonly records: readonly R[]}[])[] {
  const parts: Array<Map<string, R[]>> = []
  const place = new Map<string, {part: number; bytes: number}>()
  for (const {topic, records} of batch) {
    for (const record of records) {
      const name = `${topic}/${record.partition}`
      const at = place.get(name) ?? {part: 0, bytes: 0}
      const bytes = bytesOf(record)
      if (at.bytes > 0 && at.bytes + bytes > CHUNK_BYTES) {
        at.part += 1
        at.bytes = 0
      }
      at.bytes += bytes
      place.set(name, at)
      const part = (parts[at.part] ??= new Map<string, R[]>())
      const list = part.get(topic)
      if (list === undefined) part.set(topic, [record])
      else list.push(record)
    }
  }
  return parts.map(part => [...part].map(([topic, records]) => ({topic, records})))
}

const toMessage = (record: OutgoingRecord): Message => ({
  key: record.key,
  value: record.value,
  partition: record.partition,
  ...(record.headers === undefined ? {} : {headers: {...record.headers}}),
})

export async function openKafkajsPublisher(
  connection: KafkaConnection,
  options: {readonly clientId: string; readonly log: Logger},
): Promise<Publisher> {
  const producer = toClient(connection, options.clientId, options.log).producer({
    allowAutoTopicCreation: false,
    idempotent: false,
    maxInFlightRequests: 1,
    retry: {retries: 0},
    createPartitioner: () => () => {
      throw new PipelineError('STATE_CONTRADICTS', 'a record has no partition', {
        disposition: 'stop',
      })
    },
  })
  try {
    await producer.connect()
  } catch (error) {
    await producer.disconnect().catch(() => undefined)
    throw classify(error, 'producer')
  }
  let broken: PipelineError | undefined
  return {
    maxOutstandingMs: REQUEST_TIMEOUT_MS,
    async send(batch) {
      if (broken !== undefined) throw broken
      try {
        for (const part of splitBatch(batch)) {
          await producer.sendBatch({
            acks: -1,
            timeout: REQUEST_TIMEOUT_MS,
            compression: CompressionTypes.None,
            topicMessages: part.map(({topic, records}) => ({
              topic,
              messages: records.map(toMessage),
            })),
          })
        }
      } catch (error) {
        broken = classify(error, 'send')
        throw broken
      }
    },
    close: () => producer.disconnect(),
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

export interface SubscriberOptions {
  readonly clientId: string
  readonly groupId: string
  readonly topics: readonly string[]
  readonly log: Logger
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
  const consumer: Consumer = toClient(connection, options.clientId, options.log).consumer({
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

export async function openKafkajsAdmin(
  connection: KafkaConnection,
  options: {readonly clientId: string; readonly log: Logger},
): Promise<KafkaAdmin> {
  const admin = toClient(connection, options.clientId, options.log).admin({
    retry: {initialRetryTime: 100, retries: 8},
  })
  const guard = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      throw classify(error, what)
    }
  }
  await guard('connect', () => admin.connect())
  return toAdmin(admin, guard)
}

function toAdmin(
  admin: Admin,
  guard: <T>(what: string, work: () => Promise<T>) => Promise<T>,
): KafkaAdmin {
  return {
    ensureTopics: specs =>
      guard('topics', async () => {
        const {topics} = await admin.fetchTopicMetadata()
        const existing = new Map(topics.map(t => [t.name, t.partitions.length]))
        for (const {topic, partitions} of specs) {
          const found = existing.get(topic)
          if (found !== undefined && found !== partitions) {
            throw new PipelineError(
              'STATE_CONTRADICTS',
              `topic ${topic} has ${found} partitions, ${partitions} are configured: the count of a live topic never changes; set it back or fill a new topic`,
              {disposition: 'stop'},
            )
          }
        }
        const missing = specs.filter(({topic}) => !existing.has(topic))
        if (missing.length > 0) {
          await admin.createTopics({
            waitForLeaders: true,
            topics: missing.map(({topic, partitions, config = {}}) => ({
              topic,
              numPartitions: partitions,
              configEntries: Object.entries(config).map(([name, value]) => ({name, value})),
            })),
          })
        }
        return missing.map(({topic}) => topic)
      }),
    listTopics: () =>
      guard('topics', async () => {
        const {topics} = await admin.fetchTopicMetadata()
        return topics.map(t => ({topic: t.name, partitions: t.partitions.length}))
      }),
    topicConfig: topic =>
      guard('configuration', async () => {
        const {resources} = await admin.describeConfigs({
          includeSynonyms: false,
          resources: [{type: ConfigResourceTypes.TOPIC, name: topic}],
        })
        const entries = resources[0]?.configEntries ?? []
        return Object.fromEntries(entries.map(e => [e.configName, e.configValue]))
      }),
    offsets: topic =>
      guard('offsets', async () => {
        const offsets = await admin.fetchTopicOffsets(topic)
        return offsets
          .map(({partition, low, high}) => ({partition, begin: Number(low), end: Number(high)}))
          .toSorted((a, b) => a.partition - b.partition)
      }),
    listGroups: () =>
      guard('groups', async () => (await admin.listGroups()).groups.map(g => g.groupId)),
    groupOffsets: (group, topic) =>
      guard('group offsets', async () => {
        const answers = await admin.fetchOffsets({groupId: group, topics: [topic]})
        const partitions = answers[0]?.partitions ?? []
        return partitions.map(({partition, offset, metadata}): CommittedOffset => ({
          topic,
          partition,
          offset: Number(offset),
          ...(metadata === null || metadata === '' ? {} : {metadata}),
        }))
      }),
    deleteTopics: topics => guard('delete', () => admin.deleteTopics({topics: [...topics]})),
    close: () => admin.disconnect(),
  }
}
