/**
 * Who owns a partition and how far it is.
 *
 * Ownership changes by lightweight transactions on one row per partition, so that all owners see
 * one order; progress is an ordinary fenced row, kept in another table, because the two kinds of
 * timestamps must not meet.
 */
import {toNumber, type Cassandra, type CqlParams, type CqlRow} from '../platform/cassandra.ts'
import {PipelineError} from '../platform/errors.ts'
import {timestampBytes, type Fence} from './fence.ts'

export interface Ownership {
  /** Higher than every one before; below 2^20. */
  readonly generation: number
  /** No earlier owner has written a value that includes a later offset than this; -1 at first. */
  readonly ceiling: number
}

export interface PartitionProgress {
  readonly offset: number
  readonly outboxId: number | null
  readonly createdAt: number | null
  readonly epochs: readonly {
    readonly lanes: number
    readonly lane: number
    readonly epoch: number
    readonly offset: number
  }[]
  readonly maxPeriod: number
  readonly stale: readonly {readonly projection: string; readonly key: string}[]
  readonly late?: readonly {readonly id: string; readonly from: number; readonly to: number}[]
}

export interface PartitionStore {
  take(topic: string, partition: number): Promise<Ownership>
  renew(topic: string, partition: number, owner: Ownership): Promise<Ownership | null>
  hold(topic: string, partition: number, owner: Ownership): Promise<boolean>
  load(topic: string, partition: number): Promise<PartitionProgress | null>
  save(topic: string, progress: PartitionProgress, fence: Fence): Promise<void>
}

const OWNER =
  'SELECT generation, ceiling FROM partition_owner WHERE topic = ? AND src_partition = ?'
const FIRST =
  'INSERT INTO partition_owner (topic, src_partition, generation, ceiling) VALUES (?, ?, ?, ?) IF NOT EXISTS'
const NEXT =
  'UPDATE partition_owner SET generation = ? WHERE topic = ? AND src_partition = ? IF generation = ?'
const HOLD =
  'UPDATE partition_owner SET ceiling = ? WHERE topic = ? AND src_partition = ? IF generation = ? AND ceiling <= ?'
const LOAD = 'SELECT progress FROM partition_progress WHERE topic = ? AND src_partition = ?'
const SAVE = `INSERT INTO partition_progress (topic, src_partition, src_offset, generation, progress)
  VALUES (?, ?, ?, ?, ?) USING TIMESTAMP ?`
/** Owners that take one partition at the same moment. */
const CONTENDERS_MAX = 50

const isApplied = (rows: readonly CqlRow[]): boolean => rows[0]?.['[applied]'] === true

const toOwnership = (row: CqlRow): Ownership => ({
  generation: row['generation'] as number,
  ceiling: toNumber(row['ceiling']),
})

/** Minus infinity, which JSON has no word for, travels as null. */
const encodeProgress = (progress: PartitionProgress): string =>
  JSON.stringify({
    ...progress,
    maxPeriod: Number.isFinite(progress.maxPeriod) ? progress.maxPeriod : null,
  })

function decodeProgress(text: string): PartitionProgress {
  const stored = JSON.parse(text) as PartitionProgress & {readonly maxPeriod: number | null}
  return {...stored, maxPeriod: stored.maxPeriod ?? Number.NEGATIVE_INFINITY}
}

export function createPartitionStore(cassandra: Cassandra): PartitionStore {
  const transact = async (query: string, params: CqlParams): Promise<boolean> =>
    isApplied(await cassandra.transact(query, params))

  /** Serial: sees what a transaction that timed out has done after all. */
  const ownerOf = async (topic: string, partition: number): Promise<Ownership | null> => {
    const [row] = await cassandra.rowsSerial(OWNER, [topic, partition])
    return row === undefined ? null : toOwnership(row)
  }

  return {
    async take(topic, partition) {
      for (let i = 0; i < CONTENDERS_MAX; i++) {
        const found = await ownerOf(topic, partition)
        const generation = (found?.generation ?? 0) + 1
        const ceiling = found?.ceiling ?? -1
        const won =
          found === null
            ? await transact(FIRST, [topic, partition, generation, ceiling])
            : await transact(NEXT, [generation, topic, partition, found.generation])
        // The ceiling is read again: the owner before may have raised it until it lost.
        if (won) return (await ownerOf(topic, partition)) ?? {generation, ceiling}
      }
      throw new PipelineError(
        'LIMIT_REACHED',
        `${topic}/${partition} changes owners all the time`,
        {
          disposition: 'retry',
        },
      )
    },
    async renew(topic, partition, owner) {
      const generation = owner.generation + 1
      const won = await transact(NEXT, [generation, topic, partition, owner.generation])
      return won ? {...owner, generation} : null
    },
    async hold(topic, partition, owner) {
      const {ceiling, generation} = owner
      if (await transact(HOLD, [ceiling, topic, partition, generation, ceiling])) return true
      // Applied before (a call that was repeated), or beyond already.
      const found = await ownerOf(topic, partition)
      return found?.generation === generation && found.ceiling >= ceiling
    },
    async load(topic, partition) {
      const [row] = await cassandra.rows(LOAD, [topic, partition])
      return row === undefined ? null : decodeProgress(row['progress'] as string)
    },
    async save(topic, progress, fence) {
      await cassandra.execute(SAVE, [
        topic,
        fence.partition,
        fence.offset,
        fence.generation,
        encodeProgress(progress),
        timestampBytes(fence),
      ])
    },
  }
}
