/** Brings a database to the present schema. Safe to run again and by several at once. */
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {drizzle} from 'drizzle-orm/node-postgres'
import {readMigrationFiles} from 'drizzle-orm/migrator'
import {migrate as applyMigrations} from 'drizzle-orm/node-postgres/migrator'
import {messageOf, PipelineError} from '../platform/errors.ts'
import {classifyPostgresError, openClient, type Client} from '../platform/postgres.ts'

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), 'migrations')

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
export async function migrate(databaseUrl: string): Promise<{readonly applied: number}> {
  const client = await openClient(databaseUrl, {applicationName: 'migrate'})
  try {
    await client.query('SET client_min_messages = warning')
    await assertVersion(client)
    await client.query('SELECT pg_advisory_lock($1)', [LOCK])
    const before = await readApplied(client)
    const known = new Set(readMigrationFiles({migrationsFolder: FOLDER}).map(({hash}) => hash))
    if (before.some(hash => !known.has(hash))) throw otherFiles()
    await applyMigrations(drizzle(client), {migrationsFolder: FOLDER})
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
async function readApplied(client: Client): Promise<readonly string[]> {
  const table = await client.query<{found: string | null}>(
    "SELECT to_regclass('drizzle.__drizzle_migrations')::text AS found",
  )
  if ((table.rows[0]?.found ?? null) === null) return []
  const {rows} = await client.query<{hash: string}>('SELECT hash FROM drizzle.__drizzle_migrations')
  return rows.map(row => row.hash)
}

const otherFiles = (): PipelineError =>
  new PipelineError(
    'STATE_CONTRADICTS',
    'this database was migrated by other files than db/migrations: use the version that did it, or an empty database',
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
