/** Looks at everything once: what runs, what waits to be published, what waits to be processed. */
import type {Stream} from '../contracts/stream.ts'
import {topicName} from '../contracts/topics.ts'
import {envReader, type Env} from '../platform/config.ts'
import {readDatabaseUrl, readKafkaConnection, readStreamsFolder} from '../platform/connections.ts'
import {openAdmin} from '../platform/kafka-clients.ts'
import type {KafkaAdmin} from '../platform/kafka.ts'
import {createLogger} from '../platform/log.ts'
import {createPool, type Pool} from '../platform/postgres.ts'
import {
  connectionVariable,
  SERVERS,
  SERVICES,
  type Connections,
  type ServerName,
  type ServiceName,
  type StackConfig,
} from '../stack/config.ts'
import {answers, isEncrypted} from '../stack/probe.ts'
import {readState, type StackState} from '../stack/state.ts'
import {loadStreams} from '../streams/load.ts'

const LOOK_TIMEOUT_MS = 4000

interface Placed {
  readonly pid: number | null
}

/** The shape that `npm run status -- --json` prints. */
export interface PipelineStatus {
  readonly healthy: boolean
  readonly servers: {
    readonly postgres: Placed & {readonly url: string}
    readonly kafka: Placed & {readonly brokers: string}
    readonly registry: Placed & {readonly url: string}
    readonly cassandra: Placed & {
      readonly contactPoints: string
      readonly localDataCenter: string
      readonly keyspace: string
    }
    readonly redis: Placed & {readonly url: string}
  }
  readonly services: Readonly<Record<ServiceName, readonly (Placed & {readonly url: string})[]>>
  readonly outboxUnpublished: number | null
  readonly lagRecords: number | null
}

export interface Look {
  readonly status: PipelineStatus
  /** What keeps it from being healthy, for people. */
  readonly problems: readonly string[]
}

export interface StatusReader {
  look(): Promise<Look>
  close(): Promise<void>
}

/** @param env the environment in which the services were started */
export function openStatusReader(config: StackConfig, env: Env): StatusReader {
  const full = {...env, ...config.connections}
  const read = envReader(full)
  const databaseUrl = readDatabaseUrl(read)
  const kafka = readKafkaConnection(read)
  const group = read.text('PROCESSOR_GROUP_ID', 'processor')
  const keyspace = read.text('CASSANDRA_KEYSPACE', 'content_analytics')
  const folder = readStreamsFolder(read)
  let streams: readonly Stream[] | undefined
  let pool: Pool | undefined
  let admin: KafkaAdmin | undefined

  async function countUnpublished(): Promise<number> {
    pool ??= createPool(databaseUrl, {
      applicationName: 'status',
      connectionsMax: 1,
      statementTimeoutMs: LOOK_TIMEOUT_MS,
    })
    const {rows} = await pool.query<{rows: string}>('SELECT rows FROM cdc.unpublished()')
    return Number(rows[0]?.rows ?? 0)
  }

  async function countLag(): Promise<number> {
    admin ??= await openAdmin(kafka, {clientId: 'status', log: createLogger('status', 'silent')})
    const reader = admin
    streams ??= await loadStreams(folder)
    const counted = streams.filter(({isReference}) => !isReference)
    const lags = counted.map(async stream => {
      const topic = topicName(kafka.topicPrefix, stream.topic)
      const [ends, committed] = await Promise.all([
        reader.offsets(topic),
        reader.groupOffsets(group, topic),
      ])
      const next = new Map(committed.map(({partition, offset}) => [partition, offset]))
      // Nothing committed (-1): everything that is there waits.
      return ends.map(({partition, begin, end}) => end - Math.max(begin, next.get(partition) ?? -1))
    })
    return (await Promise.all(lags)).flat().reduce((sum, lag) => sum + lag, 0)
  }

  return {
    async look() {
      const state = readState(config)
      const problems = state === undefined ? ['nothing is running: npm start'] : []
      const [unpublished, lag, ...found] = await Promise.all([
        within(countUnpublished()),
        within(countLag()),
        ...(state === undefined ? [] : [lookAtServers(state, full), lookAtServices(state)]),
      ])
      problems.push(...found.flat())
      if (state !== undefined && state.phase !== 'ready') problems.push('still starting')
      if (unpublished === null) problems.push('the outbox cannot be read')
      if (lag === null) problems.push('the lag cannot be read')
      const status = {
        ...describe(config, state, keyspace),
        outboxUnpublished: unpublished,
        lagRecords: lag,
        healthy: problems.length === 0,
      }
      return {status, problems}
    },
    async close() {
      await Promise.allSettled([pool?.end(), admin?.close()])
    },
  }
}

/** Null when it fails or takes too long. */
async function within(work: Promise<number>): Promise<number | null> {
  const {promise, resolve} = Promise.withResolvers<null>()
  const timer = setTimeout(() => resolve(null), LOOK_TIMEOUT_MS)
  try {
    return await Promise.race([work.catch(() => null), promise])
  } finally {
    clearTimeout(timer)
  }
}

async function lookAtServers(state: StackState, env: Env): Promise<readonly string[]> {
  const looks = SERVERS.map(async name => {
    const ended = state.ended[name]
    if (ended !== undefined) return [`${name} ended: ${ended}`]
    const connection = state.connections[connectionVariable(name) as keyof Connections]
    const answered = await answers(name, connection, isEncrypted(name, env))
    return answered ? [] : [`${name} does not answer`]
  })
  return (await Promise.all(looks)).flat()
}

async function lookAtServices(state: StackState): Promise<readonly string[]> {
  const looks = SERVICES.flatMap(name =>
    state.services[name].map(async ({url, flapping, restarts}) => {
      if (flapping) return [`${name} keeps ending (${restarts} restarts)`]
      try {
        const response = await fetch(`${url}/health/ready`, {
          signal: AbortSignal.timeout(LOOK_TIMEOUT_MS),
        })
        const text = await response.text()
        return response.ok ? [] : reasonsOf(text).map(reason => `${name}: ${reason}`)
      } catch {
        return [`${name} does not answer at ${url}`]
      }
    }),
  )
  return (await Promise.all(looks)).flat()
}

/** What a service that is not ready says; its answer as it is when that cannot be read. */
function reasonsOf(answer: string): readonly string[] {
  try {
    const {reasons} = JSON.parse(answer) as {reasons?: unknown}
    if (Array.isArray(reasons) && reasons.length > 0) return reasons.map(String)
  } catch {
    // Not ours: a proxy in between.
  }
  return [`not ready: ${answer.slice(0, 300)}`]
}

function describe(
  config: StackConfig,
  state: StackState | undefined,
  keyspace: string,
): Pick<PipelineStatus, 'servers' | 'services'> {
  const {connections} = state ?? config
  const pid = (name: ServerName): number | null => state?.servers[name].pid ?? null
  const services = (name: ServiceName) =>
    (state?.services[name] ?? []).map(({url, pid: own}) => ({url, pid: own}))
  return {
    servers: {
      postgres: {url: connections.DATABASE_URL, pid: pid('postgres')},
      kafka: {brokers: connections.KAFKA_BROKERS, pid: pid('kafka')},
      registry: {url: connections.SCHEMA_REGISTRY_URL, pid: pid('registry')},
      cassandra: {
        contactPoints: connections.CASSANDRA_CONTACT_POINTS,
        localDataCenter: connections.CASSANDRA_LOCAL_DC,
        keyspace,
        pid: pid('cassandra'),
      },
      redis: {url: connections.REDIS_URL, pid: pid('redis')},
    },
    services: {
      ingestor: services('ingestor'),
      processor: services('processor'),
      api: services('api'),
    },
  }
}
