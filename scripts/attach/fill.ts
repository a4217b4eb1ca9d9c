/** What rows need after their declaration was changed: to be told again, or counted anew; and letters sent again. */
import type {Stream} from '../../contracts/stream.ts'
import {openCassandra} from '../../platform/cassandra.ts'
import {envReader, type Env} from '../../platform/config.ts'
import {readCassandraConnection} from '../../platform/connections.ts'
import type {Client} from '../../platform/postgres.ts'
import {quote, quoteTable} from '../../platform/sql-names.ts'
import {lackOf, readGenerations, servedOf} from '../../readmodel/generations.ts'
import {commandLine} from '../command.ts'
import type {Changes} from './changes.ts'

/** Rows whose stored event lacks what the table has, as SQL; null: none. Pure. */
export function untoldRows({added, retyped}: Changes): string | null {
  // A change of type writes every row, and no trigger sees it.
  if (retyped.some(({isOnlyNull}) => !isOnlyNull)) return 'true'
  if (added.length === 0) return null
  return added.map(({name}) => `t.${quote(name)} IS NOT NULL`).join(' OR ')
}

/** Whether its numbers are those of another declaration: then a rebuild tells every row again anyway. */
export async function isOutdated(env: Env, stream: Stream): Promise<boolean> {
  const read = envReader(env)
  const cassandra = readCassandraConnection(read)
  read.finish()
  await using db = await openCassandra(cassandra)
  const generations = await readGenerations(db, cassandra.keyspace)
  return lackOf(servedOf(generations, stream.name), stream)?.kind === 'outdated'
}

export async function hasRows(
  client: Client,
  {table}: Stream,
  condition: string,
): Promise<boolean> {
  const {rowCount} = await client.query(
    `SELECT FROM ${quoteTable(table)} t WHERE ${condition} LIMIT 1`,
  )
  return rowCount === 1
}

/** What is to be done about open letters of the stream; null: there are none. */
export async function lettersOf(client: Client, {topic}: Stream): Promise<string | null> {
  const {rows} = await client.query<{letters: number}>(
    'SELECT count(*)::int AS letters FROM cdc.dead_letters WHERE topic = $1 AND resolved_at IS NULL',
    [topic],
  )
  const {letters = 0} = rows[0] ?? {}
  if (letters === 0) return null
  const again = commandLine('dead-letters', `redrive --topic ${topic} --yes`)
  return `${letters} dead ${letters === 1 ? 'letter waits' : 'letters wait'}: ${again} sends the rows as they are now`
}

const WAIT_MS = 30_000
const LOOK_MS = 200

/**
 * Waits until what was captured so far is published by relays that know the declaration before.
 *
 * @returns whether it is
 */
export async function untilPublished(
  client: Client,
  pause: (ms: number) => Promise<unknown>,
): Promise<boolean> {
  const {rows: began} = await client.query<{now: string}>('SELECT clock_timestamp()::text AS now')
  for (let waited = 0; waited < WAIT_MS; waited += LOOK_MS) {
    const {rows} = await client.query<{done: boolean}>(
      'SELECT coalesce(oldest > $1::timestamptz, true) AS done FROM cdc.unpublished()',
      [began[0]!.now],
    )
    if (rows[0]?.done === true) return true
    await pause(LOOK_MS)
  }
  return false
}
