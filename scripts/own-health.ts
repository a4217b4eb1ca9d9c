/** Health and lag as this process sees them itself, by the code of the API: for when the API does not answer. */
import {createLate} from '../api/late.ts'
import {createAnyDecoder} from '../api/pipeline/decode-any.ts'
import {createDeadLetters} from '../api/pipeline/dead-letters.ts'
import type {LauncherFacts} from '../api/pipeline/facts.ts'
import {createHealth, type Health} from '../api/pipeline/health.ts'
import {createInspector} from '../api/pipeline/inspector.ts'
import {createLagWatch, type LagWatch} from '../api/pipeline/lag.ts'
import {toDatabase} from '../api/postgres.ts'
import {storeChecks} from '../api/readiness.ts'
import {openKeyspaces} from '../api/reads/keyspaces.ts'
import {topicName} from '../contracts/topics.ts'
import {openCassandra, type Cassandra} from '../platform/cassandra.ts'
import {envReader, type Env} from '../platform/config.ts'
import {
  readCassandraConnection,
  readDatabaseUrl,
  readKafkaConnection,
  readRedisUrl,
  readRegistryConnection,
  readStreamsFolder,
} from '../platform/connections.ts'
import {openAdmin} from '../platform/kafka-clients.ts'
import {createRecordReader} from '../platform/kafka-platformatic-reader.ts'
import type {KafkaAdmin} from '../platform/kafka.ts'
import {createLogger} from '../platform/log.ts'
import {createPool} from '../platform/postgres.ts'
import {openRedis} from '../platform/redis.ts'
import {createRegistry} from '../platform/registry.ts'
import {groupOf, readGenerations, servedOf, type Generation} from '../readmodel/generations.ts'
import {loadStreams} from '../streams/load.ts'

export interface OwnHealth {
  readonly lag: LagWatch
  /** That answers come from, the one of most streams first. @throws when Cassandra does not answer */
  keyspaces(): Promise<readonly string[]>
  /** Opens what only the verdict needs at the first call. */
  health(): Health
  close(): Promise<void>
}

const CLIENT = 'status'
const TIMEOUT_MS = 4000
const LIFE_MS = 500

/** @param services asked over HTTP whether they are ready */
export async function openOwnHealth(
  env: Env,
  launched: {
    readonly services: readonly {readonly name: string; readonly url: string}[]
    readonly launcher: () => LauncherFacts
  },
): Promise<OwnHealth> {
  const read = envReader(env)
  const connections = {
    kafka: readKafkaConnection(read),
    registry: readRegistryConnection(read),
    cassandra: readCassandraConnection(read),
    redisUrl: readRedisUrl(read),
  }
  const {topicPrefix} = connections.kafka
  const group = read.text('PROCESSOR_GROUP_ID', 'processor')
  const streams = await loadStreams(readStreamsFolder(read))
  const resources = new AsyncDisposableStack()
  const pool = createPool(readDatabaseUrl(read), {
    applicationName: CLIENT,
    connectionsMax: 4,
    statementTimeoutMs: TIMEOUT_MS,
  })
  resources.defer(() => pool.end())
  const db = toDatabase(pool)
  const log = createLogger(CLIENT, 'silent')
  const admin = createLate<KafkaAdmin>(() => openAdmin(connections.kafka, {clientId: CLIENT, log}))
  resources.defer(async () => await admin.present?.close())
  const counted = streams.filter(({isReference}) => !isReference)
  const base = connections.cassandra.keyspace
  const cassandra = createLate<Cassandra>(() =>
    openCassandra(connections.cassandra, {timeoutMs: TIMEOUT_MS}),
  )
  resources.defer(async () => await cassandra.present?.close())
  const generations = async (): Promise<readonly Generation[]> =>
    await readGenerations(await cassandra.get(), base)
  const names = new Map(counted.map(({topic, name}) => [topicName(topicPrefix, topic), name]))
  const lag = createLagWatch(
    {db, admin: () => admin.get()},
    {
      topics: [...names.keys()],
      async groupOf(topic) {
        // Without Cassandra the group that people know is asked about.
        const known = await generations().catch((): readonly Generation[] => [])
        return groupOf(group, base, servedOf(known, names.get(topic)!)?.keyspace ?? base)
      },
      lifeMs: LIFE_MS,
    },
  )

  const openHealth = (): Health => {
    const keyspaces = openKeyspaces(connections.cassandra, {timeoutMs: TIMEOUT_MS})
    resources.defer(() => keyspaces.close())
    const redis = createLate(() =>
      openRedis(connections.redisUrl, {name: CLIENT, timeoutMs: TIMEOUT_MS}),
    )
    resources.defer(async () => await redis.present?.close())
    const reader = createRecordReader(connections.kafka, CLIENT)
    resources.defer(() => reader.close())
    const registry = createRegistry(connections.registry)
    const decoder = createAnyDecoder(id => registry.schemaById(id))
    const inspector = createInspector({admin: () => admin.get(), reader, decoder})
    return createHealth(
      {
        db,
        lag,
        streams,
        admin: () => admin.get(),
        cassandraOf: keyspace => keyspaces.of(keyspace),
        generations,
        checkStores: storeChecks({
          db,
          cassandra,
          admin,
          registry,
          redis: {send: async (...given) => await (await redis.get()).send(...given)},
        }),
        deadLetters: createDeadLetters(
          {db, admin: () => admin.get(), reader, inspector, streams},
          {topicPrefix},
        ),
        launcher: launched.launcher,
      },
      {topicPrefix, services: launched.services},
    )
  }
  let opened: Health | undefined
  return {
    lag,
    async keyspaces() {
      const known = await generations()
      const served = counted.map(({name}) => servedOf(known, name)?.keyspace ?? base)
      const uses = Map.groupBy(served, keyspace => keyspace)
      return [...uses].toSorted((a, b) => b[1].length - a[1].length).map(([keyspace]) => keyspace)
    },
    health: () => (opened ??= openHealth()),
    async close() {
      await resources.disposeAsync().catch(() => undefined)
    },
  }
}
