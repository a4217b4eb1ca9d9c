/** Emits a content's events again, so that their raw rows follow its metadata: `npm run reenrich -- ID`. */
import {envReader} from '../platform/config.ts'
import {readDatabaseUrl} from '../platform/connections.ts'
import {messageOf} from '../platform/errors.ts'
import {openClient} from '../platform/postgres.ts'
import {engagement} from '../streams/engagement.ts'

const USAGE = `usage: npm run reenrich -- CONTENT_ID

Writes every event of the content into the outbox again (op r), in chunks of 1,000, beside the live stream.
Raw rows and event hashes then hold the content's present type and length; no total changes.
It may be interrupted and run again.`

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i
const CHUNK = 1000

async function main(id: string | undefined): Promise<void> {
  if (id === undefined || !UUID.test(id)) {
    console.log(USAGE)
    process.exitCode = id === '--help' ? 0 : 2
    return
  }
  const read = envReader(process.env)
  const url = readDatabaseUrl(read)
  read.finish()
  const client = await openClient(url, {applicationName: 'reenrich'})
  try {
    let after = '0'
    let emitted = 0
    for (;;) {
      const {rows} = await client.query<{last: string | null; emitted: string}>(
        `WITH page AS (SELECT id FROM ${engagement.table}
           WHERE content_id = $1::uuid AND id > $2::bigint ORDER BY id LIMIT ${CHUNK})
         SELECT max(id)::text AS last,
                count(*) FILTER (WHERE cdc.reread($3, id::text)) AS emitted FROM page`,
        [id, after, engagement.topic],
      )
      const {last, emitted: more} = rows[0]!
      if (last === null) break
      after = last
      emitted += Number(more)
      console.log(`${emitted} events emitted again, up to ${after}`)
    }
    if (emitted === 0) console.log('the content has no events')
  } finally {
    await client.end()
  }
}

await main(process.argv[2]).catch((error: unknown) => {
  console.error(messageOf(error))
  process.exitCode = 1
})
