/**
 * Compares what is stored with SQL over PostgreSQL. Exit status 0 only when everything is equal, 1
 * when something differs, 2 when it could not be told. Progress is kept, so a run that was
 * interrupted goes on with `--resume`.
 */
import {existsSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {dirname} from 'node:path'
import {parseArgs} from 'node:util'
import {engagement} from '../contracts/engagement.ts'
import {topicName} from '../contracts/topics.ts'
import {readContentIds, readContentIdsOfDay} from '../db/truth.ts'
import {openCassandra} from '../platform/cassandra.ts'
import {envReader, withSecretFiles, type Env} from '../platform/config.ts'
import {
  readCassandraConnection,
  readDatabaseUrl,
  readKafkaConnection,
  readRedisUrl,
} from '../platform/connections.ts'
import {messageOf} from '../platform/errors.ts'
import {openAdmin} from '../platform/kafka-clients.ts'
import {createLogger} from '../platform/log.ts'
import {createPool} from '../platform/postgres.ts'
import {openRedis} from '../platform/redis.ts'
import {compareActivity} from './reconcile/activity.ts'
import {compareContents, compareGoneContents, compareRawEvents} from './reconcile/content.ts'
import {Differences, type Difference, type OracleDeps} from './reconcile/differences.ts'
import {comparePlatform, compareWindows} from './reconcile/platform.ts'

const USAGE = `usage: npm run reconcile                      everything that is stored
       npm run reconcile -- --day 2026-01-31     contents with events on that UTC day
       npm run reconcile -- --content ID
       --resume          goes on where an interrupted run was
       --progress FILE   where that is kept`

const PROGRESS_FILE = '.stack/reconcile.json'
const CONTENTS_AT_ONCE = 20

interface Progress {
  /** Which keyspace and database were compared: a run over others does not go on here. */
  readonly of: string
  /** Contents up to this one are done. */
  readonly after: string | null
  readonly contents: number
  readonly differences: Counts
}

/** Differences by where they are: `cassandra`, `redis`, `raw`, `user`, … */
type Counts = Readonly<Record<string, number>>

interface Plan {
  readonly of: string
  readonly day: string | undefined
  readonly content: string | undefined
  readonly resume: boolean
  readonly progressFile: string
}

function readProgress({of, resume, progressFile}: Plan): Progress {
  const none = {of, after: null, contents: 0, differences: {}}
  if (!resume || !existsSync(progressFile)) return none
  const kept = JSON.parse(readFileSync(progressFile, 'utf8')) as Progress
  return kept.of === of ? kept : none
}

function keepProgress(progress: Progress, file: string): void {
  mkdirSync(dirname(file), {recursive: true})
  writeFileSync(file, JSON.stringify(progress))
}

function add(counts: Counts, found: readonly Difference[]): Counts {
  const sums: Record<string, number> = {...counts}
  for (const {what} of found) {
    const [where = ''] = what.split(' ', 1)
    sums[where] = (sums[where] ?? 0) + 1
  }
  return sums
}

const totalOf = (counts: Counts): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0)

function report(differences: readonly Difference[]): void {
  for (const {what, expected, actual} of differences) {
    console.log(`differs: ${what}: SQL ${String(expected)}, stored ${String(actual)}`)
  }
}

/** Every content, then what belongs to none. */
async function reconcileAll(deps: OracleDeps, plan: Plan): Promise<Counts> {
  let progress = readProgress(plan)
  if (progress.after !== null) console.log(`going on after content ${progress.after}`)
  for (;;) {
    const page = {after: progress.after, limit: CONTENTS_AT_ONCE}
    const ids = await readContentIds(deps.pg, page)
    const found = await compareContents(deps, ids)
    report(found)
    progress = {
      after: ids.at(-1) ?? progress.after,
      contents: progress.contents + ids.length,
      differences: add(progress.differences, found),
      of: plan.of,
    }
    keepProgress(progress, plan.progressFile)
    console.log(
      `${progress.contents} contents compared, ${totalOf(progress.differences)} differences`,
    )
    if (ids.length < CONTENTS_AT_ONCE) break
  }
  const rest = new Differences()
  await compareRawEvents(rest, deps, null)
  const others = [
    ...(await compareGoneContents(deps)),
    ...rest.list,
    ...(await comparePlatform(deps)),
    ...(await compareWindows(deps, Math.floor(Date.now() / 1000))),
    ...(await compareActivity(deps)),
  ]
  report(others)
  console.log(
    `contents without events, events without content, platform, windows, activity: ${others.length} differences`,
  )
  rmSync(plan.progressFile, {force: true})
  return add(progress.differences, others)
}

async function reconcile(deps: OracleDeps, plan: Plan): Promise<Counts> {
  const {day, content} = plan
  if (content === undefined && day === undefined) return await reconcileAll(deps, plan)
  const ids = content === undefined ? await readContentIdsOfDay(deps.pg, day!) : [content]
  let differences: Counts = {}
  for (const [i, id] of ids.entries()) {
    const found = await compareContents(deps, [id])
    report(found)
    differences = add(differences, found)
    console.log(`${i + 1} of ${ids.length} contents compared, ${totalOf(differences)} differences`)
  }
  return differences
}

async function run(env: Env, values: ReturnType<typeof readArguments>): Promise<Counts> {
  const read = envReader(env)
  const databaseUrl = readDatabaseUrl(read)
  const cassandraConnection = readCassandraConnection(read)
  const kafka = readKafkaConnection(read)
  const redisUrl = readRedisUrl(read)
  read.finish()
  await using resources = new AsyncDisposableStack()
  const pg = createPool(databaseUrl, {applicationName: 'reconcile', connectionsMax: 4})
  resources.defer(() => pg.end())
  const admin = await openAdmin(kafka, {
    clientId: 'reconcile',
    log: createLogger('reconcile', 'warn'),
  })
  resources.defer(() => admin.close())
  const {keyspace} = cassandraConnection
  const cassandra = resources.use(await openCassandra(cassandraConnection, {keyspace}))
  const redis = resources.use(await openRedis(redisUrl, {name: 'reconcile'}))
  const offsets = await admin.offsets(topicName(kafka.topicPrefix, engagement.topic))
  return await reconcile(
    {pg, cassandra, redis, partitions: offsets.length},
    {
      of: `${keyspace} ${new URL(databaseUrl).host}${new URL(databaseUrl).pathname}`,
      day: values.day,
      content: values.content,
      resume: values.resume === true,
      progressFile: values.progress,
    },
  )
}

function readArguments() {
  const {values} = parseArgs({
    options: {
      day: {type: 'string'},
      content: {type: 'string'},
      resume: {type: 'boolean'},
      progress: {type: 'string', default: PROGRESS_FILE},
      help: {type: 'boolean'},
    },
  })
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
