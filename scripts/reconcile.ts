/**
 * Compares what is stored with SQL over PostgreSQL: `npm run reconcile -- [--day D | --content ID]
 * [--resume]`. Exit status 0 only when everything is equal. Progress is kept, so a run that was
 * interrupted goes on with `--resume`.
 */
import {mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
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
import {compareActivity} from '../test/oracle-activity.ts'
import {compareContents, compareRawEvents} from '../test/oracle-content.ts'
import {Differences, type Difference, type OracleDeps} from '../test/oracle-differences.ts'
import {comparePlatform, compareWindows} from '../test/oracle-platform.ts'

const PROGRESS_FILE = '.stack/reconcile.json'
const CONTENTS_AT_ONCE = 20

interface Progress {
  /** Contents up to this one are done. */
  readonly after: string | null
  readonly contents: number
  readonly differences: number
}

const NONE: Progress = {after: null, contents: 0, differences: 0}

function readProgress(): Progress {
  try {
    return JSON.parse(readFileSync(PROGRESS_FILE, 'utf8')) as Progress
  } catch {
    return NONE
  }
}

function keepProgress(progress: Progress): void {
  mkdirSync(dirname(PROGRESS_FILE), {recursive: true})
  writeFileSync(PROGRESS_FILE, JSON.stringify(progress))
}

function report(differences: readonly Difference[]): void {
  for (const {what, expected, actual} of differences) {
    console.log(`differs: ${what}: SQL ${String(expected)}, stored ${String(actual)}`)
  }
}

/** Every content, then what belongs to none. @returns how many differences there are */
async function reconcileAll(deps: OracleDeps, resume: boolean): Promise<number> {
  let progress = resume ? readProgress() : NONE
  if (progress.after !== null) console.log(`going on after content ${progress.after}`)
  for (;;) {
    const page = {after: progress.after, limit: CONTENTS_AT_ONCE}
    const ids = await readContentIds(deps.pg, page)
    const found = await compareContents(deps, ids)
    report(found)
    progress = {
      after: ids.at(-1) ?? progress.after,
      contents: progress.contents + ids.length,
      differences: progress.differences + found.length,
    }
    keepProgress(progress)
    console.log(`${progress.contents} contents compared, ${progress.differences} differences`)
    if (ids.length < CONTENTS_AT_ONCE) break
  }
  const rest = new Differences()
  await compareRawEvents(rest, deps, null)
  const others = [
    ...rest.list,
    ...(await comparePlatform(deps)),
    ...(await compareWindows(deps, Math.floor(Date.now() / 1000))),
    ...(await compareActivity(deps)),
  ]
  report(others)
  console.log(`events without content, platform, windows, activity: ${others.length} differences`)
  rmSync(PROGRESS_FILE, {force: true})
  return progress.differences + others.length
}

async function reconcile(deps: OracleDeps): Promise<number> {
  const {values} = parseArgs({
    options: {day: {type: 'string'}, content: {type: 'string'}, resume: {type: 'boolean'}},
  })
  if (values.content === undefined && values.day === undefined) {
    return await reconcileAll(deps, values.resume === true)
  }
  const ids =
    values.content === undefined
      ? await readContentIdsOfDay(deps.pg, values.day!)
      : [values.content]
  let differences = 0
  for (const [i, id] of ids.entries()) {
    const found = await compareContents(deps, [id])
    report(found)
    differences += found.length
    console.log(`${i + 1} of ${ids.length} contents compared, ${differences} differences`)
  }
  return differences
}

async function run(env: Env): Promise<number> {
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
  return await reconcile({pg, cassandra, redis, partitions: offsets.length})
}

try {
  const differences = await run(withSecretFiles(process.env, path => readFileSync(path, 'utf8')))
  console.log(differences === 0 ? 'equal' : `${differences} differences`)
  process.exitCode = differences === 0 ? 0 : 1
} catch (error) {
  console.error(messageOf(error))
  process.exitCode = 2
}
