import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {setTimeout as sleep} from 'node:timers/promises'
import {openClient} from '../../platform/postgres.ts'
import {quantile, type Bench, type BenchContext, type Figures} from '../bench.ts'
import {addHistory, openPipelineBed, streamEvents, type PipelineBed} from '../pipeline-process.ts'

const PROBE_EVERY_MS = 200
const WAIT_MS = 20_000

const INSERT = `INSERT INTO engagement_events (content_id, user_id, event_type, event_ts, duration_ms, device)
  VALUES (md5($1::int::text)::uuid, md5($1::int::text)::uuid, 'play', clock_timestamp(), 30000, 'ios')
  RETURNING id, content_id`

/** Live events, each waited for until the numbers that are served include it; sorted, milliseconds. */
async function probe(bed: PipelineBed, signal: AbortSignal): Promise<readonly number[]> {
  const client = await openClient(bed.databaseUrl, {applicationName: 'bench-probe'})
  const times: number[] = []
  const one = async (n: number): Promise<void> => {
    const {rows} = await client.query<{id: string; content_id: string}>(INSERT, [1 + (n % 200)])
    const startMs = performance.now()
    const {id, content_id: content} = rows[0]!
    for (;;) {
      const answer = await fetch(
        `${bed.api.url}/v1/content/${content}/metrics?wait_ms=${WAIT_MS}&after_event=${id}`,
      )
      const text = await answer.text()
      if (answer.status === 200) break
      // 202: not yet; anything else would be an answer that is missing.
      if (answer.status !== 202) throw new Error(`${answer.status} ${text}`)
    }
    times.push(performance.now() - startMs)
  }
  const open = new Set<Promise<void>>()
  try {
    for (let n = 0; !signal.aborted; n++) {
      const waiting = one(n).finally(() => open.delete(waiting))
      waiting.catch(() => undefined)
      open.add(waiting)
      await sleep(PROBE_EVERY_MS)
    }
    await Promise.all(open)
  } finally {
    await client.end()
  }
  return times.toSorted((a, b) => a - b)
}

async function runCommand(
  bed: PipelineBed,
  name: string,
  args: readonly string[],
  say: (line: string) => void,
): Promise<ReadonlyMap<string, number>> {
  const startMs = performance.now()
  const marks = new Map<string, number>()
  const child = spawn(process.execPath, [`scripts/${name}.ts`, ...args], {
    env: {...bed.env, PATH: process.env['PATH']},
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  child.stdout.on('data', (text: Buffer) => {
    for (const line of text.toString().split('\n').filter(Boolean)) {
      const step = /^\d of \d/.exec(line)?.[0]
      if (step !== undefined) marks.set(step, performance.now() - startMs)
      // More than there were at the start: live ones come meanwhile.
      const rows = /([\d,]+) rows written/.exec(line)?.[1]
      if (rows !== undefined) marks.set('rows', Number(rows.replaceAll(',', '')))
      say(line)
    }
  })
  const [status] = (await once(child, 'exit')) as [number | null]
  if (status !== 0) throw new Error(`${name} ended with ${status}`)
  return marks.set('end', performance.now() - startMs)
}

async function beside(
  bed: PipelineBed,
  {live, contents}: {readonly live: number; readonly contents: number},
  work: () => Promise<Figures>,
): Promise<Figures> {
  const stop = new AbortController()
  const streaming = streamEvents(bed, {rate: live, contents}, stop.signal)
  const probing = probe(bed, stop.signal)
  void probing.catch(() => undefined)
  let figures: Figures
  try {
    figures = await work()
  } finally {
    // Also after a failure: nobody would ever end the stream.
    stop.abort()
  }
  const [times] = await Promise.all([probing, streaming])
  return {
    ...figures,
    live_p50_ms: quantile(times, 0.5),
    live_p99_ms: quantile(times, 0.99),
    live_max_ms: times.at(-1) ?? Number.NaN,
    live_probes: times.length,
  }
}

async function runAll(bed: PipelineBed, {settings, record, progress}: BenchContext): Promise<void> {
  const {
    rows,
    contents,
    days,
    live,
    warm_s: warmS,
    alone_s: aloneS,
    rate,
  } = settings as Record<string, number> & {
    readonly rows: number
    readonly contents: number
    readonly days: number
    readonly live: number
    readonly warm_s: number
    readonly alone_s: number
    readonly rate: number
  }
  progress('history')
  await addHistory(bed, {rows, contents, days})
  await bed.untilProcessed()
  const step = async (label: string, work: () => Promise<Figures>): Promise<void> => {
    progress(label)
    record({label, figures: await beside(bed, {live, contents}, work)})
    await bed.untilProcessed()
  }
  progress('warming up')
  await streamEvents(bed, {rate: live, contents}, AbortSignal.timeout(warmS * 1000))
  await bed.untilProcessed()
  await step('live alone', async () => {
    await sleep(aloneS * 1000)
    return {}
  })
  await step('backfill', async () => {
    const marks = await runCommand(
      bed,
      'backfill',
      ['engagement', '--rate', String(rate)],
      progress,
    )
    return {rows: marks.get('rows')!, rows_per_s: marks.get('rows')! / (marks.get('end')! / 1000)}
  })
  await step('rebuild', async () => {
    // Comparing is a matter of reconcile, whose cost is that of its SQL.
    const args = ['engagement', '--yes', '--no-compare', '--rate', String(rate)]
    const marks = await runCommand(bed, 'rebuild', args, progress)
    const at = (mark: string): number => (marks.get(mark) ?? Number.NaN) / 1000
    return {
      rows: marks.get('rows') ?? Number.NaN,
      rows_per_s: (marks.get('rows') ?? Number.NaN) / (at('2 of 4') - at('1 of 4')),
      read_s: at('2 of 4') - at('1 of 4'),
      counted_after_s: at('3 of 4') - at('2 of 4'),
      total_s: at('end'),
    }
  })
}

export const bench: Bench = {
  name: 'rebuild',
  what: 'A history of events is read again beside live ones: by npm run backfill into the numbers that serve, then by npm run rebuild into new ones that take their place. How fast, and how long a live event takes from its commit until a served number includes it.',
  needs: ['postgres', 'kafka', 'registry', 'cassandra', 'redis'],
  settings: {
    rows: 1_000_000,
    contents: 200,
    days: 1,
    live: 500,
    warm_s: 30,
    alone_s: 60,
    rate: 1000,
  },
  async run(context) {
    const bed = await openPipelineBed(context.env)
    try {
      await runAll(bed, context)
    } finally {
      await bed.close()
    }
  },
}
