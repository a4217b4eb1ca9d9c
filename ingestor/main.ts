/** The relay: composition root. Settings come from the environment only. */
import {randomBytes} from 'node:crypto'
import {hostname} from 'node:os'
import type {Stream} from '../contracts/stream.ts'
import {readEnvironment} from '../platform/environment.ts'
import {dispositionOf, messageOf, PipelineError} from '../platform/errors.ts'
import {openAdmin, openPublisher} from '../platform/kafka-clients.ts'
import {createRecordReader} from '../platform/kafka-platformatic-reader.ts'
import {runLoops, stopSignal, untilAborted, type Loop} from '../platform/lifecycle.ts'
import {listen} from '../platform/listen.ts'
import {createLogger, type Logger} from '../platform/log.ts'
import {createMetrics} from '../platform/metrics.ts'
import {createPool, PRINT_SETTINGS, WRITER_SETTINGS, type Pool} from '../platform/postgres.ts'
import {createRegistry} from '../platform/registry.ts'
import {retry} from '../platform/retry.ts'
import {openStatusServer} from '../platform/status-server.ts'
import {loadStreams} from '../streams/load.ts'
import {createBackfill} from './backfill.ts'
import {createCaptureKeeper} from './capture-keeper.ts'
import {readRelayConfig, type RelayConfig} from './config.ts'
import {createCoordinator} from './coordinator.ts'
import {assertComplete, findRoutes, type Routes} from './destinations.ts'
import {createIdCeiling} from './id-ceiling.ts'
import {createHealth} from './health.ts'
import {runLane, type LaneOptions} from './lane.ts'
import {openLeaseClient} from './leases.ts'
import {createLetterKeeper} from './letter-keeper.ts'
import {createLookUp} from './look-ups.ts'
import {createLaneMonitor} from './monitor.ts'
import {createPartitioner} from './publish.ts'
import {createRetention} from './retention.ts'
import {createRouteTable, type RouteTable} from './routes.ts'
import {assertSession} from './session-check.ts'
import {createTurns} from './suspects.ts'
import {createWake, type Wake} from './wake.ts'

const now = (): number => performance.now()

const toLaneOptions = (config: RelayConfig, owner: string): LaneOptions => ({
  owner,
  topicPrefix: config.kafka.topicPrefix,
  pageRows: config.pageRows,
  pageBytes: config.pageBytes,
  saveEveryMs: config.saveEveryMs,
  holdMs: config.holdMs,
  graceMs: config.graceMs,
  leaseMs: config.leaseMs,
  gatherMs: config.gatherMs,
  closePollMs: config.closePollMs,
  safetyPollMs: config.safetyPollMs,
  cloudEvents: config.cloudEvents,
  debeziumId: config.debeziumId,
  partitionOf: createPartitioner(),
})

function createRoutes(config: RelayConfig, streams: readonly Stream[], log: Logger): RouteTable {
  const ask = async (): Promise<Routes> => {
    const admin = await openAdmin(config.kafka, {clientId: 'relay', log})
    try {
      const registry = createRegistry(config.registry)
      const {recordBytesMax} = config
      const {topicPrefix} = config.kafka
      return await findRoutes({admin, registry, streams}, {topicPrefix, recordBytesMax})
    } finally {
      await admin.close()
    }
  }
  return createRouteTable(ask, now)
}

/** NOTIFY is an accelerator: the relay works the same while it is away, only later. */
function createListening(config: RelayConfig, wake: Wake, log: Logger): Loop {
  return {
    name: 'listen',
    async run(signal) {
      const aborted = untilAborted(signal)
      if (!config.notify) return await aborted
      const start = async () =>
        await listen(config.databaseUrl, 'cdc_outbox', {
          onWake: cause => wake.ring(cause),
          onError: error => log.warn({message: error.message}, 'listening connection lost'),
        })
      const listener = await retry(start, {
        attempts: Infinity,
        firstDelayMs: 200,
        maxDelayMs: 3_000,
        signal,
        onRetry: error => log.warn({message: messageOf(error)}, 'not listening, trying again'),
      }).catch((error: unknown) => {
        if (!signal.aborted) throw error
      })
      await aborted
      await listener?.close()
    },
  }
}

async function main(config: RelayConfig): Promise<void> {
  const signal = stopSignal()
  const log = createLogger('ingestor', config.logLevel)
  const {databaseUrl, kafka, leaseMs} = config
  const streams = await loadStreams(config.streamsFolder)
  const metrics = createMetrics()
  const monitor = createLaneMonitor(metrics, now)
  const owner = `${hostname()}/${process.pid}/${randomBytes(3).toString('hex')}`
  await using resources = new AsyncDisposableStack()

  const openPool = (applicationName: string, connectionsMax: number): Pool => {
    const pool = createPool(databaseUrl, {
      applicationName,
      connectionsMax,
      statementTimeoutMs: 10_000,
      settings: [...WRITER_SETTINGS, ...PRINT_SETTINGS],
      onError: error => log.warn({message: error.message}, 'idle connection lost'),
    })
    resources.defer(() => pool.end())
    return pool
  }
  const pool = openPool('relay', 2)

  const wake = createWake()
  const routes = createRoutes(config, streams, log)
  const openLease = async () =>
    await openLeaseClient(databaseUrl, {applicationName: 'relay-lane', leaseMs})
  const ceiling = createIdCeiling(
    {pool, openReader: () => createRecordReader(kafka, 'relay')},
    {topicPrefix: kafka.topicPrefix},
  )
  const laneDeps = {
    openLease,
    openPublisher: async () =>
      await openPublisher(kafka, {clientId: 'relay', log, requestTimeoutMs: config.sendTimeoutMs}),
    routes,
    ceiling,
    lookUp: createLookUp(streams, () => openPool('relay-look-up', 4)),
    pool,
    wake,
    turns: createTurns(),
    monitor,
    log: log.child({component: 'lane'}),
  }
  const laneOptions = toLaneOptions(config, owner)
  const coordinator = createCoordinator(
    {
      openMember: openLease,
      runLane: async (lane, memory, stop) =>
        await runLane(lane, memory, laneDeps, laneOptions, stop),
      monitor,
      log: log.child({component: 'lanes'}),
      now,
    },
    {lookEveryMs: config.lookEveryMs},
  )
  const health = createHealth({pool, monitor, coordinator, metrics, now}, config.stalledMs)
  let starting = true
  const status = await openStatusServer(
    {host: config.host, port: config.port, variable: 'RELAY_PORT'},
    {metrics, readiness: async () => await health({starting, stopping: signal.aborted})},
  )
  resources.defer(() => status.close())

  const prepare = async (): Promise<void> => {
    await assertSession(databaseUrl)
    assertComplete(await routes.find(true))
    await ceiling.look()
  }
  await retry(prepare, {
    attempts: Infinity,
    firstDelayMs: 200,
    maxDelayMs: 3_000,
    signal,
    onRetry: (error, attempt, delayMs) =>
      log.warn({message: messageOf(error), attempt, delayMs}, 'not ready yet, trying again'),
  })
  starting = false
  log.info({owner, status: status.url}, 'relay started')
  const retention = createRetention({pool, metrics: monitor.metrics, log}, config)
  const letters = createLetterKeeper({pool, routes, log}, config)
  const capture = createCaptureKeeper({pool, metrics: monitor.metrics, log}, config)
  const listening = createListening(config, wake, log)
  const backfill = createBackfill(
    {
      pool,
      openAdmin: async () => await openAdmin(kafka, {clientId: 'relay-backfill', log}),
      metrics: monitor.metrics,
      log: log.child({component: 'backfill'}),
    },
    {
      topicPrefix: kafka.topicPrefix,
      groupId: config.processorGroupId,
      chunkRows: config.backfillRows,
      lagMax: config.backfillLagMax,
      waitingMax: 2 * config.pageRows,
    },
  )
  await runLoops([coordinator, listening, retention, letters, capture, backfill], signal)
  log.info('relay stopped')
}

try {
  await main(readRelayConfig(readEnvironment(process.env)))
} catch (error) {
  // A setting is somebody's mistake, not ours: no stack.
  const isSetting = error instanceof PipelineError && error.code === 'CONFIG_INVALID'
  const isOurs = !isSetting && dispositionOf(error) === 'stop' && error instanceof Error
  const detail = isOurs ? error.stack : undefined
  process.stderr.write(`ingestor: ${detail ?? messageOf(error)}\n`)
  process.exitCode = 1
}
