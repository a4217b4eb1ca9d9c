/**
 * Builds the numbers of streams again from their tables, beside the live stream: a new generation is filled,
 * compared with SQL, and takes the place of the old one.
 *
 * Guarantees    INV-72: answers come from the old generation until the new one has every row; interrupted
 *               anywhere, the same command goes on.
 */
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import type {Stream} from '../contracts/stream.ts'
import {openCassandra} from '../platform/cassandra.ts'
import {envReader, type Env} from '../platform/config.ts'
import {
  readCassandraConnection,
  readDatabaseUrl,
  readKafkaConnection,
  readRedisUrl,
  readRegistryConnection,
  readStreamsFolder,
} from '../platform/connections.ts'
import {PipelineError} from '../platform/errors.ts'
import {openAdmin} from '../platform/kafka-clients.ts'
import {createRecordReader} from '../platform/kafka-platformatic-reader.ts'
import {createLogger} from '../platform/log.ts'
import {openClient, type Client} from '../platform/postgres.ts'
import {openRedis} from '../platform/redis.ts'
import {createRegistry} from '../platform/registry.ts'
import {quoteTable} from '../platform/sql-names.ts'
import {
  catalogEntry,
  changeCatalog,
  generationsOf,
  groupOf,
  readKeyspaces,
  type Generation,
  type GenerationState,
} from '../readmodel/generations.ts'
import {migrateReadModel} from '../readmodel/migrate.ts'
import {loadStreams} from '../streams/load.ts'
import {askYes} from './ask.ts'
import {
  readRate,
  requestBackfill,
  ROWS_PER_SECOND,
  timeText,
  watchBackfill,
  type Backfill,
} from './backfill/requests.ts'
import {runCommand} from './command.ts'
import {COMMANDS} from './commands.ts'
import {dropGenerations} from './rebuild/drop.ts'
import {planRebuild, replacedOf, type RebuildPlan} from './rebuild/plan.ts'
import {writeStart} from './rebuild/start.ts'
import {whenFolded, whenPublished} from './rebuild/wait.ts'

/** Any number: the advisory lock of a rebuild. */
const LOCK = 913_370_013

type Say = (line: string) => void
const say: Say = line => console.log(line)

function readConfig(env: Env) {
  const read = envReader(env)
  const config = {
    databaseUrl: readDatabaseUrl(read),
    kafka: readKafkaConnection(read),
    registry: readRegistryConnection(read),
    cassandra: readCassandraConnection(read),
    redisUrl: readRedisUrl(read),
    streamsFolder: readStreamsFolder(read),
    groupId: read.text('PROCESSOR_GROUP_ID', 'processor', /^[\w.-]{1,100}$/),
    replicas: read.int('CASSANDRA_REPLICATION_FACTOR', 1, {min: 1, max: 9}),
  }
  read.finish()
  return config
}

async function openWorld(config: ReturnType<typeof readConfig>, resources: AsyncDisposableStack) {
  const pg = await openClient(config.databaseUrl, {applicationName: 'rebuild'})
  resources.defer(() => pg.end())
  const log = createLogger('rebuild', 'silent')
  const admin = await openAdmin(config.kafka, {clientId: 'rebuild', log})
  resources.defer(() => admin.close())
  const reader = createRecordReader(config.kafka, 'rebuild')
  resources.defer(() => reader.close())
  const db = resources.use(await openCassandra(config.cassandra, {timeoutMs: 60_000}))
  const redis = resources.use(await openRedis(config.redisUrl, {name: 'rebuild'}))
  const streams = await loadStreams(config.streamsFolder)
  return {config, pg, admin, reader, db, redis, streams, registry: createRegistry(config.registry)}
}
type World = Awaited<ReturnType<typeof openWorld>>

/** @throws when another one is running */
async function lock(pg: Client): Promise<void> {
  const {rows} = await pg.query<{ok: boolean}>('SELECT pg_try_advisory_lock($1) AS ok', [LOCK])
  if (rows[0]?.ok === true) return
  throw new PipelineError(
    'LIMIT_REACHED',
    'another rebuild is running: wait for it, it shows how far it is',
    {
      disposition: 'stop',
    },
  )
}

/** Space and group of the keyspace that is filled. */
interface Target {
  readonly keyspace: string
  readonly space: string
  readonly group: string
  readonly streams: readonly Stream[]
}

type Begin = Extract<RebuildPlan, {readonly kind: 'begin' | 'resume'}>

async function openTarget(world: World, plan: Begin): Promise<Target> {
  const {config, db, pg} = world
  const {keyspace, number, streams} = plan
  const base = config.cassandra.keyspace
  const group = groupOf(config.groupId, base, keyspace)
  if (plan.kind === 'begin') {
    for (const useless of plan.dropFirst) {
      await db.transact(`DROP KEYSPACE IF EXISTS ${useless}`)
      say(`keyspace ${useless} is dropped: nothing of use was in it`)
    }
  }
  const {catalog} = await migrateReadModel({...config.cassandra, keyspace}, streams, {
    replicas: config.replicas,
    number,
    stateOf: () => undefined,
  })
  const {space} = catalog
  if (plan.kind === 'begin') {
    const at = {space, group, topicPrefix: config.kafka.topicPrefix}
    await using cassandra = await openCassandra(config.cassandra, {keyspace})
    const {admin, reader, registry} = world
    for (const stream of streams.filter(({isReference}) => !isReference)) {
      await writeStart({pg, cassandra, admin, reader, registry}, stream, at)
    }
    // Processors join from here on.
    await setStates(world, {keyspace, streams}, 'filling')
  }
  return {keyspace, space, group, streams}
}

async function setStates(
  {db}: World,
  {keyspace, streams}: Pick<Target, 'keyspace' | 'streams'>,
  state: GenerationState,
): Promise<void> {
  const own = streams.map(stream => [stream.name, catalogEntry(stream, state)])
  await changeCatalog(db, keyspace, catalog => ({
    ...catalog!,
    streams: {...catalog!.streams, ...Object.fromEntries(own)},
  }))
}

/** The backfill of a stream for this generation: the one that is under way, or a new one. */
async function fill(
  {pg}: World,
  {topic}: Stream,
  {space, group}: Target,
  rowsPerSecond: number | undefined,
): Promise<void> {
  const {rows} = await pg.query<Pick<Backfill, 'id' | 'state'>>(
    'SELECT id, state FROM cdc.backfills WHERE topic = $1 AND generation = $2 ORDER BY id DESC LIMIT 1',
    [topic, space],
  )
  const [last] = rows
  const isUsable = last !== undefined && last.state !== 'cancelled' && last.state !== 'failed'
  if (isUsable && last.state === 'paused') {
    await pg.query("SELECT cdc.steer_backfill($1, 'waiting')", [last.id])
  }
  const id = isUsable
    ? last.id
    : await requestBackfill(pg, {topic, generation: space, group, rowsPerSecond})
  const {state, problem} = await watchBackfill(pg, id, say)
  if (state === 'done') return
  throw new PipelineError(
    'STATE_CONTRADICTS',
    `backfill ${id} of ${topic} is ${state}: ${problem ?? 'by hand'}`,
    {
      disposition: 'stop',
    },
  )
}

/** Beside much load a comparison may find no moment to decide a value in. */
const COMPARISONS = 3

/**
 * Compares a stream of the new generation with SQL.
 *
 * @returns null when it is equal, else what to do
 */
async function compare(env: Env, keyspace: string, {name}: Stream): Promise<string | null> {
  const args = ['scripts/reconcile.ts', '--stream', name, '--keyspace', keyspace]
  for (let n = 1; ; n++) {
    const child = spawn(process.execPath, args, {env, stdio: ['ignore', 'inherit', 'inherit']})
    const [status] = (await once(child, 'exit')) as [number | null]
    if (status === 0) return null
    if (status === 1) {
      return `the new numbers of ${name} are not those of SQL: the old ones stay. npm run rebuild compares again, --abandon drops the new ones`
    }
    if (n === COMPARISONS) {
      return `it could not be told whether the new numbers of ${name} are those of SQL: the old ones stay. npm run rebuild compares again, with --no-compare it takes them as they are`
    }
    say(`${name}: not everything could be compared, once more`)
  }
}

interface Options {
  readonly rate: number | undefined
  readonly isCompared: boolean
  /** For the command that compares. */
  readonly env: Env
}

async function build(world: World, plan: Begin, {rate, isCompared, env}: Options): Promise<number> {
  const {config, pg, admin} = world
  const target = await openTarget(world, plan)
  const {keyspace, streams} = target
  say(`1 of 4: reading rows into keyspace ${keyspace}`)
  // What others show first: later it would have to be patched in.
  for (const stream of streams.toSorted((a, b) => Number(b.isReference) - Number(a.isReference))) {
    await fill(world, stream, target, rate)
  }
  say('2 of 4: waiting until they are counted')
  const counted = streams.filter(({isReference}) => !isReference)
  await whenPublished(pg, say)
  {
    await using cassandra = await openCassandra(config.cassandra, {keyspace})
    await whenFolded({cassandra, admin, topicPrefix: config.kafka.topicPrefix}, counted, say)
  }
  if (isCompared) {
    say('3 of 4: comparing with SQL')
    for (const stream of counted) {
      const problem = await compare(env, keyspace, stream)
      if (problem === null) continue
      console.error(problem)
      return 1
    }
  } else say('3 of 4: not compared')
  say('4 of 4: taking the place of the old numbers')
  await setStates(world, target, 'complete')
  await dropOld(world)
  say(`done: ${counted.map(({name}) => name).join(', ')} answered from keyspace ${keyspace} now`)
  return 0
}

async function dropOld({config, db, redis, streams}: World): Promise<void> {
  const old = replacedOf(generationsOf(await readKeyspaces(db, config.cassandra.keyspace)))
  if (old.length > 0) await dropGenerations({db, redis, streams, say}, old)
}

async function abandon({config, db, redis, streams, pg}: World): Promise<number> {
  const generations = generationsOf(await readKeyspaces(db, config.cassandra.keyspace))
  const filling: readonly Generation[] = generations.filter(({state}) => state === 'filling')
  const [first] = filling
  if (first === undefined) {
    say('nothing is being built')
    return 0
  }
  await pg.query(
    `UPDATE cdc.backfills SET state = 'cancelled'
      WHERE generation = $1 AND state IN ('waiting', 'running', 'paused')`,
    [first.space],
  )
  await dropGenerations({db, redis, streams, say}, filling)
  return 0
}

async function isAgreed(world: World, plan: Begin, rate = ROWS_PER_SECOND): Promise<boolean> {
  const sums = await Promise.all(
    plan.streams.map(async ({table}) => {
      const {rows} = await world.pg.query<{rows: string}>(
        'SELECT cdc.rows_about($1::regclass) AS rows',
        [quoteTable(table)],
      )
      return Number(rows[0]?.rows ?? 0)
    }),
  )
  const rows = sums.reduce((sum, one) => sum + one, 0)
  const names = plan.streams.map(({name}) => name).join(', ')
  say(
    `${names}: about ${rows.toLocaleString('en')} rows, about ${timeText(rows / rate)} and as much again to compare`,
  )
  return await askYes(`build them again in keyspace ${plan.keyspace}?`)
}

await runCommand(COMMANDS.rebuild, async ({values, positionals: [name], env}) => {
  const rate = readRate(values.rate)
  const config = readConfig(env)
  await using resources = new AsyncDisposableStack()
  const world = await openWorld(config, resources)
  await lock(world.pg)
  if (values.abandon === true) return await abandon(world)
  const base = config.cassandra.keyspace
  const plan = planRebuild(await readKeyspaces(world.db, base), world.streams, {base, name})
  if (plan.kind === 'finish') {
    say('a rebuild is whole already: taking away what it replaces')
    await dropOld(world)
    return 0
  }
  if (plan.kind === 'resume') {
    say(`going on with the rebuild of ${plan.streams.map(one => one.name).join(', ')}`)
  } else if (values.yes !== true && !(await isAgreed(world, plan, rate))) {
    say('nothing was done')
    return 1
  }
  return await build(world, plan, {rate, env, isCompared: values['no-compare'] !== true})
})
