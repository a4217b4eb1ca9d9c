/** A processor under test, with topics and a keyspace of its own; records are put into Kafka directly. */
import {createHash, randomBytes} from 'node:crypto'
import {pino} from 'pino'
import {partitionFor} from '../contracts/partition.ts'
import type {RecordMeta, StreamRecord} from '../contracts/record.ts'
import type {Stream} from '../contracts/stream.ts'
import {DEFAULT_PARTITIONS, topicName, valueSubject} from '../contracts/topics.ts'
import {EVENT_TYPES} from '../db/tables.ts'
import {createEncoder, type Encoder} from '../platform/avro-codec.ts'
import {openCassandra} from '../platform/cassandra.ts'
import {envReader, type Env} from '../platform/config.ts'
import {
  readCassandraConnection,
  readKafkaConnection,
  readRegistryConnection,
} from '../platform/connections.ts'
import {openAdmin, openPublisher} from '../platform/kafka-clients.ts'
import type {KafkaAdmin, OutgoingRecord} from '../platform/kafka.ts'
import {createRegistry} from '../platform/registry.ts'
import {migrateReadModel, readSpace} from '../readmodel/migrate.ts'
import {topicSpecs} from '../scripts/init.ts'
import {freePorts} from '../stack/ports.ts'
import {loadStreams} from '../streams/load.ts'
import {content} from '../streams/sample/content.ts'
import {engagement, type EngagementRow} from '../streams/sample/engagement.ts'
import {spawnService} from './service-process.ts'

const SEND_RECORDS = 5_000
const RECORD_BYTES_MAX = 1_000_000
const US_PER_MINUTE = 60_000_000

export interface ProcessorBed {
  readonly env: Env
  /** What the keyspace calls itself in Redis. */
  readonly space: string
  /** Appends contents 1 to `contents`. */
  addContents(contents: number): Promise<void>
  addEvents(load: EventLoad): Promise<void>
  close(): Promise<void>
}

export interface EventLoad {
  readonly events: number
  readonly contents: number
  /** Contents by Zipf's law with exponent 1: the k-th gets 1/k of what the first gets. */
  readonly isZipf: boolean
  readonly users: number
  /** The events are spread over so many minutes before now, in the order of time. */
  readonly minutes: number
}

/** The id of a content or user by number: an md5 as `md5(n::text)::uuid` in SQL. */
export function uuidOf(n: number): string {
  const hex = createHash('md5').update(String(n)).digest('hex')
  return [0, 8, 12, 16, 20].map((from, i, all) => hex.slice(from, all[i + 1])).join('-')
}

const metaOf = (outboxId: number, createdAt: number): RecordMeta => ({
  op: 'c',
  outbox_id: outboxId,
  created_at: createdAt,
  lanes: 1,
  lane: 0,
  epoch: 1,
  redelivered: false,
})

const DEVICES = ['ios', 'android', 'web-chrome', 'web-safari', 'tv'] as const

/** The finaliser of murmur3: neighbours become strangers. */
function mixOf(n: number): number {
  let h = n | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** Which content the n-th event belongs to, 1 to `contents`. */
function contentPicker({contents, isZipf}: EventLoad): (n: number) => number {
  if (!isZipf) return n => 1 + (mixOf(n) % contents)
  const sums = new Float64Array(contents)
  let sum = 0
  for (let k = 0; k < contents; k++) sums[k] = sum += 1 / (k + 1)
  return n => {
    const wanted = (mixOf(n) / 2 ** 32) * sum
    let low = 0
    let high = contents - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (sums[middle]! > wanted) high = middle
      else low = middle + 1
    }
    return 1 + low
  }
}

/** Neighbours in the topic belong to other contents and users, as with many visitors at once. */
function eventOf(
  n: number,
  {contentId, users}: {readonly contentId: string; readonly users: number},
  eventUs: number,
  ids: (k: number) => string,
): StreamRecord<EngagementRow> {
  const mixed = Math.imul(n, 2_654_435_761 | 0) >>> 0
  const duration = 1_000 + (mixed % 600_000)
  return {
    ...metaOf(n, eventUs + 1_000),
    event_id: n,
    content_id: contentId,
    user_id: ids(1 + ((mixed >>> 7) % users)),
    event_type: EVENT_TYPES[n % EVENT_TYPES.length]!,
    event_ts: eventUs,
    duration_ms: n % 4 === 3 ? null : duration,
    device: DEVICES[(mixed >>> 5) % DEVICES.length]!,
    raw_payload: n % 5 === 0 ? `{"position_ms": ${mixed % 1_800_000}}` : null,
    before: null,
  }
}

export async function openProcessorBed(given: Env): Promise<ProcessorBed> {
  const name = `bench_${randomBytes(4).toString('hex')}`
  const env: Env = {
    ...given,
    TOPIC_PREFIX: `${name}-`,
    CASSANDRA_KEYSPACE: name,
    PROCESSOR_GROUP_ID: name,
    LOG_LEVEL: 'warn',
  }
  const kafka = readKafkaConnection(envReader({...env, KAFKA_CLIENT: 'platformatic'}))
  const client = {clientId: 'bench', log: pino({level: 'silent'})}
  const admin: KafkaAdmin = await openAdmin(kafka, client)
  const streams = await loadStreams('streams/sample')
  const specs = topicSpecs(streams, kafka.topicPrefix, DEFAULT_PARTITIONS)
  await admin.ensureTopics(specs)
  const registry = createRegistry(readRegistryConnection(envReader(env)))
  const encoders = new Map<string, Encoder>()
  for (const {topic, schema} of streams) {
    const id = await registry.register(valueSubject(topicName(kafka.topicPrefix, topic)), schema)
    encoders.set(topic, createEncoder(schema, id, RECORD_BYTES_MAX))
  }
  const cassandra = readCassandraConnection(envReader(env))
  await migrateReadModel(cassandra, streams)
  const opened = await openCassandra(cassandra, {keyspace: name})
  const space = await readSpace(opened)
  await opened.close()
  const publisher = await openPublisher(kafka, client)

  const append = async (
    {topic}: Stream,
    count: number,
    recordOf: (n: number) => {readonly key: string; readonly value: object},
  ): Promise<void> => {
    const encoder = encoders.get(topic)!
    for (let done = 0; done < count; done += SEND_RECORDS) {
      const records: OutgoingRecord[] = []
      for (let n = done + 1; n <= Math.min(count, done + SEND_RECORDS); n++) {
        const {key, value} = recordOf(n)
        const partition = partitionFor(key, '', DEFAULT_PARTITIONS)
        records.push({partition, key, value: encoder.encode(value)})
      }
      await publisher.send([{topic: topicName(kafka.topicPrefix, topic), records}])
    }
  }

  return {
    env,
    space,
    addContents: contents =>
      append(content, contents, n => {
        const id = uuidOf(n)
        const createdAt = Date.now() * 1_000
        const row = {id, slug: `s${n}`, title: `Title ${n}`, content_type: 'video'}
        const rest = {length_seconds: 1_800, publish_ts: createdAt, before: null}
        return {key: id, value: {...metaOf(n, createdAt), ...row, ...rest}}
      }),
    async addEvents(load) {
      const ids = new Map<number, string>()
      const idOf = (k: number): string => {
        const known = ids.get(k) ?? uuidOf(k)
        ids.set(k, known)
        return known
      }
      const spanUs = load.minutes * US_PER_MINUTE
      const startUs = Date.now() * 1_000 - spanUs
      const contentOf = contentPicker(load)
      await append(engagement, load.events, n => {
        const eventUs = startUs + Math.floor((n * spanUs) / load.events)
        const contentId = idOf(contentOf(n))
        const value = eventOf(n, {contentId, users: load.users}, eventUs, idOf)
        return {key: value.content_id!, value}
      })
    },
    async close() {
      await publisher.close()
      await admin.deleteTopics(specs.map(({topic}) => topic))
      await admin.close()
      const server = await openCassandra(cassandra)
      await server.transact(`DROP KEYSPACE ${name}`)
      await server.close()
    },
  }
}

export interface ProcessorUnderTest {
  readonly pid: number
  /** The sum of a metric over its labels that contain `label`. */
  read(metric: string, label?: string): Promise<number>
  stop(): Promise<void>
}

/** @param flags of Node, such as `--cpu-prof` */
export async function startProcessor(
  {env}: ProcessorBed,
  flags: readonly string[] = [],
): Promise<ProcessorUnderTest> {
  const [port] = await freePorts(1)
  const {child, pid, stop} = spawnService(
    [...flags, 'processor/main.ts'],
    {...env, PROCESSOR_PORT: String(port)},
    ['ignore', 'inherit', 'inherit'],
  )
  return {
    pid,
    stop,
    async read(metric, label = '') {
      if (child.exitCode !== null) throw new Error('the processor ended')
      const answer = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => undefined)
      const lines = (await answer?.text())?.split('\n') ?? []
      const values = lines.filter(
        line => line.startsWith(metric) && /^[{ ]/.test(line.slice(metric.length)),
      )
      const mine = values.filter(line => line.includes(label))
      return mine.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
    },
  }
}
