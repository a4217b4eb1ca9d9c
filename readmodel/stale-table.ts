/** Parts of rows that wait to be computed again, in blocks that are read and deleted whole. */
import type {Cassandra} from '../platform/cassandra.ts'
import {placed, type PlacedStatement} from './batches.ts'
import {timestampBytes} from './fence.ts'
import type {StaleRow} from './projection.ts'

/** Names a block of a partition: no two owners ever choose the same. */
export interface StaleBlock {
  readonly takeover: number
  readonly number: number
}

export interface StaleBlockOf {
  readonly topic: string
  readonly partition: number
  readonly at: StaleBlock
}

export interface StaleTable {
  read(block: StaleBlockOf): Promise<readonly StaleRow[]>
}

export const STALE_TABLE = `CREATE TABLE IF NOT EXISTS stale_rows (
  topic text, src_partition int, takeover int, block int, part text,
  PRIMARY KEY ((topic, src_partition, takeover, block), part))`

/** A block is written before it is deleted, whenever that arrives: its name is never used again. */
const WRITTEN = timestampBytes(0, 0)
const DELETED = timestampBytes(0, 1)
const INSERT = `INSERT INTO stale_rows (topic, src_partition, takeover, block, part)
  VALUES (?, ?, ?, ?, ?) USING TIMESTAMP ?`
const DELETE = `DELETE FROM stale_rows USING TIMESTAMP ?
  WHERE topic = ? AND src_partition = ? AND takeover = ? AND block = ?`
const SELECT = `SELECT part FROM stale_rows
  WHERE topic = ? AND src_partition = ? AND takeover = ? AND block = ?`

type Part = readonly [projection: string, key: string, level: string, start: number]

const paramsOf = ({topic, partition, at}: StaleBlockOf) => [
  topic,
  partition,
  at.takeover,
  at.number,
]
const placeOf = (block: StaleBlockOf): string => `stale_rows/${paramsOf(block).join('/')}`

export const staleStatements = (
  block: StaleBlockOf,
  rows: readonly StaleRow[],
): readonly PlacedStatement[] =>
  rows.map(({projection, key, level, start}) => {
    const part: Part = [projection, key, level, start]
    return placed(placeOf(block), INSERT, [...paramsOf(block), JSON.stringify(part), WRITTEN])
  })

export const dropBlock = (block: StaleBlockOf): PlacedStatement =>
  placed(placeOf(block), DELETE, [DELETED, ...paramsOf(block)])

export function createStaleTable(cassandra: Cassandra): StaleTable {
  return {
    async read(block) {
      const found: StaleRow[] = []
      for await (const rows of cassandra.pages(SELECT, paramsOf(block))) {
        for (const row of rows) {
          const [projection, key, level, start] = JSON.parse(row['part'] as string) as Part
          found.push({projection, key, level, start})
        }
      }
      return found
    },
  }
}
