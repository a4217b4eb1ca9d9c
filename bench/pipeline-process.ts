/** The whole pipeline under test: the three services as processes, with stores of their own. */
import {randomBytes} from 'node:crypto'
import {setTimeout as sleep} from 'node:timers/promises'
import type {Env} from '../platform/config.ts'
import {openClient, type Client} from '../platform/postgres.ts'
import {initPipeline} from '../scripts/init.ts'
import {freePorts} from '../stack/ports.ts'
import {spawnService} from './service-process.ts'

const READY_TIMEOUT_MS = 60_000
const POLL_MS = 50

export interface Process {
  readonly url: string
  readonly pid: number
  stop(): Promise<void>
}

export interface PipelineBed {
  readonly client: Client
  readonly databaseUrl: string
  readonly env: Env
  readonly relay: Process
  readonly processor: Process
  readonly api: Process
  /** Resolves when everything committed so far is in Redis and in Cassandra. */
  untilProcessed(timeoutMs?: number): Promise<void>
  close(): Promise<void>
}

async function startProcess(
  service: string,
  {port, env, flags}: {readonly port: number; readonly env: Env; readonly flags: readonly string[]},
): Promise<Process> {
  const url = `http://127.0.0.1:${port}`
  const {child, pid, stop} = spawnService([...flags, `${service}/main.ts`], env, [
    'ignore',
    'inherit',
    'inherit',
  ])
  const deadline = performance.now() + READY_TIMEOUT_MS
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${service} ended`)
    if (performance.now() > deadline) {
      child.kill('SIGKILL')
      throw new Error(`${service} is not ready`)
    }
    const answer = await fetch(`${url}/health/ready`).catch(() => undefined)
    if (answer?.ok === true) break
    await sleep(POLL_MS)
  }
  return {url, pid, stop}
}

/** @param flags of Node for the API, such as `--cpu-prof` */
export async function openPipelineBed(
  given: Env,
  flags: readonly string[] = [],
): Promise<PipelineBed> {
  const name = `bench_${randomBytes(4).toString('hex')}`
  const database = new URL(given['DATABASE_URL']!)
  database.pathname = `/${name}`
  const [relayPort, processorPort, apiPort] = await freePorts(3)
  const env: Env = {
    ...given,
    DATABASE_URL: database.toString(),
    TOPIC_PREFIX: `${name}-`,
    CASSANDRA_KEYSPACE: name,
    PROCESSOR_GROUP_ID: name,
    RELAY_PORT: String(relayPort),
    PROCESSOR_PORT: String(processorPort),
    API_PORT: String(apiPort),
    API_RELAY_URLS: `http://127.0.0.1:${relayPort}`,
    API_PROCESSOR_URLS: `http://127.0.0.1:${processorPort}`,
    API_WORKER_URLS: 'none',
    LOG_LEVEL: 'warn',
  }
  await initPipeline(env, () => undefined)
  const client = await openClient(database.toString(), {applicationName: 'bench'})
  const started: Process[] = []
  const close = async (): Promise<void> => {
    await client.end()
    for (const one of started.toReversed()) await one.stop()
  }
  const start = async (service: string, port: number, nodeFlags: readonly string[] = []) => {
    const running = await startProcess(service, {port, env, flags: nodeFlags})
    started.push(running)
    return running
  }
  try {
    await client.query(`ALTER DATABASE ${name} SET cdc.wake = 'on'`)
    const relay = await start('ingestor', relayPort!)
    const processor = await start('processor', processorPort!)
    const api = await start('api', apiPort!, flags)
    return {
      client,
      databaseUrl: database.toString(),
      env,
      relay,
      processor,
      api,
      untilProcessed: (timeoutMs = 600_000) => untilProcessed(client, api.url, timeoutMs),
      close,
    }
  } catch (error) {
    // What was started would keep this process alive, and the cores busy.
    await close()
    throw error
  }
}

/** Of each partition the last event: whoever has those has all before them. */
async function untilProcessed(client: Client, url: string, timeoutMs: number): Promise<void> {
  const {rows} = await client.query<{id: string; content_id: string}>(
    `SELECT max(id) AS id, content_id FROM engagement_events
     WHERE id > (SELECT max(id) - 100000 FROM engagement_events) GROUP BY content_id`,
  )
  const deadline = performance.now() + timeoutMs
  for (const {id, content_id: content} of rows.toSorted((a, b) => Number(b.id) - Number(a.id))) {
    for (;;) {
      const path = `/v1/content/${content}/timeseries?after_event=${id}&wait_ms=20000&period=1d`
      const answer = await fetch(`${url}${path}`)
      await answer.arrayBuffer()
      if (answer.status === 200) break
      if (performance.now() > deadline) throw new Error(`event ${id} was not processed in time`)
    }
  }
}

/** What is streamed before anything is measured. */
export const WARM_UP = {warm_events: 300_000, warm_events_per_s: 8_000} as const

/** Servers that were just started compile for minutes what a long-running one has compiled. */
export async function warmUp(
  bed: PipelineBed,
  settings: Readonly<Record<string, number>>,
): Promise<void> {
  const rate = settings['warm_events_per_s']!
  const events = settings['warm_events']!
  if (events === 0) return
  const signal = AbortSignal.timeout((events / rate) * 1_000)
  await streamEvents(bed, {rate, contents: settings['contents']!}, signal)
  await bed.untilProcessed()
}

const TICK_MS = 20

/**
 * Commits `rate` events a second in batches of a tick until the signal; resolves to their number. A
 * failure may be awaited late.
 */
export function streamEvents(
  bed: PipelineBed,
  load: {readonly rate: number; readonly contents: number},
  signal: AbortSignal,
): Promise<number> {
  const streaming = stream(bed, load, signal)
  void streaming.catch(() => undefined)
  return streaming
}

async function stream(
  bed: PipelineBed,
  {rate, contents}: {readonly rate: number; readonly contents: number},
  signal: AbortSignal,
): Promise<number> {
  const client = await openClient(bed.databaseUrl, {applicationName: 'bench-writer'})
  const startMs = performance.now()
  let sent = 0
  try {
    while (!signal.aborted) {
      const due = Math.floor(((performance.now() - startMs) * rate) / 1_000)
      if (due > sent) {
        await client.query({...STREAM, values: [sent, contents, due - sent]})
        sent = due
      }
      await sleep(TICK_MS)
    }
  } finally {
    await client.end()
  }
  return sent
}

const EVENT_COLUMNS = `md5((1 + (g::bigint * 7919) % $2::int)::text)::uuid, md5((g % 20011)::text)::uuid,
  (ARRAY['play', 'pause', 'finish', 'click'])[1 + g % 4]`

const STREAM = {
  name: 'stream',
  text: `INSERT INTO engagement_events (content_id, user_id, event_type, event_ts, duration_ms, device)
         SELECT ${EVENT_COLUMNS}, clock_timestamp(), 1000 + g % 100000, 'ios'
           FROM generate_series($1::int + 1, $1::int + $3::int) g`,
}

/** Contents, and events of the last days in the order of time. */
export async function addHistory(
  {client}: PipelineBed,
  {
    rows,
    contents,
    days = 30,
  }: {readonly rows: number; readonly contents: number; readonly days?: number},
): Promise<void> {
  await client.query(
    `INSERT INTO content SELECT md5(g::text)::uuid, 's' || g, 'Title ' || g, 'podcast', 1800, now()
       FROM generate_series(1, $1::int) g ON CONFLICT DO NOTHING`,
    [contents],
  )
  const batch = 10_000
  for (let done = 0; done < rows; done += batch) {
    await client.query(
      `INSERT INTO engagement_events (content_id, user_id, event_type, event_ts, duration_ms, device)
       SELECT ${EVENT_COLUMNS}, now() - interval '1 day' * $5::int * (1 - g::float8 / $4::int), 1000 + g % 100000, 'ios'
         FROM generate_series($1::int + 1, $1::int + $3::int) g`,
      [done, contents, Math.min(batch, rows - done), rows, days],
    )
  }
}
