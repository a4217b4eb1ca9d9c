/**
 * A table of the database becomes a stream: proposes a declaration, writes it, and brings everything up to date, as
 * one would by hand (docs/STREAMS.md); of a table that is declared it proposes what changed in its columns. Whatever
 * interrupts it: the file is there, and `npm run init` goes on.
 */
import {envReader} from '../platform/config.ts'
import {readDatabaseUrl, readStreamsFolder} from '../platform/connections.ts'
import {openClient} from '../platform/postgres.ts'
import {loadStreams} from '../streams/load.ts'
import {attachAgain} from './attach/again.ts'
import {readTable} from './attach/catalog.ts'
import {attachFirst} from './attach/first.ts'
import {runCommand} from './command.ts'
import {COMMANDS} from './commands.ts'

await runCommand(COMMANDS.attach, async ({values, positionals: [name = ''], env}) => {
  const read = envReader(env)
  const url = readDatabaseUrl(read)
  const folder = readStreamsFolder(read)
  read.finish()
  const client = await openClient(url, {applicationName: 'attach'})
  try {
    const table = await readTable(client, name)
    const setting = {env, folder, client, values}
    const declared = `${table.schema}.${table.name}`
    const known = (await loadStreams(folder)).find(stream => stream.table === declared)
    return known === undefined
      ? await attachFirst(setting, table)
      : await attachAgain(setting, known, table)
  } finally {
    await client.end()
  }
})
