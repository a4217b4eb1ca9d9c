/** Where the servers are: one reader for every service, so that a variable means the same thing. */
import type {EnvReader} from './config.ts'
import {localAddress} from './environment.ts'

export interface KafkaConnection {
  readonly client: 'kafkajs' | 'platformatic'
  readonly brokers: readonly string[]
  readonly tls: boolean
  readonly sasl?: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
    readonly username: string
    readonly password: string
  }
  /** Put before every topic, subject and dead-letter topic. */
  readonly topicPrefix: string
}

export interface RegistryConnection {
  /** Base URL, path included: Confluent's is `/`, Apicurio's `/apis/ccompat/v7`. */
  readonly url: string
  readonly username?: string
  readonly password?: string
}

export interface CassandraConnection {
  readonly contactPoints: readonly string[]
  readonly localDataCenter: string
  readonly keyspace: string
  readonly tls: boolean
  readonly username?: string
  readonly password?: string
}

/** DATABASE_URL; DATABASE_PASSWORD, when set, takes the place of the password in it. */
export function readDatabaseUrl(read: EnvReader): string {
  const url = read.url('DATABASE_URL', localAddress('DATABASE_URL', {}), [
    'postgres:',
    'postgresql:',
  ])
  const password = read.secret('DATABASE_PASSWORD')
  if (password === undefined || !URL.canParse(url)) return url
  const full = new URL(url)
  full.password = encodeURIComponent(password)
  return full.toString()
}

/** Folder of the files that declare the streams, relative to where the service was started. */
export const readStreamsFolder = (read: EnvReader): string => read.text('STREAMS_FOLDER', 'streams')

export const readRedisUrl = (read: EnvReader): string =>
  read.url('REDIS_URL', localAddress('REDIS_URL', {}), ['redis:', 'rediss:'])

/** In front of the keys that a declaration names: two pipelines that share one Redis have one each. */
export const readRedisKeyPrefix = (read: EnvReader): string =>
  read.text('REDIS_KEY_PREFIX', '', /^[\w.:-]{0,100}$/)

export function readKafkaConnection(read: EnvReader): KafkaConnection {
  const mechanism = read.choice('KAFKA_SASL_MECHANISM', 'none', [
    'none',
    'plain',
    'scram-sha-256',
    'scram-sha-512',
  ])
  const username = read.secret('KAFKA_USERNAME')
  const password = read.secret('KAFKA_PASSWORD')
  if (mechanism !== 'none' && (username === undefined || password === undefined)) {
    read.problem('KAFKA_SASL_MECHANISM', 'set KAFKA_USERNAME and KAFKA_PASSWORD too')
  }
  const base = {
    client: read.choice('KAFKA_CLIENT', 'kafkajs', ['kafkajs', 'platformatic']),
    brokers: read.hosts('KAFKA_BROKERS', localAddress('KAFKA_BROKERS', {})),
    tls: read.flag('KAFKA_TLS', false),
    topicPrefix: read.text('TOPIC_PREFIX', '', /^[\w.-]{0,100}$/),
  } as const
  if (mechanism === 'none' || username === undefined || password === undefined) return base
  return {...base, sasl: {mechanism, username, password}}
}

export function readRegistryConnection(read: EnvReader): RegistryConnection {
  const username = read.secret('SCHEMA_REGISTRY_USERNAME')
  const password = read.secret('SCHEMA_REGISTRY_PASSWORD')
  return {
    url: read.url('SCHEMA_REGISTRY_URL', localAddress('SCHEMA_REGISTRY_URL', {}), [
      'http:',
      'https:',
    ]),
    ...(username === undefined ? {} : {username}),
    ...(password === undefined ? {} : {password}),
  }
}

export function readCassandraConnection(read: EnvReader): CassandraConnection {
  const username = read.secret('CASSANDRA_USERNAME')
  const password = read.secret('CASSANDRA_PASSWORD')
  return {
    contactPoints: read.hosts(
      'CASSANDRA_CONTACT_POINTS',
      localAddress('CASSANDRA_CONTACT_POINTS', {}),
    ),
    localDataCenter: read.text('CASSANDRA_LOCAL_DC', 'datacenter1', /^[\w.-]{1,100}$/),
    keyspace: read.text('CASSANDRA_KEYSPACE', 'content_analytics', /^[a-z]\w{0,47}$/),
    tls: read.flag('CASSANDRA_TLS', false),
    ...(username === undefined ? {} : {username}),
    ...(password === undefined ? {} : {password}),
  }
}

/** Where services that ask the API find it, and the key that they show. */
export function readApiAddress(read: EnvReader): {
  readonly apiUrl: string
  readonly apiKey: string | undefined
} {
  const port = read.int('API_PORT', 3000, {min: 0, max: 65_535})
  return {
    apiUrl: read.url('WORKER_API_URL', `http://127.0.0.1:${port}`, ['http:', 'https:']),
    apiKey: read.secret('WORKER_API_KEY'),
  }
}
