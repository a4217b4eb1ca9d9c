import {setTimeout as sleep} from 'node:timers/promises'
import {quantile, type Bench, type BenchContext, type Figures} from '../bench.ts'
import {createOpenLoop, type OpenLoop} from '../open-loop.ts'
import {
  addHistory,
  openPipelineBed,
  streamEvents,
  WARM_UP,
  warmUp,
  type PipelineBed,
} from '../pipeline-process.ts'

const ROUTES = [
  {
    name: 'content metrics (Redis)',
    path: (content: string, id: string) => `/v1/content/${content}/metrics?after_event=${id}`,
  },
  {
    name: 'timeseries (Cassandra)',
    path: (content: string, id: string) =>
      `/v1/content/${content}/timeseries?period=1d&after_event=${id}`,
  },
] as const

const INSERT = {
  name: 'add',
  text: `INSERT INTO engagement_events (content_id, user_id, event_type, event_ts, duration_ms, device)
         VALUES (md5($1::int::text)::uuid, md5($1::int::text)::uuid, 'play', now(), 30000, 'ios')
         RETURNING id, content_id`,
}

/** Commits single rows at a fixed rate; each is asked for as soon as its COMMIT has returned. */
async function askAfterEach(
  bed: PipelineBed,
  loop: OpenLoop,
  load: {
    readonly rate: number
    readonly seconds: number
    readonly contents: number
    readonly path: (content: string, id: string) => string
  },
): Promise<Figures> {
  const {rate, seconds, contents, path} = load
  const times: number[] = []
  let late = 0
  const pending: Promise<void>[] = []
  const askFor = async (content: string, id: string): Promise<void> => {
    const startMs = performance.now()
    const {status} = await loop.ask(`${path(content, id)}&wait_ms=20000`)
    if (status === 200) times.push(performance.now() - startMs)
    else late++
  }
  const startMs = performance.now()
  for (let n = 0; n < rate * seconds; n++) {
    const waitMs = startMs + (n * 1_000) / rate - performance.now()
    if (waitMs > 0) await sleep(waitMs)
    const {rows} = await bed.client.query<{id: string; content_id: string}>({
      ...INSERT,
      values: [1 + (n % contents)],
    })
    pending.push(askFor(rows[0]!.content_id, rows[0]!.id))
  }
  await Promise.all(pending)
  const sorted = times.toSorted((a, b) => a - b)
  return {
    answered: sorted.length,
    not_in_time: late,
    p50_ms: quantile(sorted, 0.5),
    p99_ms: quantile(sorted, 0.99),
    max_ms: sorted.at(-1) ?? Number.NaN,
  }
}

export const bench: Bench = {
  name: 'api-after-event',
  what: 'A row is committed by SQL and at once asked for with after_event, while other events flow in: from the return of COMMIT to the answer that includes it (status 200).',
  needs: ['postgres', 'kafka', 'registry', 'cassandra', 'redis'],
  settings: {rate: 50, seconds: 20, events_per_s: 2_000, contents: 200, rounds: 2, ...WARM_UP},
  async run(context: BenchContext) {
    const {settings} = context
    const contents = settings['contents']!
    const bed = await openPipelineBed(context.env)
    const stop = new AbortController()
    const loop = createOpenLoop(bed.api.url)
    try {
      await addHistory(bed, {rows: 10_000, contents})
      await bed.untilProcessed()
      context.progress('warming')
      await warmUp(bed, settings)
      const eventsPerS = settings['events_per_s']!
      const streaming = streamEvents(bed, {rate: eventsPerS, contents}, stop.signal)
      const ask = async (route: (typeof ROUTES)[number], seconds: number): Promise<Figures> =>
        await askAfterEach(bed, loop, {
          rate: settings['rate']!,
          seconds,
          contents,
          path: route.path,
        })
      for (const route of ROUTES) await ask(route, 3)
      for (let round = 0; round < settings['rounds']!; round++) {
        for (const route of ROUTES) {
          const figures = await ask(route, settings['seconds']!)
          context.record({label: `${route.name}, ${eventsPerS} events/s`, figures})
        }
      }
      stop.abort()
      await streaming
    } finally {
      stop.abort()
      await loop.close()
      await bed.close()
    }
  },
}
