/** A place of its own for each test on shared servers: database, topics, keyspace, Redis. */
import {createHash, randomBytes} from 'node:crypto'
import {globSync, readFileSync} from 'node:fs'
import {inject} from 'vitest'
import type {Stream} from '../contracts/stream.ts'
import {migrate} from '../db/migrate.ts'
import {isSample, makeSampleTables} from '../db/sample-tables.ts'
import {openCassandra} from '../platform/cassandra.ts'
import type {CassandraConnection} from '../platform/connections.ts'
import {openClient, type Client} from '../platform/postgres.ts'
import {openRedis} from '../platform/redis.ts'
import {migrateReadModel} from '../readmodel/migrate.ts'
import {loadStreams} from '../streams/load.ts'
import {cassandraConnection} from './connections.ts'

/** Any number: the advisory lock under which the template database is made. */
const TEMPLATE_LOCK = 913_370_010
const REDIS_DATABASES_MAX = 4096

const randomName = (prefix: string): string => `${prefix}${randomBytes(5).toString('hex')}`

/** The same server, another database. */
function withDatabase(url: string, name: string): string {
  const other = new URL(url)
  other.pathname = `/${name}`
  return other.toString()
}

async function onServer<T>(work: (client: Client) => Promise<T>): Promise<T> {
  const url = withDatabase(inject('connections').DATABASE_URL, 'postgres')
  const client = await openClient(url, {applicationName: 'test-isolation'})
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

export interface TestDatabase {
  readonly url: string
  readonly name: string
  /** Ends its connections and drops it. */
  drop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** A database of its own, migrated unless asked otherwise. */
export async function createTestDatabase({migrated = true} = {}): Promise<TestDatabase> {
  const name = randomName('test_')
  await onServer(async client => {
    const template = migrated ? await ensureTemplate(client) : 'template1'
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`)
  })
  const drop = async (): Promise<void> =>
    await onServer(async client => {
      await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
    })
  const url = withDatabase(inject('connections').DATABASE_URL, name)
  return {url, name, drop, [Symbol.asyncDispose]: drop}
}

/** Makes the migrated database once per state of the migrations; copying it takes a moment only. */
async function ensureTemplate(client: Client): Promise<string> {
  const hash = createHash('sha256')
  for (const file of globSync('db/{migrations,sample}/*.sql').toSorted())
    hash.update(readFileSync(file))
  const template = `template_${hash.digest('hex').slice(0, 12)}`
  await client.query('SELECT pg_advisory_lock($1)', [TEMPLATE_LOCK])
  try {
    const exists = await client.query('SELECT FROM pg_database WHERE datname = $1', [template])
    if (exists.rowCount === 1) return template
    const unfinished = `${template}_unfinished`
    await client.query(`DROP DATABASE IF EXISTS ${unfinished} WITH (FORCE)`)
    await client.query(`CREATE DATABASE ${unfinished}`)
    await prepareDatabase(withDatabase(inject('connections').DATABASE_URL, unfinished))
    await client.query(`ALTER DATABASE ${unfinished} RENAME TO ${template}`)
    return template
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [TEMPLATE_LOCK])
  }
}

/** Migrates an empty database, with the sample's tables, captured; any topic may be attached to. */
export async function prepareDatabase(url: string): Promise<void> {
  const samples = (await loadStreams('streams/sample')).filter(isSample)
  await migrate(url)
  await makeSampleTables(url, samples)
  const client = await openClient(url, {applicationName: 'test-isolation'})
  try {
    for (const {table, topic, keyColumn} of samples) {
      await client.query('SELECT cdc.attach($1::regclass, $2, $3)', [table, topic, keyColumn])
    }
    await client.query('SELECT cdc.grant_roles()')
  } finally {
    await client.end()
  }
}

/** For TOPIC_PREFIX: topics and subjects of one test. */
export const testTopicPrefix = (): string => randomName('t-').concat('-')

export interface TestKeyspace {
  readonly name: string
  readonly connection: CassandraConnection
  drop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** A keyspace of its own with the tables of streams. */
export async function testKeyspace(streams: readonly Stream[]): Promise<TestKeyspace> {
  const name = randomName('t_')
  const connection = cassandraConnection({CASSANDRA_KEYSPACE: name})
  await migrateReadModel(connection, streams)
  const drop = async (): Promise<void> => {
    await using cassandra = await openCassandra(connection)
    await cassandra.transact(`DROP KEYSPACE IF EXISTS ${name}`)
  }
  return {name, connection, drop, [Symbol.asyncDispose]: drop}
}

/**
 * The URL of an empty Redis database that no other test of this run uses at the same time: numbers
 * go round, so a server with 16 databases serves 15 tests at once.
 */
export async function testRedisDb(): Promise<string> {
  const url = new URL(inject('connections').REDIS_URL)
  url.pathname = '/0'
  await using first = await openRedis(url.toString(), {name: 'test-isolation'})
  const reply = (await first.send(['CONFIG', 'GET', 'databases'])) as readonly string[]
  const databases = Math.min(Number(reply[1]), REDIS_DATABASES_MAX)
  const taken = Number(await first.send(['INCR', 'test:databases']))
  url.pathname = `/${1 + (taken % (databases - 1))}`
  await using own = await openRedis(url.toString(), {name: 'test-isolation'})
  await own.send(['FLUSHDB'])
  return url.toString()
}
