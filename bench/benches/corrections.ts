import {setTimeout as sleep} from 'node:timers/promises'
import {openClient, type Client} from '../../platform/postgres.ts'
import {quantile, type Bench, type BenchContext, type Figures} from '../bench.ts'
import {addHistory, openPipelineBed, type PipelineBed} from '../pipeline-process.ts'

const POLL_MS = 250
const PROBE_EVERY_MS = 500
const GIVE_UP_MS = 1_800_000
/** Contents whose answers are compared with SQL at the end. */
const COMPARED = 50

const INSERT = `INSERT INTO engagement_events (content_id, user_id, event_type, event_ts, duration_ms, device)
  SELECT md5((1 + (g::bigint * 7919) % $2::int)::text)::uuid, md5((g % 20011)::text)::uuid,
         (ARRAY['play', 'pause', 'finish', 'click'])[1 + g % 4], clock_timestamp(), 1000 + g % 100000, 'ios'
    FROM generate_series($1::int, $1::int + $3::int - 1) g`
// Another user for each: uniques cannot be taken out, nor the first and last event of who leaves.
const UPDATE = `UPDATE engagement_events SET duration_ms = duration_ms + 1000, user_id = md5(user_id::text)::uuid
  WHERE id >= $1 AND id < $1::bigint + $2::int`
const DELETE = 'DELETE FROM engagement_events WHERE id >= $1 AND id < $1::bigint + $2::int'

/** Sums of a metric of the processor over the partitions of the engagement stream. */
async function readMetrics({processor}: PipelineBed): Promise<(name: string) => number> {
  const lines = (await (await fetch(`${processor.url}/metrics`)).text()).split('\n')
  const own = lines.filter(line => line.includes('stream="engagement"'))
  return name =>
    own
      .filter(line => line.startsWith(`${name}{`))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
}

/** Waits until a metric is where it should be; resolves to how long that took, milliseconds. */
async function until(
  bed: PipelineBed,
  holds: (metric: (name: string) => number) => boolean,
): Promise<number> {
  const startMs = performance.now()
  while (!holds(await readMetrics(bed))) {
    if (performance.now() - startMs > GIVE_UP_MS)
      throw new Error('it takes longer than half an hour')
    await sleep(POLL_MS)
  }
  return performance.now() - startMs
}

/** Events of another stream, each waited for until an answer includes it. */
async function probe(bed: PipelineBed, signal: AbortSignal): Promise<readonly number[]> {
  const client = await openClient(bed.databaseUrl, {applicationName: 'bench-probe'})
  const times: number[] = []
  try {
    while (!signal.aborted) {
      const {rows} = await client.query<{event_id: string}>(
        `INSERT INTO activity_events (user_id, activity_type, occurred_at)
         VALUES ('probe', 'page_view', clock_timestamp()) RETURNING id AS event_id`,
      )
      const startMs = performance.now()
      const path = `/v1/streams/activity/metrics?wait_ms=20000&after_event=activity:${rows[0]!.event_id}`
      const answer = await fetch(`${bed.api.url}${path}`)
      const text = await answer.text()
      if (answer.status >= 400 && answer.status !== 504 && answer.status !== 503)
        throw new Error(text)
      times.push(performance.now() - startMs)
      await sleep(PROBE_EVERY_MS)
    }
  } finally {
    await client.end()
  }
  return times.toSorted((a, b) => a - b)
}

interface Work {
  readonly rows: number
  readonly perTransaction: number
  readonly run: (client: Client, from: number, count: number) => Promise<unknown>
  /** Parts have to be right again afterwards. */
  readonly isMended: boolean
}

async function measure(
  bed: PipelineBed,
  {rows, perTransaction, run, isMended}: Work,
): Promise<Figures> {
  const recordsOf = async (): Promise<number> => (await readMetrics(bed))('processor_records_total')
  const before = await recordsOf()
  const stop = new AbortController()
  const probing = probe(bed, stop.signal)
  void probing.catch(() => undefined)
  const startMs = performance.now()
  for (let done = 0; done < rows; done += perTransaction) {
    await run(bed.client, done, Math.min(perTransaction, rows - done))
  }
  const committedMs = performance.now() - startMs
  await until(bed, metric => metric('processor_records_total') >= before + rows)
  const drainedMs = performance.now() - startMs
  const mendedMs = isMended ? await until(bed, metric => metric('processor_stale_parts') === 0) : 0
  stop.abort()
  const times = await probing
  return {
    committed_per_s: rows / (committedMs / 1000),
    drained_per_s: rows / (drainedMs / 1000),
    mended_after_ms: mendedMs,
    others_p50_ms: quantile(times, 0.5),
    others_p99_ms: quantile(times, 0.99),
    others_max_ms: times.at(-1) ?? Number.NaN,
  }
}

interface Answer {
  readonly events: number
  readonly unique_viewers: number
  readonly first_event_at: string | null
  readonly last_event_at: string | null
}

/** Contents whose first or last event, or events, differ from SQL; uniques by more than three percent. */
async function countWrong(bed: PipelineBed, contents: number): Promise<number> {
  let wrong = 0
  for (let n = 1; n <= COMPARED; n++) {
    const {rows} = await bed.client.query<{
      id: string
      events: string
      users: string
      first: string
      last: string
    }>(
      `SELECT c.id, count(e.id) AS events, count(DISTINCT e.user_id) AS users,
              to_char(min(e.event_ts) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') AS first,
              to_char(max(e.event_ts) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') AS last
         FROM content c LEFT JOIN engagement_events e ON e.content_id = c.id
        WHERE c.id = md5($1::text)::uuid GROUP BY c.id`,
      [String(1 + ((n * 97) % contents))],
    )
    const own = rows[0]!
    const answer = await fetch(
      `${bed.api.url}/v1/streams/engagement/metrics?by=content_id&key=${own.id}`,
    )
    const {metrics: data} = (await answer.json()) as {metrics: Answer}
    const users = Number(own.users)
    const isRight =
      data.events === Number(own.events) &&
      (data.first_event_at ?? '').startsWith(own.first ?? '') &&
      (data.last_event_at ?? '').startsWith(own.last ?? '') &&
      Math.abs(data.unique_viewers - users) <= 1 + 0.03 * users
    if (!isRight) wrong += 1
  }
  return wrong
}

async function runAll(bed: PipelineBed, {settings, record, progress}: BenchContext): Promise<void> {
  const {rows, contents, deleted, transaction} = settings as Record<string, number> & {
    readonly rows: number
    readonly contents: number
    readonly deleted: number
    readonly transaction: number
  }
  await addHistory(bed, {rows: 0, contents})
  const step = async (label: string, work: Work): Promise<void> => {
    progress(label)
    const figures = await measure(bed, work)
    const startMs = performance.now()
    const wrong = await countWrong(bed, contents)
    let left = wrong
    while (left > 0 && performance.now() - startMs < 60_000) {
      await sleep(1000)
      left = await countWrong(bed, contents)
    }
    const right = {
      wrong_at_first: wrong,
      wrong_after_a_minute: left,
      right_after_ms: performance.now() - startMs,
    }
    record({label, figures: {...figures, ...right}})
  }
  let first = 0
  await step('inserts', {
    rows,
    perTransaction: transaction,
    run: (client, from, count) => client.query(INSERT, [from, contents, count]),
    isMended: false,
  })
  const {rows: found} = await bed.client.query<{first: string}>(
    'SELECT min(id) AS first FROM engagement_events',
  )
  first = Number(found[0]!.first)
  await step('updates', {
    rows,
    perTransaction: transaction,
    run: (client, from, count) => client.query(UPDATE, [first + from, count]),
    isMended: true,
  })
  await step('deletes', {
    rows: deleted,
    perTransaction: transaction,
    run: (client, from, count) => client.query(DELETE, [first + from, count]),
    isMended: true,
  })
  await step('updates in one transaction', {
    rows: rows - deleted,
    perTransaction: rows,
    run: (client, from, count) => client.query(UPDATE, [first + deleted + from, count]),
    isMended: true,
  })
}

export const bench: Bench = {
  name: 'corrections',
  what: 'Events are inserted, then all updated and some deleted, in transactions of a thousand and in one: how fast it drains, how long after the last record everything is right again that cannot be taken out, and how long events of another stream wait meanwhile. What is answered is compared with SQL at the end of each.',
  needs: ['postgres', 'kafka', 'registry', 'cassandra', 'redis'],
  settings: {rows: 1_000_000, contents: 5_000, deleted: 200_000, transaction: 1_000},
  async run(context) {
    const bed = await openPipelineBed(context.env)
    try {
      await runAll(bed, context)
    } finally {
      await bed.close()
    }
  },
}
