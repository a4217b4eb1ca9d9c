/** Brings a database to the present schema. Safe to run again and by several at once. */
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {drizzle} from 'drizzle-orm/node-postgres'
import {readMigrationFiles} from 'drizzle-orm/migrator'
import {migrate as applyMigrations} from 'drizzle-orm/node-postgres/migrator'
import {messageOf, PipelineError} from '../platform/errors.ts'
import {classifyPostgresError, openClient, type Client} from '../platform/postgres.ts'

/** Migrations of a folder, and where it is kept which of them were applied: an application may use drizzle, too. */
export interface MigrationSet {
  readonly migrationsFolder: string
  readonly migrationsSchema: 'cdc'
  readonly migrationsTable: string
}

const migrationSet = (folder: string, migrationsTable: string): MigrationSet => ({
  migrationsFolder: join(dirname(fileURLToPath(import.meta.url)), folder),
  migrationsSchema: 'cdc',
  migrationsTable,
})

/** Schemas `cdc` and `api`, and the outbox: all that a database needs. */
const OURS = migrationSet('migrations', 'migrations')
/** The tables of our own declarations (sample-tables.ts): each set by itself. */
export const SAMPLE = migrationSet('sample', 'sample_migrations')
export const SHOP = migrationSet('shop', 'shop_migrations')
export const TELEMETRY = migrationSet('telemetry', 'telemetry_migrations')

/** Any number: the advisory lock that migrating processes take. */
const LOCK = 913_370_009

/** The oldest that the tests run on. */
const VERSION_MIN = 140_000

/**
 * Applies what is missing, all of it in one transaction.
 *
 * @returns how many migrations were applied
 * @throws `UPSTREAM_UNAVAILABLE` when the database does not answer; `UPSTREAM_REFUSED` when it is too old
 *   or a migration fails; `STATE_CONTRADICTS` when it was migrated by files that are not these
 */
export async function migrate(
  databaseUrl: string,
  set: MigrationSet = OURS,
): Promise<{readonly applied: number}> {
  const client = await openClient(databaseUrl, {applicationName: 'migrate'})
  try {
    await client.query('SET client_min_messages = warning')
    await assertVersion(client)
    await client.query('SELECT pg_advisory_lock($1)', [LOCK])
    const before = await readApplied(client, set)
    const known = new Set(readMigrationFiles({...set}).map(({hash}) => hash))
    if (before.some(hash => !known.has(hash))) throw otherFiles()
    await applyMigrations(drizzle(client), {...set})
    return {applied: known.size - before.length}
  } catch (error) {
    throw explain(error)
  } finally {
    await client.end()
  }
}

async function assertVersion(client: Client): Promise<void> {
  const {rows} = await client.query<{version: string; name: string}>(
    "SELECT current_setting('server_version_num') AS version, current_setting('server_version') AS name",
  )
  const [row] = rows
  if (row !== undefined && Number(row.version) >= VERSION_MIN) return
  throw new PipelineError(
    'UPSTREAM_REFUSED',
    `PostgreSQL 14 or newer is needed, this is ${row?.name}`,
    {
      disposition: 'stop',
    },
  )
}

/** Hashes of the migrations that the database has seen. */
async function readApplied(
  client: Client,
  {migrationsSchema, migrationsTable}: MigrationSet,
): Promise<readonly string[]> {
  const name = `${migrationsSchema}.${migrationsTable}`
  const {rowCount} = await client.query('SELECT WHERE to_regclass($1) IS NOT NULL', [name])
  if (rowCount === 0) return []
  const {rows} = await client.query<{hash: string}>(`SELECT hash FROM ${name}`)
  return rows.map(row => row.hash)
}

const otherFiles = (): PipelineError =>
  new PipelineError(
    'STATE_CONTRADICTS',
    'this database was migrated by other files than those of db/: use the version that did it, or an empty database',
    {disposition: 'stop'},
  )

/** Drizzle wraps the server's answer in the text of the whole migration; the answer comes first. */
function explain(error: unknown): PipelineError {
  if (error instanceof PipelineError) return error
  const cause = (error as {cause?: unknown}).cause
  if (cause === undefined) return classifyPostgresError(error)
  const {disposition, code} = classifyPostgresError(cause)
  const [, statement = ''] = messageOf(error).split('Failed query:')
  const text = `migration failed: ${messageOf(cause)} in: ${statement.trim().slice(0, 200)}`
  return new PipelineError(code, text, {disposition, cause})
}
