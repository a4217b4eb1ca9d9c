/**
 * Refuses a pooler that gives each transaction another connection: a relay holds its lanes by locks of its session
 * and hears of commits by LISTEN, and both would stay behind on connections that belong to nobody.
 */
import {PipelineError} from '../platform/errors.ts'
import {classifyPostgresError, openClient, type Client} from '../platform/postgres.ts'

const backendOf = async (client: Client): Promise<number> =>
  (await client.query<{pid: number}>('SELECT pg_backend_pid() AS pid')).rows[0]!.pid

/**
 * Two connections are asked in turn. Where connections are shared, the second one, in a transaction, gets the one
 * that served the first, or the first is served by another one afterwards.
 *
 * @throws `CONFIG_INVALID` (stop) when they are shared
 */
export async function assertSession(databaseUrl: string): Promise<void> {
  const options = {applicationName: 'relay-check', statementTimeoutMs: 5_000}
  const first = await openClient(databaseUrl, options)
  try {
    const second = await openClient(databaseUrl, options)
    try {
      const own = await backendOf(first)
      await second.query('BEGIN')
      const other = await backendOf(second)
      const again = await backendOf(first)
      await second.query('ROLLBACK')
      if (own !== other && own === again) return
    } finally {
      await second.end()
    }
  } catch (error) {
    throw classifyPostgresError(error, databaseUrl)
  } finally {
    await first.end()
  }
  throw new PipelineError(
    'CONFIG_INVALID',
    'DATABASE_URL leads to a pooler in transaction mode, where the relay has no session of its own: point it to PostgreSQL itself, or to a pool in session mode',
    {disposition: 'stop'},
  )
}
