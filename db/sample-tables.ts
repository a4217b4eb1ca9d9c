/**
 * The tables of our own declarations: content, engagement_events, activity_events. Made where a declared stream is of
 * one of them, and in no other database.
 */
import type {PgTable} from 'drizzle-orm/pg-core'
import {columnsOf, nameOfTable} from '../contracts/columns.ts'
import type {Stream} from '../contracts/stream.ts'
import {PipelineError} from '../platform/errors.ts'
import {openClient} from '../platform/postgres.ts'
import {quoteTable} from '../platform/sql-names.ts'
import {migrate, SAMPLE} from './migrate.ts'
import {activityEvents, content, engagementEvents} from './tables.ts'

type Declared = Pick<Stream, 'table' | 'columns'>

const shapeOf = (columns: Stream['columns']): string =>
  columns.map(({column, kind, nullable}) => `${column} ${kind} ${nullable}`).join()

const isOf = ({table, columns}: Declared, sample: PgTable): boolean =>
  nameOfTable(sample) === table && shapeOf(columnsOf(sample)) === shapeOf(columns)

const SAMPLES = [content, engagementEvents, activityEvents]

/** Whether a stream is of a table of ours: one of that name with other columns is somebody else's. */
export const isSample = (declared: Declared): boolean =>
  SAMPLES.some(sample => isOf(declared, sample))

/**
 * Makes what the streams need of it.
 *
 * @returns how many migrations were applied
 * @throws `STATE_CONTRADICTS` when some of its names are taken
 */
export async function makeSampleTables(
  databaseUrl: string,
  streams: readonly Declared[],
): Promise<number> {
  const needed = streams.filter(isSample).map(({table}) => table)
  if (needed.length === 0) return 0
  const {made, found} = await lookFor(databaseUrl)
  // Whoever made them needs no others of us.
  if (!made && needed.every(table => found.includes(table))) return 0
  if (!made && found.length > 0) throw taken(found, needed)
  return (await migrate(databaseUrl, SAMPLE)).applied
}

async function lookFor(
  databaseUrl: string,
): Promise<{readonly made: boolean; readonly found: readonly string[]}> {
  const client = await openClient(databaseUrl, {applicationName: 'sample'})
  try {
    const names = SAMPLES.map(nameOfTable)
    const {rows} = await client.query<{made: boolean; found: boolean[]}>(
      `SELECT cdc.has_sample() AS made,
              (SELECT array_agg(to_regclass(name) IS NOT NULL ORDER BY n) FROM unnest($1::text[]) WITH ORDINALITY u (name, n)) AS found`,
      [names.map(quoteTable)],
    )
    const {made, found} = rows[0]!
    return {made, found: names.filter((_, i) => found[i])}
  } finally {
    await client.end()
  }
}

const taken = (found: readonly string[], needed: readonly string[]): PipelineError =>
  new PipelineError(
    'STATE_CONTRADICTS',
    `the sample needs tables ${needed.join(', ')}, and the database has ${found.join(', ')} of its own: leave the sample's declarations out of the folder of streams (STREAMS_FOLDER), and declare your tables`,
    {disposition: 'stop'},
  )
