/** Settings of the worker, and of what it runs by itself. */
import {envReader, type Env, type EnvReader, type Setting} from '../platform/config.ts'
import {
  readCassandraConnection,
  readDatabaseUrl,
  readKafkaConnection,
  readRedisKeyPrefix,
  readRedisUrl,
  readRegistryConnection,
  readStreamsFolder,
} from '../platform/connections.ts'
import {readLogLevel} from '../platform/log.ts'
import {readReconcileSettings} from '../schedule/reconcile.ts'
import {readRetentionSettings} from '../schedule/retention.ts'
import {readChangesSettings} from '../schedule/tell-changes.ts'
import {readUsersSettings} from '../schedule/users/settings.ts'
import {readAlertConfig} from './alerts/config.ts'
import {readSinkConfig} from './sink/config.ts'

export type WorkerConfig = ReturnType<typeof readWorkerConfig>

/** @throws `CONFIG_INVALID`, with every problem */
export function readWorkerConfig(env: Env) {
  const read = envReader(env)
  const config = readAll(read)
  // Those of jobs are read by the jobs themselves: here they are looked at before anything starts.
  for (const readSettings of OF_JOBS) readSettings(read)
  read.finish()
  return config
}

/** Every variable the worker reads, for the reference in the documents. */
export function workerSettings(): readonly Setting[] {
  const read = envReader({})
  readAll(read)
  for (const readSettings of OF_JOBS) readSettings(read)
  return read.settings()
}

const OF_JOBS = [
  readUsersSettings,
  readReconcileSettings,
  readRetentionSettings,
  readChangesSettings,
] as const

function readAll(read: EnvReader) {
  const int = (name: string, fallback: number, min: number, max: number): number =>
    read.int(`WORKER_${name}`, fallback, {min, max})
  return {
    logLevel: readLogLevel(read),
    databaseUrl: readDatabaseUrl(read),
    // What jobs start connects to them: a bad address is told at the start, not in the night.
    kafka: readKafkaConnection(read),
    registry: readRegistryConnection(read),
    cassandra: readCassandraConnection(read),
    redisUrl: readRedisUrl(read),
    redisKeyPrefix: readRedisKeyPrefix(read),
    streamsFolder: readStreamsFolder(read),
    listen: {
      host: read.text('WORKER_HOST', '127.0.0.1', /^[\w.:-]+$/),
      port: int('PORT', 3003, 0, 65_535),
    },
    alerts: readAlertConfig(read),
    sink: readSinkConfig(read),
    /** Folder of the files that declare jobs, relative to where the service was started. */
    scheduleFolder: read.text('WORKER_SCHEDULE_FOLDER', 'schedule'),
    /** How often it is looked what is due. */
    lookEveryMs: int('LOOK_EVERY_MS', 1000, 50, 60_000),
    /** Runs of different jobs at once. */
    runsMax: int('RUNS_MAX', 4, 1, 64),
    /** A worker that is not heard of for so long has died: its runs are tried again. */
    heartbeatS: int('HEARTBEAT_S', 20, 10, 3600),
  } as const
}
