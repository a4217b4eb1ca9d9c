/** What only newer versions of PostgreSQL have is tested where there is one. */
import {openClient} from '../platform/postgres.ts'
import {serverUrl} from './outbox-world.ts'

async function ask(): Promise<number> {
  const url = new URL(serverUrl())
  url.pathname = '/postgres'
  const client = await openClient(url.toString(), {applicationName: 'test'})
  try {
    const {rows} = await client.query<{n: string}>(
      "SELECT current_setting('server_version_num') AS n",
    )
    return Math.floor(Number(rows[0]!.n) / 10_000)
  } finally {
    await client.end()
  }
}

/** Major version of the server of this run. */
export const postgresVersion = await ask()
