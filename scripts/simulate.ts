/** Streams plausible rows into PostgreSQL, as applications would, and says what it did and what it planted. */
import {envReader, type Env} from '../platform/config.ts'
import {readDatabaseUrl, readStreamsFolder} from '../platform/connections.ts'
import {pause, stopSignal} from '../platform/lifecycle.ts'
import {createPool, type Pool} from '../platform/postgres.ts'
import {loadStreams} from '../streams/load.ts'
import {runCommand, UsageError} from './command.ts'
import {COMMANDS} from './commands.ts'
import {lackOfSample} from './sample-streams.ts'
import type {StreamName} from './simulated/changes.ts'
import {createFeed, type Feed} from './simulated/feed.ts'
import {createWriter, insertContents, insertUsers} from './simulated/inserts.ts'
import {readOptions, type SimulateOptions} from './simulated/options.ts'
import {jsonText, plantedText, progressText} from './simulated/report.ts'
import {createTeller, run} from './simulated/run.ts'
import {lackOfTables} from './simulated/tables.ts'

const TELL_EVERY_MS = 5000

/** Never goes back. */
const nowMs = (): number => Math.floor(performance.timeOrigin + performance.now())

const isOfSample = (name: StreamName): boolean => name === 'engagement' || name === 'activity'

/** @throws UsageError when the chosen streams have no tables of this project */
async function assertTables(
  pool: Pool,
  folder: string,
  streams: readonly StreamName[],
): Promise<void> {
  const sample = streams.some(isOfSample) ? lackOfSample(await loadStreams(folder)) : undefined
  const problems = sample === undefined ? await lackOfTables(pool, streams) : [sample]
  if (problems.length > 0) throw new UsageError(problems.join('\n'))
}

/** What is there before anything happens. */
async function insertFirst(pool: Pool, feed: Feed, streams: readonly StreamName[]): Promise<void> {
  if (streams.includes('engagement')) await insertContents(pool, feed.contents, feed.atMs())
  if (streams.includes('users')) await insertUsers(pool, feed.firstUsers())
}

async function simulate(pool: Pool, options: SimulateOptions): Promise<void> {
  const {streams} = options.feed
  const stop = stopSignal()
  const feed = createFeed({...options.feed, startMs: nowMs() - options.sinceMs})
  await insertFirst(pool, feed, streams)
  const writer = createWriter(pool)
  const done = await run(
    {
      feed,
      write: async changes => await writer.write(changes),
      tell: createTeller(process.stdout, TELL_EVERY_MS),
      nowMs,
      wait: async ms => await pause(ms, stop),
    },
    {streams, forMs: options.forMs, hasHistory: options.sinceMs > 0, stop},
  )
  const planted = feed.planted()
  console.log(`${process.stdout.isTTY ? '\r\u001B[2K' : ''}${progressText(streams, done)}`)
  if (!options.feed.isCalm) console.log(plantedText(planted))
  if (options.isJson) console.log(jsonText(done, planted))
}

async function main(values: Parameters<typeof readOptions>[0], env: Env): Promise<void> {
  const options = readOptions(values)
  const read = envReader(env)
  const url = readDatabaseUrl(read)
  const folder = readStreamsFolder(read)
  read.finish()
  const pool = createPool(url, {applicationName: 'simulate', connectionsMax: 2})
  try {
    await assertTables(pool, folder, options.feed.streams)
    await simulate(pool, options)
  } finally {
    await pool.end()
  }
}

await runCommand(COMMANDS.simulate, async ({values, env}) => await main(values, env))
