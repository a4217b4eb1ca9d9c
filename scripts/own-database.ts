/** Two checkouts on one machine: the usual port may be that of the other one's stack. */
import {envReader, type Env} from '../platform/config.ts'
import {readDatabaseUrl} from '../platform/connections.ts'
import {stackFolder} from '../platform/environment.ts'
import {PipelineError} from '../platform/errors.ts'
import {openClient} from '../platform/postgres.ts'

/**
 * Nothing said where the database is, so that it would be the one on the usual port: it must not be that of
 * another checkout's stack.
 *
 * @param usual where it would be
 * @throws PipelineError that says whose it is, and what to do
 */
export async function assertOwnDatabase(
  env: Env,
  usual = readDatabaseUrl(envReader({})),
): Promise<void> {
  if (env['DATABASE_URL'] !== undefined) return
  const client = await openClient(usual, {applicationName: 'look'})
  try {
    const {rows} = await client.query<{folder: string | null}>(
      "SELECT current_setting('stack.folder', true) AS folder",
    )
    const other = foreignFolder(rows[0]!.folder, env)
    if (other === undefined) return
    throw new PipelineError(
      'UPSTREAM_REFUSED',
      `no stack of this checkout runs, and PostgreSQL on the usual port is that of ${other}: ` +
        'npm start, or say which one by DATABASE_URL or POSTGRES_PORT',
      {disposition: 'stop'},
    )
  } finally {
    await client.end()
  }
}

/** The folder of somebody else's stack; undefined when it is ours, or no stack's. */
export function foreignFolder(folder: string | null, env: Env): string | undefined {
  if (folder === null || folder === '') return undefined
  return folder === stackFolder(env) ? undefined : folder
}
