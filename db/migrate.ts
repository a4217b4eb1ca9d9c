/** Brings a database to the present schema. Safe to run again and by several at once. */
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {drizzle} from 'drizzle-orm/node-postgres'
import {migrate as applyMigrations} from 'drizzle-orm/node-postgres/migrator'
import {openClient} from '../platform/postgres.ts'

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), 'migrations')

/** Any number: the advisory lock that migrating processes take. */
const LOCK = 913_370_009

/**
 * Applies what is missing, each migration in the transaction of all.
 *
 * @returns how many were applied
 * @throws `UPSTREAM_UNAVAILABLE` when the database does not answer
 */
export async function migrate(databaseUrl: string): Promise<{readonly applied: number}> {
  const client = await openClient(databaseUrl, {applicationName: 'migrate'})
  try {
    await client.query('SET client_min_messages = warning')
    await client.query('SELECT pg_advisory_lock($1)', [LOCK])
    const before = await countApplied()
    await applyMigrations(drizzle(client), {migrationsFolder: FOLDER})
    return {applied: (await countApplied()) - before}
  } finally {
    await client.end()
  }

  async function countApplied(): Promise<number> {
    const table = await client.query<{found: string | null}>(
      "SELECT to_regclass('drizzle.__drizzle_migrations')::text AS found",
    )
    if ((table.rows[0]?.found ?? null) === null) return 0
    const rows = await client.query<{n: string}>(
      'SELECT count(*) AS n FROM drizzle.__drizzle_migrations',
    )
    return Number(rows.rows[0]?.n ?? 0)
  }
}
