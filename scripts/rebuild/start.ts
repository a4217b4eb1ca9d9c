/** Where a generation begins: at the present end of its topics, before any row is read for it. */
import type {Stream} from '../../contracts/stream.ts'
import {topicName} from '../../contracts/topics.ts'
import {createDecoder} from '../../platform/avro-codec.ts'
import type {Cassandra} from '../../platform/cassandra.ts'
import type {KafkaAdmin, PartitionOffsets} from '../../platform/kafka.ts'
import type {RecordReader} from '../../platform/kafka-reader.ts'
import type {Client} from '../../platform/postgres.ts'
import type {Registry} from '../../platform/registry.ts'
import {identify} from '../../processor/decode.ts'
import type {Identity} from '../../processor/partition-state.ts'
import {barePosition, createPositions, type Position} from '../../readmodel/positions.ts'

export interface StartDeps {
  readonly pg: Client
  readonly cassandra: Cassandra
  readonly admin: KafkaAdmin
  readonly reader: RecordReader
  readonly registry: Registry
}

export interface StartAt {
  readonly space: string
  readonly group: string
  readonly topicPrefix: string
}

const FETCH = {bytesMax: 4 * 2 ** 20, waitMs: 2000}

/** The record that stands last in a partition. */
async function lastOf(
  {reader, registry}: StartDeps,
  stream: Stream,
  at: {readonly topic: string; readonly partition: number; readonly offset: number},
): Promise<Identity | null> {
  const [found] = await reader.fetch([at], FETCH)
  const record = found?.records.find(({offset}) => offset === at.offset)
  if (record === undefined) return null
  return await identify(
    record,
    createDecoder<unknown>(stream.schema, id => registry.schemaById(id)),
  )
}

/** Epochs that began before: records of owners that were overtaken by then are told from new ones. */
async function readEpochs(
  pg: Client,
): Promise<readonly Omit<Position['epochs'][number], 'offset'>[]> {
  const {rows} = await pg.query<{lane: number; lanes: number; epoch: string}>(
    'SELECT lane, lanes, epoch FROM cdc.relay_cursor',
  )
  return rows.map(({lane, lanes, epoch}) => ({lane, lanes, epoch: Number(epoch)}))
}

/**
 * Writes down where the generation begins in each partition, in Cassandra and as its group's offsets. What was
 * captured before is read as rows of the table, what comes after is in the log.
 */
export async function writeStart(deps: StartDeps, stream: Stream, at: StartAt): Promise<void> {
  const topic = topicName(at.topicPrefix, stream.topic)
  const ends: readonly PartitionOffsets[] = await deps.admin.offsets(topic)
  const epochs = await readEpochs(deps.pg)
  const positions = createPositions(deps.cassandra)
  await Promise.all(
    ends
      // An empty partition is begun at its start, with whatever comes first.
      .filter(({end}) => end > 0)
      .map(async ({partition, begin, end}) => {
        const last =
          end > begin ? await lastOf(deps, stream, {topic, partition, offset: end - 1}) : null
        await positions.save(
          {topic, partition, takeover: 0},
          {
            ...barePosition(end, at.space),
            outboxId: last?.outboxId ?? null,
            createdAt: last?.createdAt ?? null,
            epochs: epochs.map(epoch => ({...epoch, offset: end - 1})),
          },
        )
      }),
  )
  // What a group of this name committed once is not about this generation.
  const offsets = ends.map(({partition, end}) => ({topic, partition, offset: end}))
  await deps.admin.setGroupOffsets(at.group, topic, offsets)
}
