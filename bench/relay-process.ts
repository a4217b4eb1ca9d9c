/** A relay under test, with a database and topics of its own. */
import {randomBytes} from 'node:crypto'
import {createInterface} from 'node:readline'
import {setTimeout as sleep} from 'node:timers/promises'
import {pino} from 'pino'
import {DEFAULT_PARTITIONS, topicName, valueSubject} from '../contracts/topics.ts'
import {envReader, type Env} from '../platform/config.ts'
import {readKafkaConnection, readRegistryConnection} from '../platform/connections.ts'
import {openAdmin} from '../platform/kafka-clients.ts'
import type {KafkaAdmin} from '../platform/kafka.ts'
import {openClient, type Client} from '../platform/postgres.ts'
import {createRegistry} from '../platform/registry.ts'
import {initDatabase} from '../scripts/init-database.ts'
import {topicSpecs} from '../scripts/init.ts'
import {loadStreams} from '../streams/load.ts'
import {spawnService} from './service-process.ts'

export interface RelayBed {
  readonly client: Client
  readonly admin: KafkaAdmin
  readonly databaseUrl: string
  readonly prefix: string
  readonly env: Env
  /** Records in a topic, by their offsets. */
  countRecords(topic: string): Promise<number>
  close(): Promise<void>
}

/** A migrated database, topics with the broker's append time, registered schemas. */
export async function openRelayBed(env: Env): Promise<RelayBed> {
  const name = `bench_${randomBytes(4).toString('hex')}`
  const url = new URL(env['DATABASE_URL']!)
  url.pathname = '/postgres'
  const server = await openClient(url.toString(), {applicationName: 'bench'})
  await server.query(`CREATE DATABASE ${name}`)
  await server.query(`ALTER DATABASE ${name} SET cdc.wake = 'on'`)
  url.pathname = `/${name}`
  const databaseUrl = url.toString()
  const streams = await loadStreams('streams/sample')
  await initDatabase(databaseUrl, streams, () => undefined)
  const client = await openClient(databaseUrl, {applicationName: 'bench'})
  const prefix = `${name}-`
  const kafka = readKafkaConnection(envReader({...env, TOPIC_PREFIX: prefix}))
  const admin = await openAdmin(kafka, {clientId: 'bench', log: pino({level: 'silent'})})
  await admin.ensureTopics(topicSpecs(streams, prefix, DEFAULT_PARTITIONS))
  const registry = createRegistry(readRegistryConnection(envReader(env)))
  for (const {topic, schema} of streams) {
    await registry.register(valueSubject(topicName(prefix, topic)), schema)
  }
  return {
    client,
    admin,
    databaseUrl,
    prefix,
    env: {...env, DATABASE_URL: databaseUrl, TOPIC_PREFIX: prefix, RELAY_PORT: '0'},
    async countRecords(topic) {
      const offsets = await admin.offsets(topicName(prefix, topic))
      return offsets.reduce((sum, {begin, end}) => sum + end - begin, 0)
    },
    async close() {
      await client.end()
      await admin.deleteTopics(streams.map(({topic}) => topicName(prefix, topic)))
      await admin.close()
      await server.query(`DROP DATABASE ${name} WITH (FORCE)`)
      await server.end()
    },
  }
}

export interface RelayUnderTest {
  readonly pid: number
  stop(): Promise<void>
}

/** Starts a relay; resolves when it owns a lane. */
export async function startRelay(bed: RelayBed, changes: Env = {}): Promise<RelayUnderTest> {
  // Slots stay: the rows are published again in the next round.
  const env = {...bed.env, RELAY_ROTATE_EVERY_MS: '3600000', RELAY_GRACE_MS: '0', ...changes}
  const {child, pid, exited, stop} = spawnService(['ingestor/main.ts'], env, [
    'ignore',
    'pipe',
    'inherit',
  ])
  const taken = Promise.withResolvers<undefined>()
  createInterface({input: child.stdout!}).on('line', line => {
    if (line.includes('"lane taken"')) taken.resolve(undefined)
  })
  void exited.then(() => taken.reject(new Error('the relay ended')))
  await taken.promise
  return {pid, stop}
}

/** Fills `content`, then adds events by their trigger, in transactions of 10,000 rows. */
export async function addEvents(client: Client, rows: number, contents = 1_000): Promise<void> {
  await client.query('SET synchronous_commit = off')
  await client.query(
    `INSERT INTO content SELECT md5(g::text)::uuid, 's' || g, 'Title ' || g, 'podcast', 1800, now()
       FROM generate_series(1, $1::int) g ON CONFLICT DO NOTHING`,
    [contents],
  )
  for (let done = 0; done < rows; done += 10_000) {
    await client.query(
      `INSERT INTO engagement_events (content_id, user_id, event_type, event_ts, duration_ms, device, raw_payload)
       SELECT md5((1 + g % $2::int)::text)::uuid, md5((g * 7)::text)::uuid,
              (ARRAY['play', 'pause', 'finish', 'click'])[1 + g % 4], now(), 1000 + g % 100000, 'ios',
              '{"bitrate": "128kbps"}'
         FROM generate_series($1::int + 1, $1::int + $3::int) g`,
      [done, contents, Math.min(10_000, rows - done)],
    )
  }
  await client.query('SET synchronous_commit = on')
}

/** Polls a number until it reaches `target`. @throws after `timeoutMs` without any growth */
export async function untilAtLeast(
  count: () => Promise<number>,
  target: number,
  {everyMs, timeoutMs}: {readonly everyMs: number; readonly timeoutMs: number},
  seen: (value: number, atMs: number) => void = () => {},
): Promise<void> {
  let last = -1
  let grewAt = performance.now()
  for (;;) {
    const value = await count()
    const now = performance.now()
    seen(value, now)
    if (value >= target) return
    if (value > last) [last, grewAt] = [value, now]
    if (now - grewAt > timeoutMs) throw new Error(`stuck at ${value} of ${target}`)
    await sleep(everyMs)
  }
}
