/** The whole pipeline for one test: real servers, the services as processes, a place of its own. */
import {spawn, type ChildProcess} from 'node:child_process'
import {once} from 'node:events'
import {setTimeout as sleep} from 'node:timers/promises'
import {inject} from 'vitest'
import {openCassandra} from '../platform/cassandra.ts'
import {readCassandraConnection} from '../platform/connections.ts'
import {envReader, type Env} from '../platform/config.ts'
import {createPool, openClient, type Pool} from '../platform/postgres.ts'
import {openRedis} from '../platform/redis.ts'
import {readKeyspaces} from '../readmodel/generations.ts'
import {initPipeline} from '../scripts/init.ts'
import {freePorts} from '../stack/ports.ts'
import {createTestDatabase, testRedisDb, testTopicPrefix} from './isolation.ts'

export type ServiceName = 'ingestor' | 'processor' | 'api'

const PORT_VARIABLE = {
  ingestor: 'RELAY_PORT',
  processor: 'PROCESSOR_PORT',
  api: 'API_PORT',
} as const
const LOG_CHARS_MAX = 20_000
const POLL_MS = 20
/** A machine that does much else takes long to start a process. */
const READY_MS = 120_000

export interface Service {
  readonly url: string
  readonly pid: number
  /** What it printed last. */
  log(): string
  signal(signal: NodeJS.Signals): void
  /** Ends it at once and resolves when it is gone. */
  kill(): Promise<void>
  stop(): Promise<void>
}

/** Asks again until `fact` answers something; fails with what it said last. */
export async function until<T>(
  what: string,
  fact: () => Promise<T | undefined | false>,
  timeoutMs = 20_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  let last: unknown
  while (performance.now() < deadline) {
    try {
      const answer = await fact()
      if (answer !== undefined && answer !== false) return answer
    } catch (error) {
      last = error
    }
    await sleep(POLL_MS)
  }
  throw new Error(`not seen within ${timeoutMs} ms: ${what}`, {cause: last})
}

async function startService(name: ServiceName, env: Env, says: string | null): Promise<Service> {
  const url = `http://127.0.0.1:${env[PORT_VARIABLE[name]]}`
  const child: ChildProcess = spawn(process.execPath, [`${name}/main.ts`], {
    env: {
      ...env,
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  const keep = (text: unknown): void => {
    log = (log + String(text)).slice(-LOG_CHARS_MAX)
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  const exited = once(child, 'exit')
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal)
      await exited
    }
  }
  let said = ''
  const state = await until(
    `${name} ready`,
    async () => {
      if (child.exitCode !== null || child.signalCode !== null) return 'ended'
      const answer = await fetch(`${url}/health/ready`)
      said = await answer.text()
      const isAsWanted = says === null ? answer.ok : !answer.ok && said.includes(says)
      return isAsWanted && 'ready'
    },
    READY_MS,
  ).catch(() => 'not ready')
  if (state !== 'ready') {
    await end('SIGKILL')
    throw new Error(`${name} did not become ready, it is ${state}: ${said}\n${log}`)
  }
  return {
    url,
    pid: child.pid!,
    log: () => log,
    signal: signal => void child.kill(signal),
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
  }
}

export type PipelineWorld = Awaited<ReturnType<typeof openPipelineWorld>>

async function runSql(url: string, sql: string): Promise<void> {
  const client = await openClient(url, {applicationName: 'test'})
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

/**
 * @param changes settings of the services
 * @param sql makes what further streams are declared on
 * @param of `migrated` false: a database that has nothing of ours
 */
export async function openPipelineWorld(changes: Env = {}, sql = '', of = {migrated: true}) {
  await using resources = new AsyncDisposableStack()
  const database = resources.use(await createTestDatabase(of))
  if (sql !== '') await runSql(database.url, sql)
  const redisUrl = await testRedisDb()
  const [relay, processor, api] = await freePorts(3)
  const prefix = testTopicPrefix()
  const keyspace = prefix.replaceAll('-', '_').replace(/_$/, '')
  const env: Env = {
    ENV_FILE: 'none',
    ...inject('connections'),
    DATABASE_URL: database.url,
    REDIS_URL: redisUrl,
    TOPIC_PREFIX: prefix,
    CASSANDRA_KEYSPACE: keyspace,
    PROCESSOR_GROUP_ID: `${prefix}processor`,
    RELAY_PORT: String(relay),
    PROCESSOR_PORT: String(processor),
    API_PORT: String(api),
    API_RELAY_URLS: `http://127.0.0.1:${relay}`,
    API_PROCESSOR_URLS: `http://127.0.0.1:${processor}`,
    API_WORKER_URLS: 'none',
    LOG_LEVEL: 'warn',
    STREAMS_FOLDER: 'streams/sample',
    ...changes,
  }
  await initPipeline(env, () => undefined)
  resources.defer(async () => {
    await using admin = await openCassandra(readCassandraConnection(envReader(env)))
    for (const {name} of await readKeyspaces(admin, keyspace)) {
      await admin.transact(`DROP KEYSPACE IF EXISTS ${name}`)
    }
  })
  const pool: Pool = createPool(database.url, {applicationName: 'test', connectionsMax: 8})
  resources.defer(() => pool.end())
  const connection = readCassandraConnection(envReader(env))
  const cassandra = resources.use(await openCassandra(connection, {keyspace}))
  const catalog = resources.use(await openCassandra(connection))
  const redis = resources.use(await openRedis(redisUrl, {name: 'test'}))
  const running = new Set<Service>()
  resources.defer(async () => {
    await Promise.all([...running].map(service => service.stop()))
  })
  const owned = resources.move()
  return {
    env,
    pool,
    cassandra,
    /** Sees every keyspace, and goes on when one is dropped. */
    catalog,
    redis,
    keyspace,
    /** @param says what it says why it is not ready; null: it has to be */
    async start(name: ServiceName, more: Env = {}, says: string | null = null): Promise<Service> {
      const service = await startService(name, {...env, ...more}, says)
      running.add(service)
      return service
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
