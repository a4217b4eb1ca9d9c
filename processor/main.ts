/** Composition root of the processor. */
import {setMaxListeners} from 'node:events'
import {randomUUID} from 'node:crypto'
import type {Stream} from '../contracts/stream.ts'
import {topicName} from '../contracts/topics.ts'
import {createDecoder} from '../platform/avro-codec.ts'
import {openCassandra} from '../platform/cassandra.ts'
import {messageOf} from '../platform/errors.ts'
import {openAdmin, openPublisher, openSubscriber} from '../platform/kafka-clients.ts'
import {runLoops, stopSignal, type Loop} from '../platform/lifecycle.ts'
import {createLogger, type Logger} from '../platform/log.ts'
import {createMetrics} from '../platform/metrics.ts'
import {openRedis} from '../platform/redis.ts'
import {createRegistry} from '../platform/registry.ts'
import {retry} from '../platform/retry.ts'
import {openStatusServer} from '../platform/status-server.ts'
import {writeGrouped} from '../readmodel/batches.ts'
import {readSpace} from '../readmodel/migrate.ts'
import {createPartReader} from '../readmodel/parts.ts'
import {createPositions} from '../readmodel/positions.ts'
import {underPrefix} from '../readmodel/redis-keys.ts'
import {createReferenceTable} from '../readmodel/reference-table.ts'
import {checkApart} from '../readmodel/schema.ts'
import {createStaleTable} from '../readmodel/stale-table.ts'
import {createStreamStores} from '../readmodel/stream-stores.ts'
import {loadStreams} from '../streams/load.ts'
import {createAssignments, type AssignmentsDeps} from './assignments.ts'
import {readProcessorConfig, type ProcessorConfig} from './config.ts'
import {createDeadLetterPublisher} from './dead-letters.ts'
import {createProcessorMetrics} from './metrics.ts'
import {patienceOf} from './owner-shared.ts'
import {createPartitionOwner} from './partition-owner.ts'
import {createReadiness} from './readiness.ts'
import {createPolicyWatch} from './redis-policy.ts'
import {createReferenceReader} from './reference-reader.ts'
import {createReferences, type References} from './references.ts'
import {createSlices} from './slices.ts'
import {createBudget} from './state-cache.ts'

/** Fetches wait so long for data: also how long a stop takes at most. */
const FETCH_WAIT_MS = 200
const FETCH_BYTES_MAX = 4 * 2 ** 20
const SESSION_TIMEOUT_MS = 10_000
/** How long "there is no such row" is believed. */
const MISS_TTL_MS = 2000

async function main(config: ProcessorConfig, log: Logger): Promise<void> {
  const stop = stopSignal()
  const streams = underPrefix(config.redisKeyPrefix, await loadStreams(config.streamsFolder))
  checkApart(streams)
  // One listener for every loop of every partition, and for each wait of theirs.
  setMaxListeners(0, stop)
  await using resources = new AsyncDisposableStack()
  const metrics = createMetrics()
  const measured = createProcessorMetrics(metrics)
  const now = (): number => Date.now()
  const readiness = createReadiness(now)
  const onRetry = (): void => readiness.retried()
  const status = await openStatusServer(
    {...config.listen, variable: 'PROCESSOR_PORT'},
    {metrics, readiness: () => readiness.judge()},
  )
  resources.defer(() => status.close())

  const patience = patienceOf(
    {metrics: measured, log, onRetry},
    {stream: 'references', retryMs: config.retryMs},
  )
  const kafka = {clientId: 'processor', log: log.child({component: 'kafka'})}
  const admin = await retry(() => openAdmin(config.kafka, kafka), patience(stop))
  resources.defer(() => admin.close())
  const {keyspace} = config.cassandra
  const cassandra = await retry(() => openCassandra(config.cassandra, {keyspace}), patience(stop))
  resources.defer(() => cassandra.close())
  const redis = await openRedis(config.redisUrl, {
    name: 'processor',
    lazy: true,
    onError: error => log.debug({reason: messageOf(error)}, 'redis connection'),
  })
  resources.defer(() => redis.close())
  const deadLetters = createDeadLetterPublisher(() => openPublisher(config.kafka, kafka), now)
  resources.defer(() => deadLetters.close())

  const registry = createRegistry(config.registry)
  const decoderOf = (stream: Stream) =>
    createDecoder<unknown>(stream.schema, id => registry.schemaById(id))
  const positions = createPositions(cassandra)
  const space = await retry(() => readSpace(cassandra), patience(stop))
  const staleRows = createStaleTable(cassandra)
  const subscriberOf = (groupId: string, topics: readonly string[]) =>
    openSubscriber(config.kafka, {
      ...kafka,
      groupId,
      topics,
      maxWaitMs: FETCH_WAIT_MS,
      fetchBytesMax: FETCH_BYTES_MAX,
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
    })

  const readers: Loop[] = []
  const references = new Map<string, References>()
  for (const stream of streams.filter(({isReference}) => isReference)) {
    const topic = topicName(config.kafka.topicPrefix, stream.topic)
    const table = createReferenceTable(cassandra, stream)
    const cache = createReferences(
      {
        load: ids => table.load(ids),
        whenCaughtUp: () => reader.whenCaughtUp(config.referenceWaitMs),
        now,
      },
      {entriesMax: config.referencesMax, missTtlMs: MISS_TTL_MS},
    )
    const reader = createReferenceReader({
      stream,
      topic,
      subscriber: subscriberOf(`${config.groupId}-${stream.name}-${randomUUID()}`, [topic]),
      admin,
      decoder: decoderOf(stream),
      references: cache,
      save: some => table.save(some),
      partitions: positions,
      space,
      publishDeadLetters: letters => deadLetters.publish(letters),
      patience,
      onLearned: some => measured.references.inc({stream: stream.name}, some.length),
      log,
    })
    readers.push(reader)
    references.set(stream.name, cache)
  }

  const budget = createBudget({entriesMax: config.stateRowsMax, bytesMax: config.stateBytesMax})
  metrics.onScrape(() => {
    measured.cacheEntries.set(budget.entries)
    measured.cacheBytes.set(budget.bytes)
  })
  const slices = createSlices()
  const parts = createPartReader(cassandra)
  const counted = streams.filter(({isReference}) => !isReference)
  const hashing = Math.max(1, counted.filter(({hashes}) => hashes !== null).length)
  const beginners = new Map<string, AssignmentsDeps['createOwner']>()
  for (const stream of counted) {
    const decoder = decoderOf(stream)
    const stores = createStreamStores(
      stream,
      {cassandra, redis, parts, space},
      {lifeMs: config.liveLifeMs, hashTtlS: config.hashTtlS},
    )
    beginners.set(topicName(config.kafka.topicPrefix, stream.topic), (partition, start, commit) =>
      createPartitionOwner(
        partition,
        {
          stores,
          space,
          write: statements => writeGrouped(cassandra, statements),
          positions,
          staleRows,
          references,
          decoder,
          budget,
          slices,
          start,
          hashBytesMax: config.hashBytesMax / hashing / start.partitions,
          publishDeadLetters: letters => deadLetters.publish(letters),
          commit,
          onFolded: offset => readiness.folded(partition, offset),
          onRetry,
          metrics: measured,
          log,
          now,
        },
        config,
      ),
    )
  }

  const assignments = createAssignments({
    subscriber: subscriberOf(config.groupId, [...beginners.keys()]),
    admin,
    positions,
    space,
    readSpace: () => readSpace(cassandra),
    groupId: config.groupId,
    createOwner: (partition, ...more) => beginners.get(partition.topic)!(partition, ...more),
    patience,
    onOwned: owned => readiness.owned(owned),
    onReceived: (partition, endOffset) => readiness.received(partition, endOffset),
    onStanding(partition, cause) {
      readiness.standing(partition, cause)
      const at = {topic: partition.topic, partition: String(partition.partition)}
      measured.standing.set(at, cause === null ? 0 : 1)
    },
    log,
  })
  log.info({url: status.url}, 'processor started')
  const onProblem = (problem: string | null): void => readiness.warned('redis', problem)
  const policy = createPolicyWatch(redis, {onProblem, log})
  await runLoops([...readers, policy, assignments], stop)
  log.info('processor stopped')
}

try {
  const config = readProcessorConfig(process.env)
  const log = createLogger('processor', config.logLevel)
  await main(config, log).catch((error: unknown) => {
    log.fatal({err: error}, 'processor cannot go on')
    process.exitCode = 1
  })
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`)
  process.exitCode = 1
}
