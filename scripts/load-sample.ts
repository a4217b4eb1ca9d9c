/** Fills an empty database with the sample, so that there is something to see. */
import {readFileSync} from 'node:fs'
import {pathToFileURL} from 'node:url'
import {envReader} from '../platform/config.ts'
import {readDatabaseUrl, readStreamsFolder} from '../platform/connections.ts'
import {openClient} from '../platform/postgres.ts'
import {loadStreams} from '../streams/load.ts'
import {runCommand, UsageError} from './command.ts'
import {COMMANDS} from './commands.ts'
import {lackOfSample} from './sample-streams.ts'

/** @returns whether the database was empty and now holds the sample */
export async function loadSample(databaseUrl: string): Promise<boolean> {
  const client = await openClient(databaseUrl, {applicationName: 'sample'})
  try {
    const {rows} = await client.query<{filled: boolean}>(
      'SELECT EXISTS (SELECT FROM public.content) OR EXISTS (SELECT FROM public.engagement_events) AS filled',
    )
    if (rows[0]?.filled !== false) return false
    await client.query(readFileSync(new URL('sample.sql', import.meta.url), 'utf8'))
    return true
  } finally {
    await client.end()
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await runCommand(COMMANDS['load-sample'], async ({env}) => {
    const read = envReader(env)
    const url = readDatabaseUrl(read)
    const folder = readStreamsFolder(read)
    read.finish()
    const lack = lackOfSample(await loadStreams(folder))
    if (lack !== undefined) throw new UsageError(lack)
    const isLoaded = await loadSample(url)
    console.log(
      isLoaded ? 'the empty database was given the sample' : 'the database is not empty: as it was',
    )
  })
}
