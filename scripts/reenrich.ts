/** Emits a content's events again, so that their raw rows follow its metadata: `npm run reenrich -- ID`. */
import {envReader} from '../platform/config.ts'
import {readDatabaseUrl} from '../platform/connections.ts'
import {messageOf} from '../platform/errors.ts'
import {openClient} from '../platform/postgres.ts'
import {engagement} from '../streams/engagement.ts'
import {requestBackfill, watchBackfill} from './backfill/requests.ts'

const USAGE = `usage: npm run reenrich -- CONTENT_ID

Reads every event of the content again (op r), beside the live stream: a backfill of theirs.
Raw rows and event hashes then hold the content's present type and length; no total changes.`

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i

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
    const {topic} = engagement
    const backfill = await requestBackfill(client, {topic, condition: `content_id = '${id}'`})
    const {state} = await watchBackfill(client, backfill, line => console.log(line))
    if (state !== 'done') process.exitCode = 1
  } finally {
    await client.end()
  }
}

await main(process.argv[2]).catch((error: unknown) => {
  console.error(messageOf(error))
  process.exitCode = 1
})
