/** Whether what the stream's numbers are read from is there: the keyspace with the tables of each stream. */
import type {Stream} from '../../contracts/stream.ts'
import type {Cassandra} from '../../platform/cassandra.ts'
import {nameOfTable, tablesFor} from '../../readmodel/schema.ts'
import type {ReadModelState} from './facts.ts'

/** States of the read model, one for each stream. @throws when they cannot be known */
export type ReadModels = () => Promise<readonly ReadModelState[]>

const TABLES = 'SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?'

export function createReadModels(
  deps: {readonly cassandra: () => Promise<Pick<Cassandra, 'rows' | 'keyspace'>>},
  streams: readonly Stream[],
): ReadModels {
  return async () => {
    const cassandra = await deps.cassandra()
    const {keyspace = ''} = cassandra
    const rows = await cassandra.rows(TABLES, [keyspace])
    const there = new Set(rows.map(row => String(row['table_name'])))
    return streams.map(stream => {
      const names = tablesFor([stream]).map(table => nameOfTable(table).toLowerCase())
      const lacking = names.filter(name => !there.has(name))
      if (lacking.length === 0) return {stream: stream.name, state: 'complete', detail: ''}
      const detail =
        there.size === 0
          ? `there is no keyspace ${keyspace}`
          : `keyspace ${keyspace} has no table ${lacking.join(', ')}`
      return {stream: stream.name, state: 'missing', detail}
    })
  }
}
