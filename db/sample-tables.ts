/**
 * The tables of our own declarations, in sets: content, engagement_events, activity_events; users, order_lines; readings,
 * logs. A set is made where a declared stream is of one of its tables, and in no other database.
 */
import type {PgTable} from 'drizzle-orm/pg-core'
import {columnsOf, nameOfTable} from '../contracts/columns.ts'
import type {Stream} from '../contracts/stream.ts'
import {PipelineError} from '../platform/errors.ts'
import {openClient, type Client} from '../platform/postgres.ts'
import {quoteTable} from '../platform/sql-names.ts'
import {migrate, SAMPLE, SHOP, TELEMETRY, type MigrationSet} from './migrate.ts'
import {orderLines, users} from './shop-tables.ts'
import {activityEvents, content, engagementEvents} from './tables.ts'
import {logs, readings} from './telemetry-tables.ts'

type Declared = Pick<Stream, 'table' | 'columns'>

interface TableSet {
  readonly migrations: MigrationSet
  readonly tables: readonly PgTable[]
}

const SETS: readonly TableSet[] = [
  {migrations: SAMPLE, tables: [content, engagementEvents, activityEvents]},
  {migrations: SHOP, tables: [users, orderLines]},
  {migrations: TELEMETRY, tables: [readings, logs]},
]

const shapeOf = (columns: Stream['columns']): string =>
  columns.map(({column, kind, nullable}) => `${column} ${kind} ${nullable}`).join()

const isOf = ({table, columns}: Declared, sample: PgTable): boolean =>
  nameOfTable(sample) === table && shapeOf(columnsOf(sample)) === shapeOf(columns)

/** Whether a stream is of a table of ours: one of that name with other columns is somebody else's. */
export const isSample = (declared: Declared): boolean =>
  SETS.some(({tables}) => tables.some(sample => isOf(declared, sample)))

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
  const wanted = SETS.map(set => ({
    ...set,
    needed: streams.filter(one => set.tables.some(sample => isOf(one, sample))),
  })).filter(({needed}) => needed.length > 0)
  if (wanted.length === 0) return 0
  const client = await openClient(databaseUrl, {applicationName: 'sample'})
  try {
    let applied = 0
    for (const {migrations, tables, needed} of wanted) {
      const names = needed.map(({table}) => table)
      const {made, found} = await lookFor(client, {migrations, tables})
      // Whoever made them needs no others of us.
      if (!made && names.every(table => found.includes(table))) continue
      if (!made && found.length > 0) throw taken(found, names)
      applied += (await migrate(databaseUrl, migrations)).applied
    }
    return applied
  } finally {
    await client.end()
  }
}

async function lookFor(
  client: Client,
  {migrations: {migrationsSchema, migrationsTable}, tables}: TableSet,
): Promise<{readonly made: boolean; readonly found: readonly string[]}> {
  const names = tables.map(nameOfTable)
  const {rows} = await client.query<{made: boolean; found: boolean[]}>(
    `SELECT to_regclass($2) IS NOT NULL AS made,
            (SELECT array_agg(to_regclass(name) IS NOT NULL ORDER BY n) FROM unnest($1::text[]) WITH ORDINALITY u (name, n)) AS found`,
    [names.map(quoteTable), `${migrationsSchema}.${migrationsTable}`],
  )
  const {made, found} = rows[0]!
  return {made, found: names.filter((_, i) => found[i])}
}

const taken = (found: readonly string[], needed: readonly string[]): PipelineError =>
  new PipelineError(
    'STATE_CONTRADICTS',
    `the sample needs tables ${needed.join(', ')}, and the database has ${found.join(', ')} of its own: leave the sample's declarations of these out of the folder of streams (STREAMS_FOLDER), and declare your tables`,
    {disposition: 'stop'},
  )
