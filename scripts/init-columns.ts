/** Compares what a stream declares of its table's columns with the database, and tells it, for `cdc.check()`. */
import {declaredOf} from '../contracts/column-fit.ts'
import type {Stream} from '../contracts/stream.ts'
import {PipelineError} from '../platform/errors.ts'
import {openClient, type Client} from '../platform/postgres.ts'
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

/** Its table is captured. */
export async function declareColumns(client: Client, stream: Stream): Promise<void> {
  await client.query('SELECT cdc.declare_columns($1, $2, $3)', [
    stream.topic,
    JSON.stringify(stream.columns.filter(({parts}) => parts === undefined).map(declaredOf)),
    stream.omit,
  ])
}

/** All of them, at once or not at all. */
export async function declareAll(url: string, streams: readonly Stream[]): Promise<void> {
  const client = await openClient(url, {applicationName: 'init'})
  try {
    await client.query('BEGIN')
    for (const stream of streams) await declareColumns(client, stream)
    await client.query('COMMIT')
  } finally {
    await client.end()
  }
}
