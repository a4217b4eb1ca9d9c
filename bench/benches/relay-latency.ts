import {setTimeout as sleep} from 'node:timers/promises'
import {quantile, type Bench, type BenchContext, type Figures} from '../bench.ts'
import {DEFAULT_PARTITIONS, topicName} from '../../contracts/topics.ts'
import {createDecoder} from '../../platform/avro-codec.ts'
import {envReader} from '../../platform/config.ts'
import {readKafkaConnection, readRegistryConnection} from '../../platform/connections.ts'
import {createRecordReader} from '../../platform/kafka-platformatic-reader.ts'
import {openClient} from '../../platform/postgres.ts'
import {createRegistry} from '../../platform/registry.ts'
import {engagement} from '../../streams/sample/engagement.ts'
import {
  addEvents,
  openRelayBed,
  startRelay,
  untilAtLeast,
  type RelayBed,
  type RelayUnderTest,
} from '../relay-process.ts'

interface Load {
  /** Rows per second. */
  readonly rate: number
  readonly rowsPerCommit: number
}

const CONTENTS = 1_000
const ROWS_PER_COMMIT_MAX = 16
const LOADS: readonly Load[] = [
  {rate: 500, rowsPerCommit: 1},
  {rate: 2_000, rowsPerCommit: 1},
  // More commits of one row than this machine makes durable.
  {rate: 8_000, rowsPerCommit: ROWS_PER_COMMIT_MAX},
]
/** Fetches that follow each other at once would take the CPU that the relay needs. */
const FETCH_EVERY_MS = 2
const CONNECTIONS = 16

const wallMs = (): number => performance.timeOrigin + performance.now()

interface Seen {
  /** When the broker appended it: whole milliseconds, rounded down. */
  readonly appendedMs: number
  readonly consumedMs: number
}

/** Consumes from the offsets on; `seen` fills up while it runs. */
async function consume(
  bed: RelayBed,
  ends: readonly number[],
  seen: Map<number, Seen>,
  signal: AbortSignal,
): Promise<void> {
  const registry = createRegistry(readRegistryConnection(envReader(bed.env)))
  const decoder = createDecoder<{event_id: number}>(engagement.schema, id =>
    registry.schemaById(id),
  )
  const reader = createRecordReader(readKafkaConnection(envReader(bed.env)), 'bench-consumer')
  const topic = topicName(bed.prefix, engagement.topic)
  const next = [...ends]
  try {
    while (!signal.aborted) {
      const from = next.map((offset, partition) => ({topic, partition, offset}))
      await sleep(FETCH_EVERY_MS)
      const answers = await reader.fetch(from, {bytesMax: 4_000_000, waitMs: 100})
      const consumedMs = wallMs()
      for (const {partition, records} of answers) {
        for (const {value, offset, timestampMs} of records) {
          let event = decoder.decode(value!)
          if (event === undefined) {
            await decoder.prepare(value!)
            event = decoder.decode(value!)
          }
          seen.set(event!.event_id, {appendedMs: timestampMs, consumedMs})
          next[partition] = offset + 1
        }
      }
    }
  } finally {
    await reader.close()
  }
}

const INSERT = {
  name: 'add',
  text: `INSERT INTO engagement_events (content_id, user_id, event_type, event_ts, duration_ms, device)
         SELECT md5(n::text)::uuid, md5(n::text)::uuid, 'play', now(), 30000, 'ios'
         FROM generate_series($1::int, $1::int + $2::int - 1) AS n RETURNING id`,
}

/** Open loop: each insert has its moment, whether or not the one before is done. */
async function insertAtRate(
  bed: RelayBed,
  {rate, rowsPerCommit}: Load,
  seconds: number,
): Promise<{readonly committed: ReadonlyMap<number, number>; readonly lateMs: readonly number[]}> {
  const committed = new Map<number, number>()
  const lateMs: number[] = []
  const total = (rate * seconds) / rowsPerCommit
  let taken = 0
  const startMs = wallMs() + 100
  const worker = async (): Promise<void> => {
    const client = await openClient(bed.databaseUrl, {applicationName: 'bench-writer'})
    try {
      while (taken < total) {
        const n = taken++
        const dueMs = startMs + (n * 1_000 * rowsPerCommit) / rate
        const waitMs = dueMs - wallMs()
        if (waitMs > 1) await sleep(waitMs)
        lateMs.push(Math.max(0, wallMs() - dueMs))
        const values = [1 + ((n * rowsPerCommit) % CONTENTS), rowsPerCommit]
        const {rows} = await client.query<{id: string}>({...INSERT, values})
        const atMs = wallMs()
        for (const {id} of rows) committed.set(Number(id), atMs)
      }
    } finally {
      await client.end()
    }
  }
  await Promise.all(Array.from({length: CONNECTIONS}, worker))
  return {committed, lateMs}
}

function toFigures(name: string, values: readonly number[]): Figures {
  const sorted = values.toSorted((a, b) => a - b)
  return Object.fromEntries(
    [0.5, 0.99, 0.999].map(share => [`${name}_p${share * 100}_ms`, quantile(sorted, share)]),
  )
}

/** @param consumer whether one runs meanwhile, or reads afterwards what the broker noted */
async function measure(
  bed: RelayBed,
  load: Load,
  {seconds, consumer}: {readonly seconds: number; readonly consumer: boolean},
): Promise<Figures> {
  const seen = new Map<number, Seen>()
  const stop = new AbortController()
  const offsets = await bed.admin.offsets(topicName(bed.prefix, engagement.topic))
  const ends = offsets.map(({end}) => end)
  const started = Promise.withResolvers<undefined>()
  const consuming = started.promise.then(() => consume(bed, ends, seen, stop.signal))
  // Awaited below; a failure before that shows as rows that are not seen.
  void consuming.catch(() => undefined)
  if (consumer) started.resolve(undefined)
  const {committed, lateMs} = await insertAtRate(bed, load, seconds)
  started.resolve(undefined)
  await untilAtLeast(async () => await Promise.resolve(seen.size), committed.size, {
    everyMs: 20,
    timeoutMs: 20_000,
  })
  stop.abort()
  await consuming
  // The first second warms connections and code up.
  const times = [...committed].slice(load.rate).map(([id, committedMs]) => {
    const {appendedMs, consumedMs} = seen.get(id)!
    // A row is read as soon as it is visible, which may be before its writer is told.
    return Math.max(0, (consumer ? consumedMs : appendedMs + 0.5) - committedMs)
  })
  const late = lateMs.toSorted((a, b) => a - b)
  return {
    ...toFigures(consumer ? 'consumer' : 'append', times),
    [consumer ? 'consumer_generator_late_p99_ms' : 'generator_late_p99_ms']: quantile(late, 0.99),
  }
}

export const bench: Bench = {
  name: 'relay-latency',
  what: `Commits of one row, at 8,000 rows/s of ${ROWS_PER_COMMIT_MAX} rows, at a fixed rate (open loop, ${CONNECTIONS} connections, ${DEFAULT_PARTITIONS} partitions): from the return of COMMIT to the append in the broker (its clock has whole milliseconds; half of one is added); then, in a run of its own, to a consumer that fetches every ${FETCH_EVERY_MS} ms.`,
  needs: ['postgres', 'kafka', 'registry'],
  settings: {seconds: 15, rounds: 2},
  async run(context: BenchContext) {
    const {settings} = context
    const bed = await openRelayBed(context.env)
    let relay: RelayUnderTest | undefined
    try {
      await addEvents(bed.client, 1, CONTENTS + ROWS_PER_COMMIT_MAX)
      relay = await startRelay(bed)
      await measure(bed, {rate: 1_000, rowsPerCommit: 1}, {seconds: 10, consumer: true})
      for (let round = 0; round < settings['rounds']!; round++) {
        for (const load of LOADS) {
          const seconds = settings['seconds']!
          const append = await measure(bed, load, {seconds, consumer: false})
          const consumer = await measure(bed, load, {seconds, consumer: true})
          context.record({label: `${load.rate} rows/s`, figures: {...append, ...consumer}})
        }
      }
    } finally {
      await relay?.stop()
      await bed.close()
    }
  },
}
