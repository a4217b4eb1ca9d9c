/** Sets the number of lanes that relays share. Safe while relays run. */
import {LANES_MAX, setLaneCount} from '../ingestor/lane-count.ts'
import {envReader} from '../platform/config.ts'
import {readDatabaseUrl} from '../platform/connections.ts'
import {openClient} from '../platform/postgres.ts'
import {runCommand, UsageError} from './command.ts'
import {COMMANDS} from './commands.ts'

await runCommand(COMMANDS['set-lanes'], async ({positionals: [text = ''], env}) => {
  const lanes = /^\d{1,4}$/.test(text) ? Number(text) : 0
  if (lanes < 1 || lanes > LANES_MAX || (lanes & (lanes - 1)) !== 0) {
    throw new UsageError(`${text}: give a power of two from 1 to ${LANES_MAX}`)
  }
  const read = envReader(env)
  const url = readDatabaseUrl(read)
  read.finish()
  const client = await openClient(url, {applicationName: 'set-lanes'})
  try {
    const before = await setLaneCount(client, lanes)
    console.log(`lanes: ${before} -> ${lanes}`)
  } finally {
    await client.end()
  }
})
