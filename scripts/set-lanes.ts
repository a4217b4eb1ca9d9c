/** Sets the number of lanes that relays share: `npm run set-lanes -- 4`. Safe while relays run. */
import {setLaneCount} from '../ingestor/lane-count.ts'
import {envReader} from '../platform/config.ts'
import {readDatabaseUrl} from '../platform/connections.ts'
import {messageOf} from '../platform/errors.ts'
import {openClient} from '../platform/postgres.ts'

const USAGE = `usage: npm run set-lanes -- N

N is a power of two up to 1024: at most so many relays work at a time. What was on its way during the
change is published again, flagged as redelivered.`

async function main(argument: string | undefined): Promise<void> {
  if (argument === undefined || !/^\d+$/.test(argument)) {
    console.error(USAGE)
    process.exitCode = 2
    return
  }
  const read = envReader(process.env)
  const url = readDatabaseUrl(read)
  read.finish()
  const client = await openClient(url, {applicationName: 'set-lanes'})
  try {
    const before = await setLaneCount(client, Number(argument))
    console.log(`lanes: ${before} -> ${argument}`)
  } finally {
    await client.end()
  }
}

await main(process.argv[2]).catch((error: unknown) => {
  console.error(messageOf(error))
  process.exitCode = 1
})
