/** Settings of the stack: ports, folders, heaps, and which servers run elsewhere. */
import {availableParallelism} from 'node:os'
import {resolve} from 'node:path'
import {
  instancePort,
  localAddress,
  PROJECT_FOLDER,
  stackFolder,
  usualPort,
} from '../platform/environment.ts'
import {StackError} from './errors.ts'
import {OLDER_VERSIONS, POSTGRES_NEWEST} from './postgres-binaries.ts'

export type Env = Readonly<Record<string, string | undefined>>

export const SERVERS = ['postgres', 'kafka', 'registry', 'cassandra', 'redis'] as const
export type ServerName = (typeof SERVERS)[number]

export const SERVICES = ['ingestor', 'processor', 'worker', 'api'] as const
export type ServiceName = (typeof SERVICES)[number]

/** Something of each service, under its name. */
export const byService = <T>(of: (name: ServiceName) => T): Readonly<Record<ServiceName, T>> =>
  Object.fromEntries(SERVICES.map(name => [name, of(name)])) as Record<ServiceName, T>

/** Every port that the stack may listen on: variable, default, who needs it. */
const PORTS = {
  postgres: {variable: 'POSTGRES_PORT', fallback: usualPort('POSTGRES_PORT'), owner: 'PostgreSQL'},
  kafka: {variable: 'KAFKA_PORT', fallback: usualPort('KAFKA_PORT'), owner: 'Kafka'},
  kafkaController: {variable: 'KAFKA_CONTROLLER_PORT', fallback: 9093, owner: "Kafka's controller"},
  registry: {
    variable: 'REGISTRY_PORT',
    fallback: usualPort('REGISTRY_PORT'),
    owner: 'the schema registry',
  },
  cassandra: {
    variable: 'CASSANDRA_PORT',
    fallback: usualPort('CASSANDRA_PORT'),
    owner: 'Cassandra',
  },
  cassandraStorage: {
    variable: 'CASSANDRA_STORAGE_PORT',
    fallback: 7000,
    owner: "Cassandra's gossip",
  },
  cassandraJmx: {variable: 'CASSANDRA_JMX_PORT', fallback: 7199, owner: "Cassandra's JMX"},
  redis: {variable: 'REDIS_PORT', fallback: usualPort('REDIS_PORT'), owner: 'Redis'},
  api: {variable: 'API_PORT', fallback: 3000, owner: 'the API'},
  relay: {variable: 'RELAY_PORT', fallback: usualPort('RELAY_PORT'), owner: 'the ingestor'},
  processor: {
    variable: 'PROCESSOR_PORT',
    fallback: usualPort('PROCESSOR_PORT'),
    owner: 'the processor',
  },
  worker: {variable: 'WORKER_PORT', fallback: usualPort('WORKER_PORT'), owner: 'the worker'},
} as const
export type PortName = keyof typeof PORTS

export interface Port {
  readonly port: number
  readonly variable: string
  readonly owner: string
}

/** Where the servers are, under the names of the variables that services read. */
export interface Connections {
  readonly DATABASE_URL: string
  readonly KAFKA_BROKERS: string
  readonly SCHEMA_REGISTRY_URL: string
  readonly CASSANDRA_CONTACT_POINTS: string
  readonly CASSANDRA_LOCAL_DC: string
  readonly REDIS_URL: string
}

export interface StackConfig {
  /** Data, logs and records of running processes. */
  readonly folder: string
  /** Downloaded servers; outside the data, so that a reset downloads nothing. */
  readonly cache: string
  readonly ports: Readonly<Record<PortName, Port>>
  readonly heaps: {readonly kafka: string; readonly cassandra: string; readonly registry: string}
  readonly redisMemory: string
  readonly preparedTransactions: number
  /** Major version of the PostgreSQL that is started. */
  readonly postgresVersion: number
  /** Put after the other options of every JVM. */
  readonly jvmOptions: readonly string[]
  readonly java: {readonly chosen: string | undefined; readonly home: string | undefined}
  readonly redisServer: string | undefined
  readonly cores: number
  /** False: a crash of the machine may lose data. For tests. */
  readonly durable: boolean
  readonly external: readonly ServerName[]
  readonly connections: Connections
  readonly counts: Readonly<Record<ServiceName, number>>
  readonly startTimeoutMs: number
}

const CONNECTION_OF = {
  postgres: 'DATABASE_URL',
  kafka: 'KAFKA_BROKERS',
  registry: 'SCHEMA_REGISTRY_URL',
  cassandra: 'CASSANDRA_CONTACT_POINTS',
  redis: 'REDIS_URL',
} as const satisfies Record<ServerName, keyof Connections>

/** The variable that says where a server is. */
export const connectionVariable = (server: ServerName): string => CONNECTION_OF[server]

/** @throws StackError with every problem at once */
export function readStackConfig(env: Env): StackConfig {
  const problems: string[] = []
  const value = (name: string): string | undefined => (env[name] === '' ? undefined : env[name])
  const int = (name: string, fallback: number, min: number, max: number): number => {
    const raw = value(name) ?? String(fallback)
    const number = Number(raw)
    if (/^\d+$/.test(raw) && number >= min && number <= max) return number
    problems.push(`${name}=${JSON.stringify(raw)}: expected an integer from ${min} to ${max}`)
    return fallback
  }
  const size = (name: string, fallback: string): string => {
    const raw = value(name) ?? fallback
    if (!/^[1-9]\d{0,6}[mg]$/i.test(raw)) {
      problems.push(`${name}=${JSON.stringify(raw)}: expected a size such as 512m or 2g`)
    }
    return raw
  }
  const choice = (name: string, choices: readonly [string, ...string[]]): string => {
    const raw = value(name) ?? choices[0]
    if (choices.includes(raw)) return raw
    problems.push(`${name}=${JSON.stringify(raw)}: expected ${choices.join(' or ')}`)
    return choices[0]
  }

  const ports = Object.fromEntries(
    Object.entries(PORTS).map(([name, {variable, fallback, owner}]) => [
      name,
      {port: int(variable, fallback, 1, 65_535), variable, owner},
    ]),
  ) as Record<PortName, Port>
  const local: Connections = {
    DATABASE_URL: localAddress('DATABASE_URL', env),
    KAFKA_BROKERS: localAddress('KAFKA_BROKERS', env),
    SCHEMA_REGISTRY_URL: localAddress('SCHEMA_REGISTRY_URL', env),
    CASSANDRA_CONTACT_POINTS: localAddress('CASSANDRA_CONTACT_POINTS', env),
    CASSANDRA_LOCAL_DC: 'datacenter1',
    REDIS_URL: localAddress('REDIS_URL', env),
  }
  const allExternal = choice('STACK', ['local', 'external']) === 'external'
  const connections = Object.fromEntries(
    Object.entries(local).map(([name, ours]) => [name, value(name) ?? ours]),
  ) as unknown as Connections
  const external = SERVERS.filter(server => {
    const name = CONNECTION_OF[server]
    if (addressOf(server, connections[name]) === undefined) {
      problems.push(`${name} does not say where ${ports[server].owner} is`)
      return true
    }
    return allExternal || !sameAddress(server, connections[name], local[name])
  })

  const config: StackConfig = {
    folder: stackFolder(env),
    cache: resolve(PROJECT_FOLDER, value('STACK_CACHE') ?? '.stack/lib'),
    ports,
    heaps: {
      kafka: size('KAFKA_HEAP', '512m'),
      cassandra: size('CASSANDRA_HEAP', '512m'),
      registry: size('REGISTRY_HEAP', '384m'),
    },
    postgresVersion: int(
      'STACK_POSTGRES_VERSION',
      POSTGRES_NEWEST,
      OLDER_VERSIONS[0]!,
      POSTGRES_NEWEST,
    ),
    preparedTransactions: int('POSTGRES_PREPARED_TRANSACTIONS', 0, 0, 1000),
    redisMemory: size('REDIS_MEMORY', '1g'),
    jvmOptions: (value('STACK_JVM_OPTIONS') ?? '').split(/\s+/).filter(option => option !== ''),
    java: {chosen: value('STACK_JAVA'), home: value('JAVA_HOME')},
    redisServer: value('STACK_REDIS_SERVER'),
    cores: availableParallelism(),
    durable: choice('STACK_DURABLE', ['true', 'false']) === 'true',
    external,
    connections,
    counts: {
      ingestor: int('INGESTOR_COUNT', 1, 0, 9),
      processor: int('PROCESSOR_COUNT', 1, 0, 9),
      worker: int('WORKER_COUNT', 1, 0, 9),
      api: int('API_COUNT', 1, 0, 9),
    },
    startTimeoutMs: int('STACK_START_TIMEOUT_MS', 180_000, 1000, 3_600_000),
  }
  problems.push(...portProblems(config))
  if (problems.length > 0) {
    throw new StackError(
      `invalid configuration, correct these variables:\n  ${problems.join('\n  ')}`,
    )
  }
  return config
}

/** Ports of the servers that we start ourselves. */
export function serverPorts(server: ServerName, config: StackConfig): readonly Port[] {
  const {ports} = config
  if (server === 'kafka') return [ports.kafka, ports.kafkaController]
  if (server === 'cassandra') return [ports.cassandra, ports.cassandraStorage, ports.cassandraJmx]
  return [ports[server]]
}

/** Ports of the services that we start. */
export function servicePorts(config: StackConfig): readonly Port[] {
  const of = (port: Port, count: number): readonly Port[] =>
    Array.from({length: count}, (_, index) => ({...port, port: instancePort(port.port, index)}))
  const {ports, counts} = config
  return [
    ...of(ports.relay, counts.ingestor),
    ...of(ports.processor, counts.processor),
    ...of(ports.worker, counts.worker),
    ...of(ports.api, counts.api),
  ]
}

function portProblems(config: StackConfig): readonly string[] {
  const seen = new Map<number, string>()
  const all = [
    ...SERVERS.filter(s => !config.external.includes(s)).flatMap(s => serverPorts(s, config)),
    ...servicePorts(config),
  ]
  return all.flatMap(({port, variable}) => {
    const other = seen.get(port)
    seen.set(port, variable)
    return other === undefined ? [] : [`${variable} and ${other} are both ${port}`]
  })
}

/** Host and port of the first address in a connection variable. */
export function addressOf(
  server: ServerName,
  connection: string,
): {readonly host: string; readonly port: number} | undefined {
  const first = connection.split(',')[0]!.trim()
  const isUrl = server === 'postgres' || server === 'registry' || server === 'redis'
  const text = isUrl ? first : `tcp://${first}`
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  const usual: Readonly<Record<string, number>> = {'http:': 80, 'https:': 443}
  const port = url.port === '' ? (usual[url.protocol] ?? PORTS[server].fallback) : Number(url.port)
  const host = url.hostname.replaceAll(/^\[|\]$/g, '')
  return host === '' ? undefined : {host, port}
}

function sameAddress(server: ServerName, one: string, other: string): boolean {
  const [a, b] = [addressOf(server, one), addressOf(server, other)]
  const name = (host: string | undefined): string | undefined =>
    host === 'localhost' ? '127.0.0.1' : host
  return a?.port === b?.port && name(a?.host) === name(b?.host)
}
