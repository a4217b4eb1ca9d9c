/**
 * Compares what is stored with SQL over PostgreSQL, for every declared stream. Exit status 0 only when
 * everything is equal, 1 when something differs, 2 when it could not be told. Progress is kept, so a run that
 * was interrupted goes on with `--resume`.
 */
import {existsSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {dirname} from 'node:path'
import {parseArgs} from 'node:util'
import type {Stream} from '../contracts/stream.ts'
import {topicName} from '../contracts/topics.ts'
import {openCassandra} from '../platform/cassandra.ts'
import {envReader, withSecretFiles, type Env} from '../platform/config.ts'
import {
  readCassandraConnection,
  readDatabaseUrl,
  readKafkaConnection,
  readRedisKeyPrefix,
  readRedisUrl,
  readStreamsFolder,
} from '../platform/connections.ts'
import {messageOf} from '../platform/errors.ts'
import {openAdmin} from '../platform/kafka-clients.ts'
import {createLogger} from '../platform/log.ts'
import {createPool} from '../platform/postgres.ts'
import {openRedis} from '../platform/redis.ts'
import {readSpace} from '../readmodel/migrate.ts'
import {underPrefix} from '../readmodel/redis-keys.ts'
import {loadStreams} from '../streams/load.ts'
import {openStream, type Compared, type Difference} from './reconcile/differences.ts'
import {
  compareKeys,
  compareRest,
  KEYS_AT_ONCE,
  readKeys,
  readKeysOfDay,
} from './reconcile/stream.ts'

const USAGE = `usage: npm run reconcile                      everything that is stored
       npm run reconcile -- --day 2026-01-31     keys with events on that UTC day
       npm run reconcile -- --key ID             one key: a content, a user, ... (also --content ID)
       --stream NAME     of that stream only
       --resume          goes on where an interrupted run was
       --progress FILE   where that is kept`

const PROGRESS_FILE = '.stack/reconcile.json'

interface Progress {
  /** Which keyspace and database were compared: a run over others does not go on here. */
  readonly of: string
  /** Streams that are done. */
  readonly done: readonly string[]
  /** Of the present stream, keys up to this one are done. */
  readonly after: string | null
  readonly keys: number
  readonly differences: Counts
}

/** Differences by where they are: `cassandra`, `redis`, `raw`. */
type Counts = Record<string, number>

interface Plan {
  readonly of: string
  readonly resume: boolean
  readonly progressFile: string
}

function readProgress({of, resume, progressFile}: Plan): Progress {
  const none = {of, done: [], after: null, keys: 0, differences: {}}
  if (!resume || !existsSync(progressFile)) return none
  const kept = JSON.parse(readFileSync(progressFile, 'utf8')) as Progress
  return kept.of === of ? kept : none
}

function keepProgress(progress: Progress, file: string): void {
  mkdirSync(dirname(file), {recursive: true})
  writeFileSync(file, JSON.stringify(progress))
}

const totalOf = (counts: Counts): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0)

/** Prints each difference, and counts it. */
function reportTo(counts: Counts): (difference: Difference) => void {
  return ({what, expected, actual}) => {
    const [where = ''] = what.split(' ', 1)
    counts[where] = (counts[where] ?? 0) + 1
    console.log(`differs: ${what}: SQL ${String(expected)}, stored ${String(actual)}`)
  }
}

type Open = (stream: Stream, report: Compared['report']) => Promise<Compared>

/** Every key of every stream, then what belongs to none. */
async function reconcileAll(streams: readonly Stream[], open: Open, plan: Plan): Promise<Counts> {
  const {differences, ...before} = readProgress(plan)
  const done = [...before.done]
  let {after, keys} = before
  if (after !== null) console.log(`going on after ${after}`)
  for (const stream of streams.filter(({name}) => !done.includes(name))) {
    const at = await open(stream, reportTo(differences))
    const keep = (): void =>
      keepProgress({of: plan.of, done, after, keys, differences}, plan.progressFile)
    for (;;) {
      const page = await readKeys(at, after)
      await compareKeys(at, page)
      keys += page.length
      after = page.at(-1) ?? after
      keep()
      console.log(`${stream.name}: ${keys} keys compared, ${totalOf(differences)} differences`)
      if (page.length < KEYS_AT_ONCE) break
    }
    await compareRest(at, Math.floor(Date.now() / 1000))
    console.log(`${stream.name}: all compared, ${totalOf(differences)} differences`)
    done.push(stream.name)
    after = null
    keys = 0
    keep()
  }
  rmSync(plan.progressFile, {force: true})
  return differences
}

/** Given keys, or those of a day. */
async function reconcileSome(
  streams: readonly Stream[],
  open: Open,
  keysOf: (at: Compared) => Promise<readonly string[]>,
): Promise<Counts> {
  const differences: Counts = {}
  for (const stream of streams) {
    const at = await open(stream, reportTo(differences))
    const keys = await keysOf(at)
    for (let i = 0; i < keys.length; i += KEYS_AT_ONCE) {
      const some = keys.slice(i, i + KEYS_AT_ONCE)
      await compareKeys(at, some, {withRaw: true})
      console.log(
        `${stream.name}: ${i + some.length} of ${keys.length} keys compared, ${totalOf(differences)} differences`,
      )
    }
  }
  return differences
}

type Values = ReturnType<typeof readArguments>

async function run(env: Env, values: Values): Promise<Counts> {
  const read = envReader(env)
  const databaseUrl = readDatabaseUrl(read)
  const cassandraConnection = readCassandraConnection(read)
  const kafka = readKafkaConnection(read)
  const redisUrl = readRedisUrl(read)
  const keyPrefix = readRedisKeyPrefix(read)
  const streamsFolder = readStreamsFolder(read)
  read.finish()
  const streams = underPrefix(keyPrefix, await chooseStreams(streamsFolder, values.stream))
  await using resources = new AsyncDisposableStack()
  const pg = createPool(databaseUrl, {applicationName: 'reconcile', connectionsMax: 4})
  resources.defer(() => pg.end())
  const admin = await openAdmin(kafka, {
    clientId: 'reconcile',
    log: createLogger('reconcile', 'warn'),
  })
  resources.defer(() => admin.close())
  const keyspace = values.keyspace ?? cassandraConnection.keyspace
  const cassandra = resources.use(await openCassandra(cassandraConnection, {keyspace}))
  const redis = resources.use(await openRedis(redisUrl, {name: 'reconcile'}))
  const space = await readSpace(cassandra)
  const open: Open = async (stream, report) => {
    const offsets = await admin.offsets(topicName(kafka.topicPrefix, stream.topic))
    return openStream({pg, cassandra, redis, space}, stream, {partitions: offsets.length, report})
  }
  const {day, content, key = content} = values
  if (key !== undefined) return await reconcileSome(streams, open, async () => [key])
  if (day !== undefined) {
    return await reconcileSome(streams, open, at => readKeysOfDay(at, Date.parse(day) / 1000))
  }
  const {host, pathname} = new URL(databaseUrl)
  return await reconcileAll(streams, open, {
    of: [keyspace, `${host}${pathname}`, ...streams.map(({name}) => name)].join(' '),
    resume: values.resume === true,
    progressFile: values.progress,
  })
}

async function chooseStreams(folder: string, name: string | undefined): Promise<readonly Stream[]> {
  const counted = (await loadStreams(folder)).filter(({isReference}) => !isReference)
  const chosen = name === undefined ? counted : counted.filter(stream => stream.name === name)
  if (chosen.length > 0) return chosen
  const names = counted.map(stream => stream.name).join(', ')
  throw new TypeError(`there is no stream ${name}; there are ${names}`)
}

function readArguments() {
  const {values} = parseArgs({
    options: {
      day: {type: 'string'},
      key: {type: 'string'},
      content: {type: 'string'},
      stream: {type: 'string'},
      keyspace: {type: 'string'},
      resume: {type: 'boolean'},
      progress: {type: 'string', default: PROGRESS_FILE},
      help: {type: 'boolean'},
    },
  })
  const {day} = values
  if (day !== undefined && !/^\d{4}-\d\d-\d\d$/.test(day)) {
    throw new TypeError(`--day ${day} is no day: give it as 2026-01-31`)
  }
  return values
}

async function main(): Promise<number> {
  const values = readArguments()
  if (values.help === true) {
    console.log(USAGE)
    return 0
  }
  const env = withSecretFiles(process.env, path => readFileSync(path, 'utf8'))
  const counts = await run(env, values)
  const differences = totalOf(counts)
  const where = Object.entries(counts).map(([name, count]) => `${name} ${count}`)
  console.log(differences === 0 ? 'equal' : `${differences} differences: ${where.join(', ')}`)
  return differences === 0 ? 0 : 1
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(messageOf(error))
  process.exitCode = 2
}
