/** Retention segments of contents in Cassandra. */
import {toNumber, toUuidBytes, type Cassandra} from '../platform/cassandra.ts'
import {contentIdOf, restOf} from './aggregate-keys.ts'
import type {AggregateTable} from './aggregate-store.ts'
import {ByteWriter} from './bytes.ts'
import {timestampBytes} from './fence.ts'
import {decodeRetention, encodeRetention, type RetentionState} from './retention-state.ts'

const INSERT = `INSERT INTO content_retention
  (content_id, segment, marks, detail, src_partition, src_offset)
  VALUES (?, ?, ?, ?, ?, ?) USING TIMESTAMP ?`
const SELECT =
  'SELECT detail, src_offset FROM content_retention WHERE content_id = ? AND segment = ?'
const SELECT_ALL = 'SELECT segment, detail FROM content_retention WHERE content_id = ?'

export function createRetentionTable(cassandra: Cassandra): AggregateTable {
  const writer = new ByteWriter()
  return {
    async load(key) {
      const segment = Number(restOf(key))
      const [row] = await cassandra.rows(SELECT, [toUuidBytes(contentIdOf(key)), segment])
      if (row === undefined) return null
      const state = decodeRetention(segment, row['detail'] as Buffer)
      return {state, srcOffset: toNumber(row['src_offset'])}
    },
    encode(key, opaque, fence) {
      const state = opaque as RetentionState
      const contentId = contentIdOf(key)
      let marks = 0
      for (const count of state.counts.values()) marks += count
      const params = [
        toUuidBytes(contentId),
        state.segment,
        marks,
        encodeRetention(state, writer),
        fence.partition,
        fence.offset,
        timestampBytes(fence),
      ]
      return {row: {partition: `r${contentId}`, statement: {query: INSERT, params}}}
    },
  }
}

/** All segments of a content, for readers. */
export async function readRetention(
  cassandra: Cassandra,
  contentId: string,
): Promise<readonly RetentionState[]> {
  const rows = await cassandra.rows(SELECT_ALL, [toUuidBytes(contentId)])
  return rows.map(row => decodeRetention(row['segment'] as number, row['detail'] as Buffer))
}
