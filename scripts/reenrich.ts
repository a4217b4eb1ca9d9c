/** Emits a content's events again, so that their raw rows follow its metadata. */
import {createContentTable, printContentId} from '../api/content-table.ts'
import {noRole} from '../api/problem.ts'
import {findRole, type Stream} from '../contracts/stream.ts'
import {envReader} from '../platform/config.ts'
import {readDatabaseUrl, readStreamsFolder} from '../platform/connections.ts'
import {openClient} from '../platform/postgres.ts'
import {quote} from '../platform/sql-names.ts'
import {loadStreams} from '../streams/load.ts'
import {requestBackfill, watchBackfill} from './backfill/requests.ts'
import {runCommand, UsageError} from './command.ts'
import {COMMANDS} from './commands.ts'

await runCommand(COMMANDS.reenrich, async ({positionals: [text = ''], env}) => {
  const read = envReader(env)
  const url = readDatabaseUrl(read)
  const folder = readStreamsFolder(read)
  read.finish()
  const streams = await loadStreams(folder)
  const [content, engagement] = (['content', 'engagement'] as const).map((role): Stream => {
    const stream = findRole(streams, role)
    if (stream === undefined) throw new UsageError(noRole(role, streams).message)
    return stream
  })
  const id = printContentId(content!, text)
  if (id === undefined) {
    throw new UsageError(`${text} is no id of a content: give one as ${content!.table} has them`)
  }
  const client = await openClient(url, {applicationName: 'reenrich'})
  try {
    const found = await createContentTable(client, content!).read([id])
    if (found.length === 0) throw new UsageError(`there is no content ${id}`)
    const {topic, keyColumn} = engagement!
    const condition = `${quote(keyColumn)} = ${client.escapeLiteral(id)}`
    const backfill = await requestBackfill(client, {topic, condition})
    const {state} = await watchBackfill(client, backfill, line => console.log(line))
    return state === 'done' ? 0 : 1
  } finally {
    await client.end()
  }
})
