import {createHash} from 'node:crypto'
import {cpuMsOf} from '../cpu.ts'
import type {Bench, BenchContext, Figures} from '../bench.ts'
import {createOpenLoop, toFigures, type Load, type OpenLoop} from '../open-loop.ts'
import {addHistory, openPipelineBed, streamEvents, type PipelineBed} from '../pipeline-process.ts'

/** The id of the n-th content, as `md5(n)::uuid` makes it. */
const contentId = (n: number): string =>
  createHash('md5')
    .update(String(n))
    .digest('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')

interface Question {
  readonly name: string
  readonly rates: readonly number[]
  readonly path: (n: number) => string
}

function questions(
  settings: BenchContext['settings'],
  ids: readonly string[],
  events: number,
): readonly Question[] {
  const id = (n: number): string => ids[(n * 31) % ids.length]!
  // Spread over all that exist: old hashes have expired or will, new ones are in Redis.
  const eventId = (n: number): number => 1 + ((n * 7919) % events)
  const rate = settings['rate']!
  const slow = settings['slow_rate']!
  return [
    {
      name: 'content metrics',
      rates: [rate / 5, rate / 2, rate],
      path: n => `/v1/content/${id(n)}/metrics`,
    },
    {name: 'event by id', rates: [rate / 5], path: n => `/v1/events/${eventId(n)}`},
    {name: 'top 10', rates: [slow], path: () => '/v1/top?limit=10'},
    {
      name: 'timeseries of 30 days',
      rates: [slow],
      path: n => `/v1/content/${id(n)}/timeseries?period=30d`,
    },
  ]
}

async function measure(
  loop: OpenLoop,
  load: Load,
  processes: Readonly<Record<string, number>>,
): Promise<Figures> {
  const own = (): number => (process.cpuUsage().user + process.cpuUsage().system) / 1_000
  // The servers are children of this process: its own time is asked for apart.
  const cpu = (): readonly number[] =>
    Object.values(processes).map(pid => (pid === process.pid ? own() : cpuMsOf(pid)))
  const before = cpu()
  const startMs = performance.now()
  const result = await loop.run(load)
  const tookMs = performance.now() - startMs
  const after = cpu()
  const shares = Object.keys(processes).map((name, i) => {
    return [`${name}_cpu_pct`, ((after[i]! - before[i]!) * 100) / tookMs] as const
  })
  return {...toFigures(result), ...Object.fromEntries(shares)}
}

async function askAll(
  context: BenchContext,
  bed: PipelineBed,
  {rows, eventsPerS, suffix}: {rows: number; eventsPerS: number; suffix: string},
): Promise<void> {
  const {settings} = context
  const contents = settings['contents']!
  const ids = Array.from({length: contents}, (_, n) => contentId(n + 1))
  const stop = new AbortController()
  const startMs = performance.now()
  const streaming =
    eventsPerS === 0
      ? Promise.resolve(0)
      : streamEvents(bed, {rate: eventsPerS, contents}, stop.signal)
  const loop = createOpenLoop(bed.api.url)
  const processes = {
    api: bed.api.pid,
    relay: bed.relay.pid,
    processor: bed.processor.pid,
    ...context.servers.pids,
    generator: process.pid,
  }
  try {
    for (const {name, rates, path} of questions(settings, ids, rows)) {
      for (const rate of rates) {
        const {status, body} = await loop.ask(path(1))
        if (status !== 200) throw new Error(`${name}: ${status} ${body.slice(0, 300)}`)
        const seconds = settings['seconds']!
        const load = {path, rate, seconds, warmSeconds: settings['warm_seconds']!}
        const label = `${name}, ${rate}/s${suffix}`
        context.record({label, figures: await measure(loop, load, processes)})
      }
    }
  } finally {
    stop.abort()
    await loop.close()
    const sent = await streaming
    const written = (sent * 1_000) / (performance.now() - startMs)
    if (sent > 0) context.progress(`${Math.round(written)} events/s were written meanwhile`)
  }
}

export const bench: Bench = {
  name: 'api-read',
  what: 'One API process asked at a fixed rate (open loop, 64 connections, times from the due moment), while events flow through relay and processor; then, without flow, with a history and with one a hundred times as long.',
  needs: ['postgres', 'kafka', 'registry', 'cassandra', 'redis'],
  settings: {
    rate: 5_000,
    slow_rate: 200,
    events_per_s: 5_000,
    contents: 200,
    history: 10_000,
    times: 100,
    seconds: 15,
    warm_seconds: 3,
    rounds: 1,
  },
  async run(context) {
    const {settings, progress} = context
    const rows = settings['history']!
    const contents = settings['contents']!
    const bed = await openPipelineBed(context.env)
    const rest = async (all: number): Promise<void> => {
      await bed.untilProcessed()
      for (let round = 0; round < settings['rounds']!; round++) {
        const suffix = `, quiet, ${all} events of history`
        await askAll(context, bed, {rows: all, eventsPerS: 0, suffix})
      }
    }
    try {
      progress(`adding ${rows} events`)
      await addHistory(bed, {rows, contents})
      await rest(rows)
      const times = settings['times']!
      if (times > 1) {
        progress(`adding ${rows * (times - 1)} events`)
        await addHistory(bed, {rows: rows * (times - 1), contents})
        await rest(rows * times)
      }
      for (let round = 0; round < settings['rounds']!; round++) {
        const eventsPerS = settings['events_per_s']!
        const suffix = `, ${eventsPerS} events/s flow in`
        await askAll(context, bed, {rows: rows * times, eventsPerS, suffix})
        await bed.untilProcessed()
      }
    } finally {
      await bed.close()
    }
  },
}
