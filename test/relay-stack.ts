/** Real relays on real servers: processes to kill, topics to read back. */
import {spawn, type ChildProcess} from 'node:child_process'
import {once} from 'node:events'
import {createInterface} from 'node:readline'
import {setTimeout as sleep} from 'node:timers/promises'
import {pino} from 'pino'
import type {RecordMeta} from '../contracts/record.ts'
import type {Stream} from '../contracts/stream.ts'
import {DEFAULT_PARTITIONS, idCeilingTopic, topicName, valueSubject} from '../contracts/topics.ts'
import {createDecoder} from '../platform/avro-codec.ts'
import type {Env} from '../platform/config.ts'
import {openAdmin} from '../platform/kafka-clients.ts'
import {createRecordReader} from '../platform/kafka-platformatic-reader.ts'
import {openClient, type Client} from '../platform/postgres.ts'
import {createRegistry} from '../platform/registry.ts'
import {loadStreams} from '../streams/load.ts'
import {connectionEnv, kafkaConnection, registryConnection} from './connections.ts'
import {createTestDatabase, prepareDatabase, testTopicPrefix} from './isolation.ts'
import type {CheckedRecord} from './relay-checker.ts'

const streams = await loadStreams('streams/sample')
const log = pino({level: 'silent'})

export type PublishedRecord = RecordMeta &
  Readonly<Record<string, unknown>> & {
    readonly topic: string
    readonly partition: number
    readonly offset: number
    readonly headers: Readonly<Record<string, Buffer | string | undefined>>
  }

export interface RelayProcess {
  readonly child: ChildProcess
  readonly url: string
  readonly lines: readonly string[]
  signal(name: NodeJS.Signals): void
  /** Resolves when the process has ended. */
  ended(): Promise<void>
}

export interface RelayStack {
  readonly databaseUrl: string
  readonly client: Client
  startRelay(changes?: Env): Promise<RelayProcess>
  /** Everything in the topics, by partition. */
  readTopics(): Promise<readonly (readonly PublishedRecord[])[]>
  /** Resolves when the outbox has no row that waits. */
  whenPublished(timeoutMs?: number): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Polls a fact until it holds. @throws when it does not in time */
export async function until(
  what: string,
  holds: () => Promise<boolean>,
  timeoutMs = 20_000,
): Promise<void> {
  const end = Date.now() + timeoutMs
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not in ${timeoutMs} ms: ${what}`)
    await sleep(20)
  }
}

async function startProcess(env: Env): Promise<RelayProcess> {
  const child = spawn(process.execPath, ['ingestor/main.ts'], {
    env: {
      ...process.env,
      STREAMS_FOLDER: 'streams/sample',
      ...env,
      RELAY_PORT: '0',
      LOG_LEVEL: 'info',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lines: string[] = []
  const exit = once(child, 'exit')
  const started = Promise.withResolvers<string>()
  createInterface({input: child.stdout}).on('line', line => {
    lines.push(line)
    const {msg, status} = JSON.parse(line) as {msg: string; status?: string}
    if (msg === 'relay started') started.resolve(status!)
  })
  createInterface({input: child.stderr}).on('line', line => lines.push(line))
  void exit.then(() => started.reject(new Error(`the relay ended:\n${lines.join('\n')}`)))
  const url = await started.promise
  return {
    child,
    url,
    lines,
    signal: name => void child.kill(name),
    ended: async () => void (await exit),
  }
}

async function prepareTopics(prefix: string, connections: Env): Promise<void> {
  const admin = await openAdmin(kafkaConnection(connections), {clientId: 'test', log})
  const topics = streams.map(({topic}) => topicName(prefix, topic))
  await admin.ensureTopics([
    ...topics.map(topic => ({topic, partitions: DEFAULT_PARTITIONS})),
    {topic: idCeilingTopic(prefix), partitions: 1},
  ])
  await admin.close()
  const registry = createRegistry(registryConnection())
  for (const {topic, schema} of streams) {
    await registry.register(valueSubject(topicName(prefix, topic)), schema)
  }
}

async function readTopic(prefix: string, {topic, schema}: Stream, connections: Env) {
  const name = topicName(prefix, topic)
  const registry = createRegistry(registryConnection())
  const decoder = createDecoder<RecordMeta & Record<string, unknown>>(schema, id =>
    registry.schemaById(id),
  )
  const reader = createRecordReader(kafkaConnection(connections), 'test')
  const found: PublishedRecord[][] = Array.from({length: DEFAULT_PARTITIONS}, () => [])
  try {
    for (;;) {
      const from = found.map((records, partition) => {
        return {topic: name, partition, offset: (records.at(-1)?.offset ?? -1) + 1}
      })
      const answers = await reader.fetch(from, {bytesMax: 8_000_000, waitMs: 50})
      for (const {partition, records} of answers) {
        for (const {value, offset, headers} of records) {
          await decoder.prepare(value!)
          found[partition]!.push({...decoder.decode(value!)!, topic, partition, offset, headers})
        }
      }
      const isAll = answers.every(({partition, end}) => {
        return (found[partition]!.at(-1)?.offset ?? -1) + 1 >= end
      })
      if (isAll) return found
    }
  } finally {
    await reader.close()
  }
}

/** A database that no test shares: its own cluster has it alone. */
async function ownDatabase(url: string): Promise<{readonly url: string; readonly name: string}> {
  await prepareDatabase(url)
  return {url, name: new URL(url).pathname.slice(1)}
}

/** @param own servers other than those of the test run; a DATABASE_URL leads to an empty database */
export async function openRelayStack(own: Env = {}): Promise<RelayStack> {
  await using resources = new AsyncDisposableStack()
  const ownUrl = own['DATABASE_URL']
  const database =
    ownUrl === undefined ? resources.use(await createTestDatabase()) : await ownDatabase(ownUrl)
  const prefix = testTopicPrefix()
  await prepareTopics(prefix, own)
  const client = await openClient(database.url, {applicationName: 'test'})
  resources.defer(() => client.end().catch(() => undefined))
  // The servers of the tests take prepared transactions, whose triggers must not notify by default.
  await client.query(`ALTER DATABASE ${database.name} SET cdc.wake = 'on'`)
  const relays: RelayProcess[] = []
  resources.defer(async () => {
    for (const {child} of relays) child.kill('SIGKILL')
    await Promise.all(relays.map(relay => relay.ended()))
  })
  const owned = resources.move()
  return {
    databaseUrl: database.url,
    client,
    async startRelay(changes = {}) {
      const relay = await startProcess({
        ...connectionEnv(own),
        DATABASE_URL: database.url,
        TOPIC_PREFIX: prefix,
        RELAY_LOOK_EVERY_MS: '100',
        RELAY_LEASE_MS: '1000',
        RELAY_GRACE_MS: '300',
        ...changes,
      })
      relays.push(relay)
      return relay
    },
    readTopics: async () =>
      (await Promise.all(streams.map(stream => readTopic(prefix, stream, own)))).flat(),
    whenPublished: (timeoutMs = 60_000) =>
      until(
        'everything is published',
        async () => {
          const {rows} = await client.query<{rows: string}>('SELECT rows FROM cdc.unpublished()')
          return rows[0]!.rows === '0'
        },
        timeoutMs,
      ),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** As the checker wants it: versions of a content are counted in its `length_seconds`. */
export const toChecked = (record: PublishedRecord): CheckedRecord => ({
  id: `${record.outbox_id}/${record.created_at}`,
  entity: record.topic === 'content' ? String(record['id']) : null,
  version: Number(record['length_seconds'] ?? 0),
  lanes: record.lanes,
  lane: record.lane,
  epoch: record.epoch,
  redelivered: record.redelivered,
})

/** Identities of all committed rows. */
export async function committedRows(client: Client): Promise<ReadonlySet<string>> {
  const {rows} = await client.query<{id: string}>(
    `SELECT id || '/' || (extract(epoch FROM created_at) * 1000000)::bigint AS id FROM public.outbox_events`,
  )
  return new Set(rows.map(row => row.id))
}
