/** Composition root of the API. */
import {openCassandra, type Cassandra} from '../platform/cassandra.ts'
import {readEnvironment} from '../platform/environment.ts'
import {messageOf, PipelineError} from '../platform/errors.ts'
import {openAdmin} from '../platform/kafka-clients.ts'
import {createRecordReader} from '../platform/kafka-platformatic-reader.ts'
import type {KafkaAdmin} from '../platform/kafka.ts'
import {runLoops, stopSignal} from '../platform/lifecycle.ts'
import {createLogger, type Logger} from '../platform/log.ts'
import {createMetrics} from '../platform/metrics.ts'
import {createPool} from '../platform/postgres.ts'
import {openRedis} from '../platform/redis.ts'
import {createRegistry} from '../platform/registry.ts'
import {retry} from '../platform/retry.ts'
import {underPrefix} from '../readmodel/redis-keys.ts'
import {loadStreams} from '../streams/load.ts'
import {composeApi} from './compose.ts'
import {readApiConfig, type ApiConfig, type ApiConnections} from './config.ts'
import {createLate} from './late.ts'
import {readSigningSecret, toDatabase} from './postgres.ts'
import {openKeyspaces} from './reads/keyspaces.ts'

const POOL_MAX = 20

async function main(config: ApiConfig, connections: ApiConnections, log: Logger): Promise<void> {
  const stop = stopSignal()
  await using resources = new AsyncDisposableStack()
  const pool = createPool(connections.databaseUrl, {
    applicationName: 'api',
    connectionsMax: POOL_MAX,
    statementTimeoutMs: config.storeTimeoutMs * 2,
    onError: error => log.debug({reason: messageOf(error)}, 'postgresql connection'),
  })
  resources.defer(async () => await pool.end())
  const db = toDatabase(pool)
  const redis = await openRedis(connections.redisUrl, {
    name: 'api',
    lazy: true,
    timeoutMs: config.storeTimeoutMs,
    onError: error => log.debug({reason: messageOf(error)}, 'redis connection'),
  })
  resources.defer(() => redis.close())
  const {keyspace} = connections.cassandra
  const timeoutMs = config.storeTimeoutMs
  const cassandra = createLate<Cassandra>(() => openCassandra(connections.cassandra, {timeoutMs}))
  resources.defer(async () => await cassandra.present?.close())
  const keyspaces = openKeyspaces(connections.cassandra, {timeoutMs})
  resources.defer(() => keyspaces.close())
  const kafka = {clientId: 'api', log: log.child({component: 'kafka'})}
  const admin = createLate<KafkaAdmin>(() => openAdmin(connections.kafka, kafka))
  resources.defer(async () => await admin.present?.close())
  const readers = {
    inspect: createRecordReader(connections.kafka, 'api-inspector'),
    tail: createRecordReader(connections.kafka, 'api-tail'),
  }
  resources.defer(async () => await readers.inspect.close())
  resources.defer(async () => await readers.tail.close())

  const secret = await retry(() => readSigningSecret(db), {
    attempts: Number.POSITIVE_INFINITY,
    firstDelayMs: 200,
    maxDelayMs: 5000,
    signal: stop,
    onRetry: error => log.warn({err: error}, 'waiting for PostgreSQL'),
  })
  const {app, loops} = await composeApi(
    {
      db,
      redis,
      cassandra,
      cassandraOf: name => keyspaces.of(name),
      keyspace,
      admin,
      registry: createRegistry(connections.registry),
      readers,
      log,
      registryOfMetrics: createMetrics(),
      secret,
      topicPrefix: connections.kafka.topicPrefix,
      streams: underPrefix(connections.redisKeyPrefix, await loadStreams(config.streamsFolder)),
    },
    config,
  )
  resources.defer(async () => await app.close())
  await listen(app, config)
  log.info({url: `http://${config.host}:${config.port}`, access: config.access}, 'api started')
  if (config.access === 'open') {
    log.warn('no key is needed: this is for development on this machine only (API_ACCESS=keys)')
  }
  await runLoops(loops, stop)
  log.info('api stopped')
}

async function listen(
  app: {listen(options: {host: string; port: number}): Promise<string>},
  {host, port}: ApiConfig,
): Promise<void> {
  try {
    await app.listen({host, port})
  } catch (error) {
    const why =
      (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
        ? 'is already in use'
        : messageOf(error)
    throw new PipelineError('UPSTREAM_REFUSED', `port ${port} ${why}; set API_PORT to a free one`, {
      disposition: 'stop',
      cause: error,
    })
  }
}

try {
  const {config, connections} = readApiConfig(readEnvironment(process.env))
  const log = createLogger('api', config.logLevel)
  await main(config, connections, log).catch((error: unknown) => {
    log.fatal({err: error}, 'api cannot go on')
    process.exitCode = 1
  })
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`)
  process.exitCode = 1
}
