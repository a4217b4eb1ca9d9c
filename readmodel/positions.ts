/**
 * Who owns a partition and how far it is.
 *
 * Ownership changes by lightweight transactions on one row per partition, so that all owners see
 * one order; the position is an ordinary fenced row, kept in another table, because the two kinds of
 * timestamps must not meet.
 */
import {randomUUID} from 'node:crypto'
import {toNumber, type Cassandra, type CqlParams} from '../platform/cassandra.ts'
import {PipelineError} from '../platform/errors.ts'
import {timestampBytes} from './fence.ts'
import type {StaleBlock} from './stale-table.ts'

/** What an owner finds when it takes a partition. */
export interface Ownership {
  /** Higher than every one before; below 2^19. */
  readonly takeover: number
  /** Drawn at the takeover: nobody else has it, in a keyspace made again neither. */
  readonly holder: string
  /** No earlier owner has written a value that includes a later offset than this; -1 at first. */
  readonly ceiling: number
}

/** Events that wait for their reference: the row's stream and id, and the seconds that they lie in. */
export interface LateReference {
  readonly stream: string
  readonly id: string
  /** Seconds since 1970, the end exclusive. */
  readonly from: number
  readonly to: number
}

export interface Position {
  /** Next offset to read: everything below is durable. */
  readonly offset: number
  /** What the keyspace that it was written for calls itself. */
  readonly space: string
  /** Identity of the record at `offset - 1`, at the start of that at 0; null when it could not be read. */
  readonly outboxId: number | null
  readonly createdAt: number | null
  readonly epochs: readonly {
    readonly lanes: number
    readonly lane: number
    readonly epoch: number
    readonly offset: number
  }[]
  /** Where it stands what has to be computed again. */
  readonly stale: readonly StaleBlock[]
  readonly late: readonly LateReference[]
}

/** A position of somebody who keeps nothing else in it. */
export const barePosition = (offset: number, space: string): Position => ({
  offset,
  space,
  outboxId: null,
  createdAt: null,
  epochs: [],
  stale: [],
  late: [],
})

/** `take` and `hold` are lightweight transactions on one row per partition and agree on one order. */
export interface Positions {
  take(topic: string, partition: number): Promise<Ownership>
  /**
   * Says that the owner may write values up to `ceiling` (which never shrinks). False when somebody took
   * the partition later: the caller has lost it and must not write any more.
   */
  hold(topic: string, partition: number, owner: Ownership): Promise<boolean>
  load(topic: string, partition: number): Promise<Position | null>
  /** What is stale before a position says so. `load` gives both; what is there no more is an empty block. */
  saveStale(
    at: {readonly topic: string; readonly partition: number; readonly takeover: number},
    offset: number,
    blocks: readonly StaleBlock[],
  ): Promise<void>
  /** That of the higher offset wins, at one offset that of the later owner. */
  save(
    at: {readonly topic: string; readonly partition: number; readonly takeover: number},
    position: Position,
  ): Promise<void>
}

export const POSITION_TABLES: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS partition_owner (
    topic text, src_partition int, takeover int, holder text, ceiling bigint,
    PRIMARY KEY ((topic, src_partition)))`,
  `CREATE TABLE IF NOT EXISTS partition_position (
    topic text, src_partition int, next_offset bigint, position text, stale text,
    PRIMARY KEY ((topic, src_partition)))`,
]

const OWNER =
  'SELECT takeover, holder, ceiling FROM partition_owner WHERE topic = ? AND src_partition = ?'
const FIRST =
  'INSERT INTO partition_owner (topic, src_partition, takeover, holder, ceiling) VALUES (?, ?, ?, ?, ?) IF NOT EXISTS'
const NEXT =
  'UPDATE partition_owner SET takeover = ?, holder = ? WHERE topic = ? AND src_partition = ? IF takeover = ?'
const HOLD =
  'UPDATE partition_owner SET ceiling = ? WHERE topic = ? AND src_partition = ? IF holder = ? AND ceiling <= ?'
const LOAD = 'SELECT position, stale FROM partition_position WHERE topic = ? AND src_partition = ?'
const SAVE = `INSERT INTO partition_position (topic, src_partition, next_offset, position)
  VALUES (?, ?, ?, ?) USING TIMESTAMP ?`
const SAVE_STALE = `INSERT INTO partition_position (topic, src_partition, stale)
  VALUES (?, ?, ?) USING TIMESTAMP ?`
/** Owners that take one partition at the same moment. */
const CONTENDERS_MAX = 50

export function createPositions(cassandra: Cassandra): Positions {
  const transact = async (query: string, params: CqlParams): Promise<boolean> =>
    (await cassandra.transact(query, params))[0]?.['[applied]'] === true

  /** Serial: sees what a transaction that timed out has done after all. */
  const ownerOf = async (topic: string, partition: number): Promise<Ownership | null> => {
    const [row] = await cassandra.rowsSerial(OWNER, [topic, partition])
    if (row === undefined) return null
    return {
      takeover: row['takeover'] as number,
      holder: row['holder'] as string,
      ceiling: toNumber(row['ceiling']),
    }
  }

  return {
    async take(topic, partition) {
      for (let i = 0; i < CONTENDERS_MAX; i++) {
        const found = await ownerOf(topic, partition)
        const takeover = (found?.takeover ?? 0) + 1
        const holder = randomUUID()
        const ceiling = found?.ceiling ?? -1
        const won =
          found === null
            ? await transact(FIRST, [topic, partition, takeover, holder, ceiling])
            : await transact(NEXT, [takeover, holder, topic, partition, found.takeover])
        // The ceiling is read again: the owner before may have raised it until it lost. The takeover is ours,
        // whoever took the partition since.
        if (won) {
          const last = (await ownerOf(topic, partition))?.ceiling ?? ceiling
          return {takeover, holder, ceiling: last}
        }
      }
      throw new PipelineError(
        'LIMIT_REACHED',
        `${topic}/${partition} changes owners all the time`,
        {
          disposition: 'retry',
        },
      )
    },
    async hold(topic, partition, owner) {
      const {ceiling, holder} = owner
      if (await transact(HOLD, [ceiling, topic, partition, holder, ceiling])) return true
      // Applied before (a call that was repeated), or beyond already.
      const found = await ownerOf(topic, partition)
      return found?.holder === holder && found.ceiling >= ceiling
    },
    async load(topic, partition) {
      const [row] = await cassandra.rows(LOAD, [topic, partition])
      // Before the first position nothing can be stale.
      if (row === undefined || row['position'] === null) return null
      const position = JSON.parse(row['position'] as string) as Position
      const more = JSON.parse((row['stale'] as string | null) ?? '[]') as readonly StaleBlock[]
      const isNamed = (block: StaleBlock): boolean =>
        position.stale.some(one => one.takeover === block.takeover && one.number === block.number)
      return {...position, stale: [...position.stale, ...more.filter(block => !isNamed(block))]}
    },
    async saveStale({topic, partition, takeover}, offset, blocks) {
      const params = [topic, partition, JSON.stringify(blocks), timestampBytes(offset, takeover)]
      await cassandra.execute(SAVE_STALE, params)
    },
    async save({topic, partition, takeover}, position) {
      await cassandra.execute(SAVE, [
        topic,
        partition,
        position.offset,
        JSON.stringify(position),
        timestampBytes(position.offset, takeover),
      ])
    },
  }
}
