/** Waits until everything that was written has taken effect, or says what has not. */
import {DEFAULT_PARTITIONS, topicName} from '../contracts/topics.ts'
import {envReader} from '../platform/config.ts'
import {readKafkaConnection, readStreamsFolder} from '../platform/connections.ts'
import {openAdmin} from '../platform/kafka-clients.ts'
import {createLogger} from '../platform/log.ts'
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
  const topics = streams
    .filter(({isReference}) => !isReference)
    .map(({topic}) => topicName(kafka.topicPrefix, topic))
  const isCommitted = async (topic: string): Promise<boolean> => {
    const ends = await admin.offsets(topic)
    const committed = await admin.groupOffsets(world.env['PROCESSOR_GROUP_ID']!, topic)
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
          `SELECT count(*) AS pending FROM outbox_status WHERE status <> 'published'`,
        )
        if (Number(rows[0]!.pending) > 0) return false
        const done = await Promise.all(topics.map(isCommitted))
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
  const {pool: pg, cassandra, redis} = world
  const deps = {pg, cassandra, redis, space: await readSpace(cassandra)}
  const streams = await loadStreams(readStreamsFolder(envReader(world.env)))
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const found = await compareEverything(deps, {streams, partitions: DEFAULT_PARTITIONS})
    if (found.length === 0 || performance.now() > deadline) return found
  }
}
