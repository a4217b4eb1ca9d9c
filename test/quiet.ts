/** Waits until everything that was written has taken effect, or says what has not. */
import {DEFAULT_PARTITIONS, topicName} from '../contracts/topics.ts'
import type {Stream} from '../contracts/stream.ts'
import {openCassandra} from '../platform/cassandra.ts'
import {envReader} from '../platform/config.ts'
import {
  readCassandraConnection,
  readKafkaConnection,
  readStreamsFolder,
} from '../platform/connections.ts'
import {openAdmin} from '../platform/kafka-clients.ts'
import {createLogger} from '../platform/log.ts'
import {groupOf, readGenerations, servedOf} from '../readmodel/generations.ts'
import {readSpace} from '../readmodel/migrate.ts'
import {loadStreams} from '../streams/load.ts'
import {compareEverything, type Difference} from './oracle.ts'
import {until, type PipelineWorld} from './pipeline-world.ts'

/** Every outbox row is published and every record of the streams committed by the processor. */
export async function whenCommitted(world: PipelineWorld, timeoutMs = 60_000): Promise<void> {
  const read = envReader(world.env)
  const kafka = readKafkaConnection(read)
  const streams = await loadStreams(readStreamsFolder(read))
  const admin = await openAdmin(kafka, {clientId: 'test', log: createLogger('test', 'warn')})
  const counted = streams.filter(({isReference}) => !isReference)
  const isCommitted = async ({name, topic: bare}: Stream): Promise<boolean> => {
    const topic = topicName(kafka.topicPrefix, bare)
    const served = servedOf(await readGenerations(world.catalog, world.keyspace), name)
    if (served === null) return false
    const group = groupOf(world.env['PROCESSOR_GROUP_ID']!, world.keyspace, served.keyspace)
    const ends = await admin.offsets(topic)
    const committed = await admin.groupOffsets(group, topic)
    return ends.every(({partition, end}) => {
      if (end === 0) return true
      const own = committed.find(offset => offset.partition === partition)
      return own !== undefined && own.offset >= end
    })
  }
  try {
    await until(
      'all is published and committed',
      async () => {
        const {rows} = await world.pool.query<{pending: string}>(
          `SELECT count(*) AS pending FROM cdc.outbox_status WHERE status <> 'published'`,
        )
        if (Number(rows[0]!.pending) > 0) return false
        const done = await Promise.all(counted.map(isCommitted))
        return done.every(Boolean)
      },
      timeoutMs,
    )
  } finally {
    await admin.close()
  }
}

/**
 * The world as a group sees it that has never read anything, while all that is stored stays: whoever comes
 * next reads from the first record. No processor may run.
 */
export async function fromTheStart(world: PipelineWorld): Promise<PipelineWorld> {
  await world.cassandra.execute('TRUNCATE partition_position', [])
  const group = `${world.env['PROCESSOR_GROUP_ID']}-again`
  return {...world, env: {...world.env, PROCESSOR_GROUP_ID: group}}
}

/** Differences that stay: recomputations and leases take a moment after the last commit. */
export async function differencesWhenQuiet(
  world: PipelineWorld,
  timeoutMs = 30_000,
): Promise<readonly Difference[]> {
  await whenCommitted(world)
  const {pool: pg, redis, keyspace: base} = world
  const read = envReader(world.env)
  const connection = readCassandraConnection(read)
  const streams = await loadStreams(readStreamsFolder(read))
  const generations = await readGenerations(world.catalog, base)
  const keyspaceOf = ({name}: Stream): string => servedOf(generations, name)?.keyspace ?? base
  const deadline = performance.now() + timeoutMs
  const differences: Difference[] = []
  for (const [keyspace, own] of Map.groupBy(streams, keyspaceOf)) {
    await using cassandra = await openCassandra(connection, {keyspace})
    const deps = {pg, cassandra, redis, space: await readSpace(cassandra)}
    for (;;) {
      const found = await compareEverything(deps, {streams: own, partitions: DEFAULT_PARTITIONS})
      if (found.length > 0 && performance.now() < deadline) continue
      differences.push(...found)
      break
    }
  }
  return differences
}
