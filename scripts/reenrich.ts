/** Emits a content's events again, so that their raw rows follow its metadata. */
import {envReader} from '../platform/config.ts'
import {readDatabaseUrl} from '../platform/connections.ts'
import {openClient} from '../platform/postgres.ts'
import {engagement} from '../streams/engagement.ts'
import {requestBackfill, watchBackfill} from './backfill/requests.ts'
import {runCommand, UsageError} from './command.ts'
import {COMMANDS} from './commands.ts'

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i

await runCommand(COMMANDS.reenrich, async ({positionals: [id = ''], env}) => {
  if (!UUID.test(id)) throw new UsageError(`${id} is no id of a content: give a UUID`)
  const read = envReader(env)
  const url = readDatabaseUrl(read)
  read.finish()
  const client = await openClient(url, {applicationName: 'reenrich'})
  try {
    const {rowCount} = await client.query('SELECT FROM public.content WHERE id = $1', [id])
    if (rowCount === 0) throw new UsageError(`there is no content ${id}`)
    const {topic} = engagement
    const backfill = await requestBackfill(client, {topic, condition: `content_id = '${id}'`})
    const {state} = await watchBackfill(client, backfill, line => console.log(line))
    return state === 'done' ? 0 : 1
  } finally {
    await client.end()
  }
})
