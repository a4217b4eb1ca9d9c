/** Brings database, topics, subjects and keyspace up to date. Safe to run again, and by two at once. */
import {pathToFileURL} from 'node:url'
import {STREAMS} from '../contracts/streams.ts'
import {DEFAULT_PARTITIONS, deadLetterTopic, topicName, valueSubject} from '../contracts/topics.ts'
import {migrate} from '../db/migrate.ts'
import {envReader, type Env, type EnvReader, type Setting} from '../platform/config.ts'
import {
  readCassandraConnection,
  readDatabaseUrl,
  readKafkaConnection,
  readRegistryConnection,
  type KafkaConnection,
  type RegistryConnection,
} from '../platform/connections.ts'
import {messageOf} from '../platform/errors.ts'
import {openAdmin} from '../platform/kafka-clients.ts'
import type {TopicSpec} from '../platform/kafka.ts'
import {createLogger} from '../platform/log.ts'
import {openClient} from '../platform/postgres.ts'
import {createRegistry} from '../platform/registry.ts'
import {retry, type RetryOptions} from '../platform/retry.ts'
import {migrateReadModel} from '../readmodel/migrate.ts'

type Say = (what: string) => void

/** A server that has only just started may still refuse for a moment. */
const PATIENCE: RetryOptions = {
  attempts: 6,
  firstDelayMs: 200,
  maxDelayMs: 2000,
  signal: new AbortController().signal,
}

function readAll(read: EnvReader) {
  return {
    databaseUrl: readDatabaseUrl(read),
    kafka: readKafkaConnection(read),
    registry: readRegistryConnection(read),
    cassandra: readCassandraConnection(read),
    partitions: read.int('TOPIC_PARTITIONS', DEFAULT_PARTITIONS, {min: 1, max: 1024}),
    replicas: read.int('CASSANDRA_REPLICATION_FACTOR', 1, {min: 1, max: 9}),
  }
}

export function readInitConfig(env: Env) {
  const read = envReader(env)
  const config = readAll(read)
  read.finish()
  return config
}

/** Every variable that init reads, for the reference in the documents. */
export function initSettings(): readonly Setting[] {
  const read = envReader({})
  readAll(read)
  return read.settings()
}

/** @throws a PipelineError of the first part that could not be brought up to date */
export async function initPipeline(env: Env, say: Say): Promise<void> {
  const config = readInitConfig(env)
  const parts = [
    () => initDatabase(config.databaseUrl, say),
    () => initTopics(config.kafka, config.partitions, say),
    () => initSubjects(config.kafka.topicPrefix, config.registry, say),
    async () => {
      const {applied} = await migrateReadModel(config.cassandra, {replicas: config.replicas})
      say(`keyspace ${config.cassandra.keyspace}: ${applied.length} migrations applied`)
    },
  ]
  await Promise.all(parts.map(async part => await retry(part, PATIENCE)))
}

async function initDatabase(url: string, say: Say): Promise<void> {
  await ensureDatabase(url)
  const {applied} = await migrate(url)
  say(`database: ${applied} migrations applied`)
}

/** Creates the database of `url` when its server has none of that name. */
async function ensureDatabase(url: string): Promise<void> {
  const options = {applicationName: 'init'}
  try {
    await (await openClient(url, options)).end()
    return
  } catch (error) {
    // 3D000: the server is there, the database is not.
    if (((error as Error).cause as {code?: unknown} | undefined)?.code !== '3D000') throw error
  }
  const server = new URL(url)
  const name = decodeURIComponent(server.pathname.slice(1))
  server.pathname = '/postgres'
  const client = await openClient(server.toString(), options)
  try {
    await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`)
  } catch (error) {
    // 42P04 and 23505: somebody else created it just now.
    if (!['42P04', '23505'].includes(String((error as {code?: unknown}).code))) throw error
  } finally {
    await client.end()
  }
}

/** Every topic of the pipeline with what it needs. */
export function topicSpecs(prefix: string, partitions: number): readonly TopicSpec[] {
  return STREAMS.flatMap(({name, topic}) => {
    const config = {'message.timestamp.type': 'LogAppendTime'}
    // Contents and what was put aside are needed whole, however old.
    const forEver = {...config, 'retention.ms': '-1'}
    return [
      {topic: topicName(prefix, topic), partitions, config: name === 'content' ? forEver : config},
      {topic: topicName(prefix, deadLetterTopic(topic)), partitions, config: forEver},
    ]
  })
}

async function initTopics(kafka: KafkaConnection, partitions: number, say: Say): Promise<void> {
  const admin = await openAdmin(kafka, {clientId: 'init', log: createLogger('init', 'silent')})
  try {
    const created = await admin.ensureTopics(topicSpecs(kafka.topicPrefix, partitions))
    say(`topics: ${created.length} created`)
  } finally {
    await admin.close()
  }
}

async function initSubjects(prefix: string, registry: RegistryConnection, say: Say): Promise<void> {
  const client = createRegistry(registry)
  for (const {topic, schema} of STREAMS) {
    const subject = valueSubject(topicName(prefix, topic))
    say(`subject ${subject}: schema id ${await client.register(subject, schema)}`)
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    await initPipeline(process.env, what => console.log(what))
  } catch (error) {
    console.error(messageOf(error))
    process.exitCode = 1
  }
}
