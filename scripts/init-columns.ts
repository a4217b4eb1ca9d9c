/** Compares what a stream declares of its table's columns with the database. */
import type {Stream} from '../contracts/stream.ts'
import {PipelineError} from '../platform/errors.ts'
import type {Client} from '../platform/postgres.ts'
import {quoteTable} from '../platform/sql-names.ts'

/** @throws where an id of several columns would be another one than that under which rows are captured */
export async function assertId(client: Client, {name, table, idColumns}: Stream): Promise<void> {
  if (idColumns.length === 1) return
  const {rows} = await client.query<{key: readonly string[] | null}>(
    'SELECT cdc.primary_key_of($1::regclass)::text[] AS key',
    [quoteTable(table)],
  )
  const key = rows[0]?.key ?? []
  if (key.join() === idColumns.join()) return
  throw new PipelineError(
    'STATE_CONTRADICTS',
    `stream ${name}: id is (${idColumns.join(', ')}), and the primary key of ${table} is (${key.join(', ')}): name its columns in that order`,
    {disposition: 'stop'},
  )
}
