/** Settings of the API. */
import {envReader, type Env, type Setting} from '../platform/config.ts'
import {
  readCassandraConnection,
  readDatabaseUrl,
  readKafkaConnection,
  readRedisKeyPrefix,
  readRedisUrl,
  readRegistryConnection,
  readStreamsFolder,
  type CassandraConnection,
  type KafkaConnection,
  type RegistryConnection,
} from '../platform/connections.ts'
import {localAddress, NOWHERE} from '../platform/environment.ts'
import {readLogLevel, type LogLevel} from '../platform/log.ts'
import {isForThisMachine} from './access.ts'

export interface ApiConfig {
  readonly host: string
  readonly port: number
  readonly logLevel: LogLevel
  /** `open`: no key needed, only for this machine. `keys`: every request but health needs one. */
  readonly access: 'open' | 'keys'
  readonly production: boolean
  /** Origins that browsers may call from, besides our own pages. */
  readonly corsOrigins: readonly string[]
  readonly trustProxy: boolean
  readonly bodyBytesMax: number
  /** Requests a minute; 0 turns the limit off. */
  readonly perKeyPerMinute: number
  readonly perAddressPerMinute: number
  readonly requestTimeoutMs: number
  /** Requests answered at one moment; more are told to come back. */
  readonly inFlightMax: number
  /** Delay of the event loop from which on requests are told to come back; 0 turns this off. */
  readonly eventLoopDelayMsMax: number
  /** How long one call to a store may take. */
  readonly storeTimeoutMs: number
  /** Longest wait of `wait_ms`. */
  readonly waitMsMax: number
  /** How long an answer that takes many questions is given to others, too. */
  readonly insightKeptMs: number
  readonly liveClientsMax: number
  readonly livePerAddressMax: number
  readonly processorGroupId: string
  readonly pagesFolder: string
  readonly streamsFolder: string
  readonly relayUrls: readonly string[]
  readonly processorUrls: readonly string[]
  readonly workerUrls: readonly string[]
}

export interface ApiConnections {
  readonly databaseUrl: string
  readonly redisUrl: string
  readonly redisKeyPrefix: string
  readonly kafka: KafkaConnection
  readonly registry: RegistryConnection
  readonly cassandra: CassandraConnection
}

/** Where services are asked how they do; `none`: that there are none is as it should be. */
const SERVICE_URLS = ['API_RELAY_URLS', 'API_PROCESSOR_URLS', 'API_WORKER_URLS'] as const
const ORIGIN = /^https?:\/\/[\w.-]+(:\d{1,5})?$/

/** @throws `CONFIG_INVALID` that lists every problem */
export function readApiConfig(env: Env): {
  readonly config: ApiConfig
  readonly connections: ApiConnections
  readonly settings: readonly Setting[]
} {
  const read = envReader(env)
  const host = read.text('API_HOST', '127.0.0.1', /^[\w.:[\]-]{1,255}$/)
  const publishedOn = read.text('API_PUBLISHED_ON', '', /^[\w.:[\]-]{0,255}$/)
  const production = read.choice('NODE_ENV', 'development', ['development', 'production', 'test'])
  const mayBeOpen = isForThisMachine({host, publishedOn}) && production !== 'production'
  const access = read.choice('API_ACCESS', mayBeOpen ? 'open' : 'keys', ['open', 'keys'])
  if (access === 'open' && !mayBeOpen) {
    read.problem(
      'API_ACCESS',
      'open is for a loopback API_HOST, or in a container API_PUBLISHED_ON, outside production only',
    )
  }
  const corsOrigins = listOf(read.text('API_CORS_ORIGINS', ''))
  for (const origin of corsOrigins) {
    if (!ORIGIN.test(origin)) read.problem('API_CORS_ORIGINS', `${origin} is not an origin`)
  }
  // On the open loopback there is nobody to be fair to: limits are off until they are set.
  const perMinute = access === 'open' ? 0 : 6000
  const urlsOf = (name: (typeof SERVICE_URLS)[number]): readonly string[] => {
    const text = read.text(name, localAddress(name, {}))
    return text === NOWHERE ? [] : listOf(text)
  }
  const config: ApiConfig = {
    host,
    port: read.int('API_PORT', 3000, {min: 0, max: 65_535}),
    logLevel: readLogLevel(read),
    access,
    production: production === 'production',
    corsOrigins,
    trustProxy: read.flag('API_TRUST_PROXY', false),
    bodyBytesMax: read.int('API_BODY_BYTES_MAX', 2_097_152, {min: 1024, max: 16_777_216}),
    perKeyPerMinute: read.int('API_KEY_LIMIT_PER_MINUTE', perMinute, {min: 0, max: 10_000_000}),
    perAddressPerMinute: read.int('API_ADDRESS_LIMIT_PER_MINUTE', perMinute * 2, {
      min: 0,
      max: 10_000_000,
    }),
    requestTimeoutMs: read.int('API_REQUEST_TIMEOUT_MS', 30_000, {min: 1000, max: 600_000}),
    inFlightMax: read.int('API_IN_FLIGHT_MAX', 2000, {min: 1, max: 1_000_000}),
    eventLoopDelayMsMax: read.int('API_EVENT_LOOP_DELAY_MS_MAX', 1500, {min: 0, max: 60_000}),
    storeTimeoutMs: read.int('API_STORE_TIMEOUT_MS', 2000, {min: 50, max: 60_000}),
    waitMsMax: read.int('API_WAIT_MS_MAX', 20_000, {min: 0, max: 60_000}),
    insightKeptMs: read.int('API_INSIGHT_KEPT_MS', 60_000, {min: 1, max: 3_600_000}),
    liveClientsMax: read.int('API_LIVE_CLIENTS_MAX', 1000, {min: 1, max: 100_000}),
    livePerAddressMax: read.int('API_LIVE_PER_ADDRESS_MAX', 100, {min: 1, max: 100_000}),
    processorGroupId: read.text('PROCESSOR_GROUP_ID', 'processor', /^[\w.-]{1,200}$/),
    streamsFolder: readStreamsFolder(read),
    pagesFolder: read.text('API_PAGES', 'dashboard/dist'),
    relayUrls: urlsOf('API_RELAY_URLS'),
    processorUrls: urlsOf('API_PROCESSOR_URLS'),
    workerUrls: urlsOf('API_WORKER_URLS'),
  }
  const connections: ApiConnections = {
    databaseUrl: readDatabaseUrl(read),
    redisUrl: readRedisUrl(read),
    redisKeyPrefix: readRedisKeyPrefix(read),
    kafka: readKafkaConnection(read),
    registry: readRegistryConnection(read),
    cassandra: readCassandraConnection(read),
  }
  read.finish()
  return {config, connections, settings: read.settings()}
}

const listOf = (text: string): readonly string[] =>
  text
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '')
