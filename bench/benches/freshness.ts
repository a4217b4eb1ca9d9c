import {setTimeout as sleep} from 'node:timers/promises'
import {partitionFor} from '../../contracts/partition.ts'
import {DEFAULT_PARTITIONS} from '../../contracts/topics.ts'
import {openCassandra} from '../../platform/cassandra.ts'
import {envReader} from '../../platform/config.ts'
import {readCassandraConnection, readRedisUrl} from '../../platform/connections.ts'
import {openClient} from '../../platform/postgres.ts'
import {openRedis, type Redis} from '../../platform/redis.ts'
import {planStream} from '../../readmodel/plan.ts'
import {createRawTable, type RawTable} from '../../readmodel/raw-table.ts'
import {eventKey} from '../../readmodel/redis-keys.ts'
import {planShown} from '../../readmodel/shown.ts'
import {engagement} from '../../streams/sample/engagement.ts'
import {quantile, type Bench, type BenchContext, type Figures} from '../bench.ts'
import {cpuMsOf, machineMs} from '../cpu.ts'
import {
  addHistory,
  openPipelineBed,
  streamEvents,
  WARM_UP,
  warmUp,
  type PipelineBed,
} from '../pipeline-process.ts'

const RATES = [2_000, 5_000] as const
/** Pauses between looks: half of one is the error of a time. Redis answers cheaply, Cassandra does not. */
const REDIS_LOOK_MS = 5
const CASSANDRA_LOOK_MS = 20
/** Probes in one look: were all looked at that are open, a slow moment would make itself slower. */
const REDIS_LOOK_PROBES = 20
const CASSANDRA_LOOK_PROBES = 4
const GIVE_UP_MS = 30_000
const SETTLE_PROBES = 50

interface Probe {
  readonly event_id: number
  readonly content_id: string
  readonly committedMs: number
  redisMs: number
  cassandraMs: number
}

const INSERT = {
  name: 'probe',
  text: `INSERT INTO engagement_events (content_id, user_id, event_type, event_ts, duration_ms, device)
         VALUES (md5($1::int::text)::uuid, md5($1::int::text)::uuid, 'play', clock_timestamp(), 30000, 'ios')
         RETURNING id, content_id`,
}

async function lookInRedis(redis: Redis, open: readonly Probe[]): Promise<void> {
  if (open.length === 0) return
  const found = await redis.pipeline(
    open.map(one => ['EXISTS', eventKey(engagement.hashes!, one.event_id)]),
  )
  const nowMs = performance.now()
  for (const [i, one] of open.entries()) if (found[i] === 1) one.redisMs = nowMs
}

async function lookInCassandra(events: RawTable, open: readonly Probe[]): Promise<void> {
  await Promise.all(
    open.map(async one => {
      const partition = partitionFor(one.content_id, '', DEFAULT_PARTITIONS)
      const [row] = await events.read([one.event_id], partition)
      if (row !== null) one.cassandraMs = performance.now()
    }),
  )
}

/** Looks for what is not seen yet, some in turn, until all probes were sent and seen. */
async function watch(
  open: () => readonly Probe[],
  look: (open: readonly Probe[]) => Promise<void>,
  {
    everyMs,
    probesMax,
    isOver,
  }: {readonly everyMs: number; readonly probesMax: number; readonly isOver: () => boolean},
): Promise<void> {
  let turn = 0
  let endsAt = Number.POSITIVE_INFINITY
  for (;;) {
    const probes = open()
    if (isOver()) {
      if (probes.length === 0) return
      endsAt = Math.min(endsAt, performance.now() + GIVE_UP_MS)
      if (performance.now() > endsAt) return
    }
    const from = probes.length <= probesMax ? 0 : (turn += probesMax) % probes.length
    await look([...probes.slice(from), ...probes.slice(0, from)].slice(0, probesMax))
    await sleep(everyMs)
  }
}

interface Stores {
  readonly redis: Redis
  readonly events: RawTable
}

/** Commits probes at a fixed rate, whether or not those before were seen. */
async function measure(
  {client}: PipelineBed,
  {redis, events}: Stores,
  load: {readonly rate: number; readonly seconds: number; readonly contents: number},
): Promise<Figures> {
  const {rate, seconds, contents} = load
  const probes: Probe[] = []
  const late: number[] = []
  let isSent = false
  const isOver = (): boolean => isSent
  const watching = Promise.all([
    watch(
      () => probes.filter(one => Number.isNaN(one.redisMs)),
      open => lookInRedis(redis, open),
      {everyMs: REDIS_LOOK_MS, probesMax: REDIS_LOOK_PROBES, isOver},
    ),
    watch(
      () => probes.filter(one => Number.isNaN(one.cassandraMs)),
      open => lookInCassandra(events, open),
      {everyMs: CASSANDRA_LOOK_MS, probesMax: CASSANDRA_LOOK_PROBES, isOver},
    ),
  ])
  const startMs = performance.now()
  for (let n = 0; n < rate * seconds; n++) {
    const dueMs = startMs + (n * 1_000) / rate
    const waitMs = dueMs - performance.now()
    if (waitMs > 0) await sleep(waitMs)
    late.push(performance.now() - dueMs)
    const values = [1 + (n % contents)]
    const answer = await client.query<{id: string; content_id: string}>({
      ...INSERT,
      values,
    })
    const {id, content_id} = answer.rows[0]!
    probes.push({
      event_id: Number(id),
      content_id,
      committedMs: performance.now(),
      redisMs: Number.NaN,
      cassandraMs: Number.NaN,
    })
  }
  isSent = true
  await watching
  return {
    ...toFigures(
      'redis',
      probes.map(one => one.redisMs - one.committedMs),
    ),
    ...toFigures(
      'cassandra',
      probes.map(one => one.cassandraMs - one.committedMs),
    ),
    generator_late_p99_ms: quantile(
      late.toSorted((a, b) => a - b),
      0.99,
    ),
  }
}

function toFigures(store: string, times: readonly number[]): Figures {
  const seen = times.filter(ms => !Number.isNaN(ms)).toSorted((a, b) => a - b)
  return {
    [`${store}_p50_ms`]: quantile(seen, 0.5),
    [`${store}_p99_ms`]: quantile(seen, 0.99),
    [`${store}_p99.9_ms`]: quantile(seen, 0.999),
    [`${store}_not_seen`]: times.length - seen.length,
  }
}

/** One reader: commits a row, asks for a series that includes it, and so on until the signal. */
async function readAfterEvents(
  bed: PipelineBed,
  contents: number,
  signal: AbortSignal,
): Promise<Figures> {
  const client = await openClient(bed.databaseUrl, {applicationName: 'bench-reader'})
  const times: number[] = []
  try {
    for (let n = 0; !signal.aborted; n++) {
      const {rows} = await client.query<{id: string; content_id: string}>({
        ...INSERT,
        values: [1 + ((n * 31) % contents)],
      })
      const {id, content_id} = rows[0]!
      const path = `/v1/content/${content_id}/timeseries?period=1d&wait_ms=20000&after_event=${id}`
      const startMs = performance.now()
      const answer = await fetch(`${bed.api.url}${path}`)
      await answer.arrayBuffer()
      if (answer.status === 200) times.push(performance.now() - startMs)
    }
  } finally {
    await client.end()
  }
  const sorted = times.toSorted((a, b) => a - b)
  return {reader_p50_ms: quantile(sorted, 0.5), reader_p99_ms: quantile(sorted, 0.99)}
}

/** The sum of a metric of the processor over the labels of the engagement stream. */
async function readMetric({processor}: PipelineBed, name: string): Promise<number> {
  const lines = (await (await fetch(`${processor.url}/metrics`)).text()).split('\n')
  return lines
    .filter(line => line.startsWith(`${name}{`) && line.includes('stream="engagement"'))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
}

interface Sample {
  readonly atMs: number
  readonly rows: number
  readonly records: number
  readonly busyMs: number
  readonly allMs: number
  readonly cpu: Readonly<Record<string, number>>
}

async function takeSample(bed: PipelineBed, {servers}: BenchContext): Promise<Sample> {
  const {relay, processor, api} = bed
  const pids = {relay: relay.pid, processor: processor.pid, api: api.pid, ...servers.pids}
  return {
    atMs: performance.now(),
    rows: await readMetric(bed, 'processor_aggregate_rows_total'),
    records: await readMetric(bed, 'processor_records_total'),
    ...machineMs(),
    cpu: Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, cpuMsOf(pid)])),
  }
}

function toShares(from: Sample, to: Sample): Figures {
  const tookMs = to.atMs - from.atMs
  const shares = Object.keys(to.cpu).map(
    name => [`${name}_cpu_pct`, ((to.cpu[name]! - from.cpu[name]!) * 100) / tookMs] as const,
  )
  return {
    aggregate_rows_per_event: (to.rows - from.rows) / (to.records - from.records),
    both_cores_pct: ((to.busyMs - from.busyMs) * 100) / (to.allMs - from.allMs),
    ...Object.fromEntries(shares),
  }
}

/** Background load at `eventsPerS`, and probes in it. */
async function measureUnder(
  bed: PipelineBed,
  stores: Stores,
  context: BenchContext,
  eventsPerS: number,
): Promise<Figures> {
  const {settings} = context
  const contents = settings['contents']!
  const stop = new AbortController()
  const startMs = performance.now()
  const streaming = streamEvents(bed, {rate: eventsPerS, contents}, stop.signal)
  const reading = readAfterEvents(bed, contents, stop.signal)
  void reading.catch(() => undefined)
  const load = {rate: settings['probes_per_s']!, contents}
  try {
    await measure(bed, stores, {...load, seconds: settings['warm_seconds']!})
    const before = await takeSample(bed, context)
    const figures = await measure(bed, stores, {...load, seconds: settings['seconds']!})
    const after = await takeSample(bed, context)
    stop.abort()
    const sent = await streaming
    const tookS = (performance.now() - startMs) / 1_000
    return {
      ...figures,
      ...(await reading),
      events_per_s: sent / tookS,
      ...toShares(before, after),
    }
  } finally {
    stop.abort()
  }
}

export const bench: Bench = {
  name: 'freshness',
  what: 'Rows committed at a fixed rate through relay and processor, and in them single-row commits that are looked for: from the return of COMMIT until the event is in Redis (looked for every 5 ms) and in Cassandra (every 20 ms). One reader asks for a series after each event of its own meanwhile; the shares of the cores include the load.',
  needs: ['postgres', 'kafka', 'registry', 'cassandra', 'redis'],
  settings: {
    events_per_s: 0,
    probes_per_s: 40,
    seconds: 60,
    // Servers compile what a rate needs while they are under it.
    warm_seconds: 30,
    ...WARM_UP,
    contents: 1_000,
    rounds: 1,
  },
  async run(context: BenchContext) {
    const {settings, env, progress} = context
    const rates = settings['events_per_s'] === 0 ? RATES : [settings['events_per_s']!]
    const bed = await openPipelineBed(env)
    const read = envReader(bed.env)
    const connection = readCassandraConnection(read)
    const cassandra = await openCassandra(connection, {keyspace: connection.keyspace})
    const redis = await openRedis(readRedisUrl(read), {name: 'bench'})
    try {
      await addHistory(bed, {rows: 10_000, contents: settings['contents']!})
      const stores = {
        redis,
        events: createRawTable(cassandra, planStream(engagement), planShown(engagement)),
      }
      // Events of every partition that are seen have everything before them in both stores.
      const settle = {rate: SETTLE_PROBES, seconds: 1, contents: settings['contents']!}
      await measure(bed, stores, settle)
      progress('warming')
      await warmUp(bed, settings)
      for (let round = 0; round < settings['rounds']!; round++) {
        for (const rate of rates) {
          progress(`${rate} events/s`)
          const figures = await measureUnder(bed, stores, context, rate)
          context.record({label: `${rate} events/s`, figures})
          await measure(bed, stores, settle)
        }
      }
    } finally {
      await redis.close()
      await cassandra.close()
      await bed.close()
    }
  },
}
