import {openRedis} from '../../platform/redis.ts'
import {markAwaited} from '../../readmodel/awaited.ts'
import {cpuMsOf} from '../cpu.ts'
import type {Bench, BenchContext, Figures} from '../bench.ts'
import {openProcessorBed, startProcessor, type ProcessorBed} from '../processor-process.ts'
import {untilAtLeast} from '../relay-process.ts'

const LABEL = 'stream="engagement"'
/** The API repeats its notice so often while somebody waits for Cassandra. */
const NOTICE_MS = 250

interface Case {
  readonly contents: number
  readonly isZipf: boolean
}

const CONTENTS = [100, 10_000, 1_000_000] as const
const CASES: readonly Case[] = [true, false].flatMap(isZipf =>
  CONTENTS.map(contents => ({contents, isZipf})),
)

/** Enough for some checkpoints of ten seconds, wherever a record costs most. */
const eventsOf = ({contents}: Case): number => (contents > 100_000 ? 200_000 : 600_000)

interface Sample {
  readonly at: number
  readonly events: number
  readonly cpu: Readonly<Record<string, number>>
}

/** The processor learns every content first, so that the events alone are measured. */
async function learnContents(bed: ProcessorBed, contents: number): Promise<void> {
  await bed.addContents(contents)
  const processor = await startProcessor(bed)
  try {
    const learned = async (): Promise<number> => await processor.read('processor_references_total')
    await untilAtLeast(learned, contents, {everyMs: 250, timeoutMs: 600_000})
  } finally {
    await processor.stop()
  }
}

/** From the first events folded to the last committed: an offset is committed when both stores have it. */
async function drain(
  bed: ProcessorBed,
  {servers, settings}: BenchContext,
  events: number,
): Promise<Figures> {
  const flags =
    settings['profile'] === 1 ? ['--cpu-prof', `--cpu-prof-dir=${process.cwd()}/coverage`] : []
  const processor = await startProcessor(bed, flags)
  const pids = {processor: processor.pid, ...servers.pids}
  const sample = (count: number): Sample => {
    const cpu = Object.entries(pids).map(([name, pid]) => [name, cpuMsOf(pid)] as const)
    return {at: performance.now(), events: count, cpu: Object.fromEntries(cpu)}
  }
  const until = async (metric: string, count: number, everyMs: number): Promise<Sample> => {
    const read = async (): Promise<number> => await processor.read(metric, LABEL)
    await untilAtLeast(read, count, {everyMs, timeoutMs: 900_000})
    return sample(await read())
  }
  let first: Sample
  let last: Sample
  let live = 0
  let rows = 0
  try {
    // The start of the process is no part of the rate; all that is folded later is.
    first = await until('processor_events_applied_total', events / 50, 20)
    last = await until('processor_committed_offset', events, 100)
    live = await processor.read('processor_live', LABEL)
    rows = await processor.read('processor_aggregate_rows_total', LABEL)
  } finally {
    await processor.stop()
  }
  const done = events - first.events
  const cpu = Object.keys(pids).map(name => {
    return [`${name}_us_per_event`, ((last.cpu[name]! - first.cpu[name]!) * 1_000) / done] as const
  })
  const perS = (done * 1_000) / (last.at - first.at)
  return {
    events_per_s: perS,
    ...Object.fromEntries(cpu),
    aggregate_rows_per_event: rows / events,
    partitions_in_redis: live,
  }
}

/** Somebody waits for Cassandra all the time, in one partition. */
async function withReader<T>(bed: ProcessorBed, work: () => Promise<T>): Promise<T> {
  await using redis = await openRedis(bed.env['REDIS_URL']!, {name: 'bench'})
  const {space} = bed
  const timer = setInterval(() => {
    void markAwaited(redis, {space, stream: 'engagement', partition: 0}).catch(() => undefined)
  }, NOTICE_MS)
  try {
    return await work()
  } finally {
    clearInterval(timer)
  }
}

const labelOf = ({contents, isZipf}: Case): string =>
  `${contents} contents, ${isZipf ? 'Zipf' : 'uniform'}`

/** Servers that have just been started compile first: what that costs belongs to no case. */
const WARM_UP = {contents: 100, isZipf: true, events: 150_000}

async function runCase(
  context: BenchContext,
  one: Case & {readonly events: number},
): Promise<Figures> {
  const {settings, progress, env} = context
  const bed = await openProcessorBed(env)
  try {
    progress(`${labelOf(one)}: filling the topics`)
    await learnContents(bed, one.contents)
    const {users, minutes} = settings as Record<string, number>
    await bed.addEvents({...one, users: users!, minutes: minutes!})
    progress(`${labelOf(one)}: draining`)
    return await withReader(bed, () => drain(bed, context, one.events))
  } finally {
    await bed.close()
  }
}

export const bench: Bench = {
  name: 'processor-throughput',
  what: 'Waiting engagement records through one processor into Cassandra and Redis, every event stored raw and in every metric, while one reader waits for Cassandra all the time: events per second from the first folded to the last committed, CPU per event of each process. Contents are drawn by Zipf’s law with exponent 1, or uniformly.',
  needs: ['kafka', 'registry', 'cassandra', 'redis'],
  settings: {events: 0, contents: 0, zipf: -1, users: 50_000, minutes: 10, rounds: 1, profile: 0},
  async run(context: BenchContext) {
    const {settings} = context
    const cases = CASES.filter(
      ({contents, isZipf}) =>
        (settings['contents'] === 0 || settings['contents'] === contents) &&
        (settings['zipf'] === -1 || (settings['zipf'] === 1) === isZipf),
    )
    await runCase(context, WARM_UP)
    for (let round = 0; round < settings['rounds']!; round++) {
      for (const one of cases) {
        const events = settings['events'] === 0 ? eventsOf(one) : settings['events']!
        const figures = await runCase(context, {...one, events})
        context.record({label: labelOf(one), figures})
      }
    }
  },
}
