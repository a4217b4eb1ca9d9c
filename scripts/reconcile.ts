/**
 * Compares what is stored with SQL over PostgreSQL, for every declared stream, beside the live stream. Exit status
 * 0 only when everything is equal, 1 when something differs, 2 when it could not be told. Progress is kept, so a
 * run that was interrupted goes on with `--resume`.
 */
import type {Stream} from '../contracts/stream.ts'
import {topicName} from '../contracts/topics.ts'
import {openCassandra, type Cassandra} from '../platform/cassandra.ts'
import {envReader, type Env} from '../platform/config.ts'
import {
  readCassandraConnection,
  readDatabaseUrl,
  readKafkaConnection,
  readRedisKeyPrefix,
  readRedisUrl,
  readStreamsFolder,
  type CassandraConnection,
} from '../platform/connections.ts'
import {messageOf} from '../platform/errors.ts'
import {openAdmin} from '../platform/kafka-clients.ts'
import {createLogger} from '../platform/log.ts'
import {createPool, openClient, PRINT_SETTINGS, type Pool} from '../platform/postgres.ts'
import {openRedis} from '../platform/redis.ts'
import {lackOf, readGenerations, servedOf} from '../readmodel/generations.ts'
import {readSpace} from '../readmodel/migrate.ts'
import {createPositions} from '../readmodel/positions.ts'
import {underPrefix} from '../readmodel/redis-keys.ts'
import {loadStreams} from '../streams/load.ts'
import {runCommand, UsageError} from './command.ts'
import {COMMANDS} from './commands.ts'
import {findStream} from './find-stream.ts'
import {readArguments, type Arguments} from './reconcile/arguments.ts'
import {openCommonPoint} from './reconcile/common-point.ts'
import {openStream} from './reconcile/differences.ts'
import {openProgress} from './reconcile/progress.ts'
import {
  createProgressLine,
  examplesOf,
  jsonOf,
  linesOf,
  statusOf,
  summaryOf,
  type Outcome,
  type StreamResult,
} from './reconcile/report.ts'
import {repair} from './reconcile/repair.ts'
import {reconcileAll, reconcileSome, type RunDeps} from './reconcile/run.ts'

const progressLine = createProgressLine(process.stderr)

async function noteResult(pool: Pool, result: StreamResult): Promise<void> {
  const {stream, scope, startedAt, keys, differences, undecided, repaired} = result
  try {
    await pool.query(
      `INSERT INTO cdc.reconciliations
         (stream, scope, started_at, keys, differences, undecided, repaired, examples)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [
        stream,
        scope,
        startedAt,
        keys,
        differences.length,
        undecided.length,
        repaired,
        JSON.stringify(examplesOf([...differences, ...undecided])),
      ],
    )
  } catch (error) {
    // What was found is said all the same.
    console.error(`the result could not be stored: ${messageOf(error)}`)
  }
}

async function countDeadLetters(pool: Pool): Promise<number> {
  const {rows} = await pool.query<{n: number}>(
    'SELECT count(*)::int AS n FROM cdc.dead_letters WHERE resolved_at IS NULL',
  )
  return rows[0]!.n
}

async function run(env: Env, asked: Arguments): Promise<Outcome> {
  const read = envReader(env)
  const databaseUrl = readDatabaseUrl(read)
  const cassandraConnection = readCassandraConnection(read)
  const kafka = readKafkaConnection(read)
  const redisUrl = readRedisUrl(read)
  const keyPrefix = readRedisKeyPrefix(read)
  const streamsFolder = readStreamsFolder(read)
  read.finish()
  const streams = underPrefix(keyPrefix, await chooseStreams(streamsFolder, asked.stream))
  await using resources = new AsyncDisposableStack()
  const pg = createPool(databaseUrl, {
    applicationName: 'reconcile',
    connectionsMax: 4,
    settings: PRINT_SETTINGS,
  })
  resources.defer(() => pg.end())
  const admin = await openAdmin(kafka, {
    clientId: 'reconcile',
    log: createLogger('reconcile', 'warn'),
  })
  resources.defer(() => admin.close())
  const redis = resources.use(await openRedis(redisUrl, {name: 'reconcile'}))
  const keyspaces = await findKeyspaces(cassandraConnection, streams, asked.keyspace)
  const sessions = new Map<string, Cassandra>()
  for (const keyspace of new Set(keyspaces.values())) {
    sessions.set(keyspace, resources.use(await openCassandra(cassandraConnection, {keyspace})))
  }
  const openOne = async () => await openClient(databaseUrl, {applicationName: 'reconcile-point'})
  const deps: RunDeps = {
    async open(stream, report) {
      const topic = topicName(kafka.topicPrefix, stream.topic)
      const {length: partitions} = await admin.offsets(topic)
      const cassandra = sessions.get(keyspaces.get(stream.name)!)!
      const space = await readSpace(cassandra)
      const positions = createPositions(cassandra)
      const at = openStream({pg, cassandra, redis, space}, stream, {partitions, report})
      const own = {openClient: openOne, admin, positions, redis, space}
      const point = await openCommonPoint(at, own, {topic, holdMs: asked.holdMs})
      return {at, point}
    },
    ...(asked.repair
      ? {
          repair: async (opened, decided) => {
            const topic = topicName(kafka.topicPrefix, opened.at.stream.topic)
            const positions = createPositions(opened.at.cassandra)
            const say = (line: string): void =>
              progressLine.say(`${opened.at.stream.name}: ${line}`)
            return await repair(opened, decided, {admin, positions, topic, say})
          },
        }
      : {}),
    async note(result) {
      // Of numbers that nothing is answered from yet nobody has to know.
      if (asked.keyspace === undefined) await noteResult(pg, result)
    },
    say: (text, isLast) => progressLine.say(text, isLast),
  }
  const {host, pathname} = new URL(databaseUrl)
  const of = [...keyspaces.values(), `${host}${pathname}`, ...streams.map(({name}) => name)].join(
    ' ',
  )
  const results =
    asked.scope === 'all'
      ? await reconcileAll(streams, deps, openProgress(asked.progress, of, asked.resume))
      : await reconcileSome(streams, deps, asked)
  return {results, isRepair: asked.repair, deadLetters: await countDeadLetters(pg)}
}

/**
 * Where the numbers of each stream are: what it is served from.
 *
 * @throws a sentence of a stream that has no whole numbers
 */
async function findKeyspaces(
  connection: CassandraConnection,
  streams: readonly Stream[],
  given: string | undefined,
): Promise<ReadonlyMap<string, string>> {
  if (given !== undefined) return new Map(streams.map(({name}) => [name, given]))
  await using db = await openCassandra(connection)
  const generations = await readGenerations(db, connection.keyspace)
  return new Map(
    streams.map(stream => {
      const served = servedOf(generations, stream.name)
      const lack = lackOf(served, stream)
      if (lack !== null) throw new UsageError(`stream ${stream.name}: ${lack.what}`)
      return [stream.name, served!.keyspace]
    }),
  )
}

async function chooseStreams(folder: string, name: string | undefined): Promise<readonly Stream[]> {
  const counted = (await loadStreams(folder)).filter(({isReference}) => !isReference)
  if (name !== undefined) return [findStream(counted, name)]
  if (counted.length > 0) return counted
  throw new UsageError('no stream counts anything: there is nothing to compare')
}

await runCommand(
  COMMANDS.reconcile,
  async ({values, env}) => {
    const asked = readArguments(values)
    let outcome: Outcome
    try {
      outcome = await run(env, asked)
    } finally {
      progressLine.end()
    }
    if (asked.json) console.log(jsonOf(outcome, asked.all))
    else {
      for (const result of outcome.results) console.log(linesOf(result, asked.all).join('\n'))
      console.log(summaryOf(outcome).join('\n'))
    }
    return statusOf(outcome)
  },
  {failed: 2},
)
