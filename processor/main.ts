/** Composition root of the processor. */
import {deadLetterTopic} from '../contracts/topics.ts'
import {setMaxListeners} from 'node:events'
import {openCassandra} from '../platform/cassandra.ts'
import {readEnvironment} from '../platform/environment.ts'
import {messageOf} from '../platform/errors.ts'
import {openAdmin, openPublisher} from '../platform/kafka-clients.ts'
import {runLoops, stopSignal} from '../platform/lifecycle.ts'
import {createLogger, type Logger} from '../platform/log.ts'
import {createMetrics} from '../platform/metrics.ts'
import {openRedis} from '../platform/redis.ts'
import {createRegistry} from '../platform/registry.ts'
import {createDeadLetterPublisher} from '../readmodel/dead-letters.ts'
import {retry} from '../platform/retry.ts'
import {openStatusServer} from '../platform/status-server.ts'
import {readGenerations} from '../readmodel/generations.ts'
import {underPrefix} from '../readmodel/redis-keys.ts'
import {checkApart} from '../readmodel/schema.ts'
import {loadStreams} from '../streams/load.ts'
import {readProcessorConfig, type ProcessorConfig} from './config.ts'
import {createGeneration} from './generation.ts'
import {createGenerations} from './generations.ts'
import {besides, createProcessorMetrics} from './metrics.ts'
import {patienceOf} from './owner-shared.ts'
import {createReadiness} from './readiness.ts'
import {createPolicyWatch} from './redis-policy.ts'
import {createSlices} from './slices.ts'
import {createBudget} from './state-cache.ts'

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
  const cassandra = await retry(() => openCassandra(config.cassandra), patience(stop))
  resources.defer(() => cassandra.close())
  const redis = await openRedis(config.redisUrl, {
    name: 'processor',
    lazy: true,
    onError: error => log.debug({reason: messageOf(error)}, 'redis connection'),
  })
  resources.defer(() => redis.close())
  const deadLetters = createDeadLetterPublisher({
    open: () => openPublisher(config.kafka, kafka),
    now,
    topicOf: deadLetterTopic,
  })
  resources.defer(() => deadLetters.close())
  const registry = createRegistry(config.registry)

  const budget = createBudget({entriesMax: config.stateRowsMax, bytesMax: config.stateBytesMax})
  metrics.onScrape(() => {
    measured.cacheEntries.set(budget.entries)
    measured.cacheBytes.set(budget.bytes)
  })
  const slices = createSlices()
  const base = config.cassandra.keyspace
  const generations = createGenerations({
    streams,
    read: () => readGenerations(cassandra, base),
    onProblem: problem => readiness.missing(problem),
    open: (plan, isNamed) =>
      createGeneration(plan, {
        config,
        admin,
        redis,
        registry,
        deadLetters,
        budget,
        slices,
        metrics: besides(measured, stream =>
          isNamed(stream) ? stream : `${stream} ${plan.keyspace}`,
        ),
        readiness: readiness.of(plan.keyspace === base ? '' : plan.keyspace),
        patience,
        onRetry,
        isNamed,
        log: plan.keyspace === base ? log : log.child({keyspace: plan.keyspace}),
        now,
      }),
    log,
  })
  log.info({url: status.url}, 'processor started')
  const onProblem = (problem: string | null): void => readiness.warned('redis', problem)
  const policy = createPolicyWatch(redis, {onProblem, log})
  await runLoops([policy, generations], stop)
  log.info('processor stopped')
}

try {
  const config = readProcessorConfig(readEnvironment(process.env))
  const log = createLogger('processor', config.logLevel)
  await main(config, log).catch((error: unknown) => {
    log.fatal({err: error}, 'processor cannot go on')
    process.exitCode = 1
  })
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`)
  process.exitCode = 1
}
