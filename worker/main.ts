/** Composition root of the worker. */
import {hostname} from 'node:os'
import type {Env} from '../platform/config.ts'
import {readEnvironment} from '../platform/environment.ts'
import {messageOf} from '../platform/errors.ts'
import {createNextTimes, openJobs} from '../platform/jobs.ts'
import {runLoops, stopSignal, untilAborted, type Loop} from '../platform/lifecycle.ts'
import {createLogger, type Logger} from '../platform/log.ts'
import {createMetrics} from '../platform/metrics.ts'
import {createPool, PRINT_SETTINGS, WRITER_SETTINGS} from '../platform/postgres.ts'
import {createRegistry} from '../platform/registry.ts'
import {retry} from '../platform/retry.ts'
import {openStatusServer} from '../platform/status-server.ts'
import {loadJobs} from '../schedule/load.ts'
import {loadStreams} from '../streams/load.ts'
import {createAlerts} from './alerts/loops.ts'
import {readAlertStanding, warningsOfAlerts} from './alerts/standing.ts'
import {createCommand} from './command.ts'
import {readWorkerConfig, type WorkerConfig} from './config.ts'
import {createWorkerMetrics, measureStates} from './metrics.ts'
import {createReadiness} from './readiness.ts'
import {createDispatcher, RUNS} from './schedule/dispatcher.ts'
import {createRunner} from './schedule/runner.ts'
import {readStates, warningsOfJobs} from './schedule/store.ts'
import {createSinks} from './sink/sinks.ts'

/** How long runs may take to end when the worker stops; then they are tried again elsewhere. */
const GRACE_MS = 8000
/** Entries whose worker died are looked for so often. */
const SUPERVISE_S = 10

async function main(config: WorkerConfig, env: Env, log: Logger): Promise<void> {
  const stop = stopSignal()
  const nextTimes = createNextTimes()
  const declared = await loadJobs(config.scheduleFolder, nextTimes)
  const schedule = declared.map(job => job.ready(env))
  const streams = await loadStreams(config.streamsFolder)
  await using resources = new AsyncDisposableStack()
  const metrics = createMetrics()
  const measured = createWorkerMetrics(metrics)
  const pool = createPool(config.databaseUrl, {
    applicationName: 'worker',
    connectionsMax: 6 + config.runsMax,
    statementTimeoutMs: 60_000,
    settings: [...WRITER_SETTINGS, ...PRINT_SETTINGS],
    onError: error => log.debug({reason: messageOf(error)}, 'postgresql connection'),
  })
  resources.defer(async () => await pool.end())
  let problems = (): readonly string[] => []
  const readiness = createReadiness({
    now: () => performance.now(),
    isStopping: () => stop.aborted,
    readWarnings: async () => ({
      ...warningsOfJobs(await readStates(pool)),
      ...warningsOfAlerts(await readAlertStanding(pool)),
      ...Object.fromEntries(problems().map((problem, i) => [`sink ${i + 1}`, problem])),
    }),
  })
  const status = await openStatusServer(
    {...config.listen, variable: 'WORKER_PORT'},
    {metrics, readiness: async () => await readiness.judge()},
  )
  resources.defer(() => status.close())

  const patience = {
    attempts: Number.POSITIVE_INFINITY,
    firstDelayMs: 200,
    maxDelayMs: 5000,
    signal: stop,
    onRetry(error: unknown) {
      readiness.looked(messageOf(error))
      log.warn({message: messageOf(error)}, 'not ready yet, trying again')
    },
  }
  const openQueue = async () =>
    await openJobs(
      {session: pool, log: log.child({component: 'queue'})},
      {queues: [RUNS], superviseS: SUPERVISE_S},
    )
  const jobs = await retry(openQueue, patience)
  resources.defer(async () => await jobs.stop(GRACE_MS))
  const run = createRunner({
    pool,
    schedule,
    command: createCommand(env),
    metrics: measured,
    log: log.child({component: 'runs'}),
    worker: `${hostname()}/${process.pid}`,
    stop,
  })
  await jobs.work(RUNS, {concurrency: config.runsMax}, run)
  metrics.onScrape(async () => {
    // While the database is away the last figures stand, and readiness says so.
    const states = await readStates(pool).catch(() => undefined)
    if (states !== undefined) measureStates(measured, states)
  })
  const dispatcher = createDispatcher(
    {
      pool,
      jobs,
      schedule,
      nextTimes,
      metrics: measured,
      log: log.child({component: 'schedule'}),
      onLook: problem => readiness.looked(problem),
    },
    config,
  )
  const {kafka, cassandra} = config
  const shared = {kafka, registry: createRegistry(config.registry), streams, metrics, log}
  const sinks = createSinks({...shared, cassandra, now: Date.now}, config.sink)
  problems = () => sinks.problems()
  const alerts = createAlerts({...shared, pool}, config.alerts)
  log.info({status: status.url, jobs: schedule.map(({job}) => job.name)}, 'worker started')
  // Beside the other loops, which may take their time: what it gives back is not to be taken here again.
  const queue: Loop = {
    name: 'queue',
    async run(signal) {
      await untilAborted(signal)
      await jobs.stop(GRACE_MS)
    },
  }
  await runLoops([dispatcher, queue, ...alerts, ...sinks.loops], stop)
  log.info('worker stopped')
}

try {
  const env = readEnvironment(process.env)
  const config = readWorkerConfig(env)
  const log = createLogger('worker', config.logLevel)
  await main(config, env, log).catch((error: unknown) => {
    log.fatal({err: error}, 'worker cannot go on')
    process.exitCode = 1
  })
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`)
  process.exitCode = 1
}
