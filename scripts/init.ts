/** Brings database, topics, subjects and keyspace up to date. Safe to run again, and by two at once. */
import {pathToFileURL} from 'node:url'
import type {Stream} from '../contracts/stream.ts'
import {
  DEFAULT_PARTITIONS,
  deadLetterTopic,
  idCeilingTopic,
  topicName,
  valueSubject,
} from '../contracts/topics.ts'
import {envReader, type Env, type EnvReader, type Setting} from '../platform/config.ts'
import {
  readCassandraConnection,
  readDatabaseUrl,
  readKafkaConnection,
  readRegistryConnection,
  readStreamsFolder,
  type KafkaConnection,
  type RegistryConnection,
} from '../platform/connections.ts'
import {PipelineError} from '../platform/errors.ts'
import {openAdmin} from '../platform/kafka-clients.ts'
import type {TopicSpec} from '../platform/kafka.ts'
import {createLogger} from '../platform/log.ts'
import {createRegistry} from '../platform/registry.ts'
import {retry, type RetryOptions} from '../platform/retry.ts'
import type {ServerName} from '../stack/config.ts'
import type {ServerGate} from '../stack/pipeline.ts'
import {loadStreams} from '../streams/load.ts'
import {runCommand} from './command.ts'
import {COMMANDS} from './commands.ts'
import {declareAll} from './init-columns.ts'
import {initDatabase} from './init-database.ts'
import {initReadModel} from './init-read-model.ts'
import {findBreaks} from './schema-breaks.ts'

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
    streamsFolder: readStreamsFolder(read),
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

/**
 * @param ready resolves when that server answers; at once where they all run already
 * @throws a PipelineError of the first part that could not be brought up to date
 */
export async function initPipeline(
  env: Env,
  say: Say,
  ready: ServerGate = async () => await Promise.resolve(),
): Promise<void> {
  const config = readInitConfig(env)
  const streams = await loadStreams(config.streamsFolder)
  const {topicPrefix} = config.kafka
  const step = async (server: ServerName, work: () => Promise<void>): Promise<void> => {
    await ready(server)
    await retry(work, PATIENCE)
  }
  const subjects = step('registry', async () => {
    await initSubjects(streams, {prefix: topicPrefix, registry: config.registry}, say)
  })
  await Promise.all([
    (async () => {
      await step('postgres', async () => await initDatabase(config.databaseUrl, streams, say))
      // What readers could not take changes nothing that those who run go by.
      await subjects
      await step('postgres', async () => await declareAll(config.databaseUrl, streams))
      await step('cassandra', async () => await initReadModel(config, streams, say))
    })(),
    step('kafka', async () => {
      await initTopics(config.kafka, topicSpecs(streams, topicPrefix, config.partitions), say)
    }),
    subjects,
  ])
}

/** Every topic of the streams with what it needs, and the relay's own. */
export function topicSpecs(
  streams: readonly Stream[],
  prefix: string,
  partitions: number,
): readonly TopicSpec[] {
  const ids = {
    topic: idCeilingTopic(prefix),
    partitions: 1,
    config: {'cleanup.policy': 'compact', 'segment.ms': String(86_400_000)},
  }
  const ofStreams = streams.flatMap(({isReference, topic}) => {
    const config = {'message.timestamp.type': 'LogAppendTime'}
    // References and what was put aside are needed whole, however old.
    const forEver = {...config, 'retention.ms': '-1'}
    return [
      {topic: topicName(prefix, topic), partitions, config: isReference ? forEver : config},
      {topic: topicName(prefix, deadLetterTopic(topic)), partitions, config: forEver},
    ]
  })
  return [...ofStreams, ids]
}

async function initTopics(
  kafka: KafkaConnection,
  specs: readonly TopicSpec[],
  say: Say,
): Promise<void> {
  const admin = await openAdmin(kafka, {clientId: 'init', log: createLogger('init', 'silent')})
  try {
    const created = await admin.ensureTopics(specs)
    say(`topics: ${created.length} created`)
  } finally {
    await admin.close()
  }
}

async function initSubjects(
  streams: readonly Stream[],
  {prefix, registry}: {readonly prefix: string; readonly registry: RegistryConnection},
  say: Say,
): Promise<void> {
  const client = createRegistry(registry)
  const breaks = await Promise.all(
    streams.map(async stream => await findBreaks(client, stream, prefix)),
  )
  if (breaks.flat().length > 0) {
    throw new PipelineError('SCHEMA_INCOMPATIBLE', breaks.flat().join('. '), {disposition: 'stop'})
  }
  for (const {topic, schema} of streams) {
    const subject = valueSubject(topicName(prefix, topic))
    say(`subject ${subject}: schema id ${await client.register(subject, schema)}`)
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await runCommand(COMMANDS.init, async ({env}) => {
    await initPipeline(env, what => console.log(what))
  })
}
