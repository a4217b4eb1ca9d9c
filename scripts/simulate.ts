/** Streams plausible activity into PostgreSQL, as an application would, and says what it did. */
import {envReader} from '../platform/config.ts'
import {readDatabaseUrl, readStreamsFolder} from '../platform/connections.ts'
import {pause, stopSignal} from '../platform/lifecycle.ts'
import {createPool, type Pool} from '../platform/postgres.ts'
import {loadStreams} from '../streams/load.ts'
import {runCommand, UsageError, wholeNumbers} from './command.ts'
import {COMMANDS} from './commands.ts'
import {lackOfSample} from './sample-streams.ts'
import {createSimulation, type Simulation} from './simulated-activity.ts'
import {insertContents, insertEvents} from './simulated-inserts.ts'

const TICK_MS = 50
const ROWS_MAX = 2000
const PLAIN_EVERY_MS = 5000

const BOUNDS = {
  rate: {usual: 100, min: 1, max: 1_000_000},
  seconds: {usual: 0, min: 0, max: 31_536_000},
  seed: {usual: 1, min: 0, max: 2 ** 31 - 1},
  contents: {usual: 60, min: 1, max: 100_000},
  users: {usual: 2000, min: 1, max: 1_000_000},
} as const

async function run(
  pool: Pool,
  simulation: Simulation,
  {rate, seconds}: {readonly rate: number; readonly seconds: number},
): Promise<void> {
  const stop = stopSignal()
  const began = performance.now()
  const until = seconds === 0 ? Infinity : began + seconds * 1000
  const sent = {engagement: 0, activity: 0}
  let [due, looked, printed, insertMs] = [0, began, began, 0]
  const line = (): string => {
    const elapsed = (performance.now() - began) / 1000
    const all = sent.engagement + sent.activity
    return (
      `${elapsed.toFixed(0)} s | ${(all / elapsed).toFixed(0)} events/s | ${sent.engagement} engagement, ` +
      `${sent.activity} page views | last insert ${insertMs.toFixed(1)} ms`
    )
  }
  while (!stop.aborted && performance.now() < until) {
    const now = performance.now()
    // A database that cannot keep up slows us down; the debt is not paid later.
    due = Math.min(due + ((now - looked) / 1000) * rate, Math.max(rate, ROWS_MAX))
    looked = now
    const batch = Array.from({length: Math.min(ROWS_MAX, Math.floor(due))}, () => simulation.next())
    if (batch.length > 0) {
      await insertEvents(pool, batch)
      insertMs = performance.now() - now
      due -= batch.length
      for (const {kind} of batch) sent[kind] += 1
    }
    if (process.stdout.isTTY) process.stdout.write(`\r\x1b[2K${line()}`)
    else if (now - printed > PLAIN_EVERY_MS) {
      console.log(line())
      printed = now
    }
    if (due < ROWS_MAX) await pause(TICK_MS, stop)
  }
  console.log(`${process.stdout.isTTY ? '\r\x1b[2K' : ''}${line()}`)
}

await runCommand(COMMANDS.simulate, async ({values, env}) => {
  const options = wholeNumbers(values, BOUNDS)
  const read = envReader(env)
  const url = readDatabaseUrl(read)
  const folder = readStreamsFolder(read)
  read.finish()
  const lack = lackOfSample(await loadStreams(folder))
  if (lack !== undefined) throw new UsageError(lack)
  const pool = createPool(url, {applicationName: 'simulate', connectionsMax: 2})
  try {
    const simulation = createSimulation(options)
    await insertContents(pool, simulation.contents)
    await run(pool, simulation, options)
  } finally {
    await pool.end()
  }
})
