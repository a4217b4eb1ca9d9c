import {cpuMsOf} from '../cpu.ts'
import type {Bench, BenchContext, Figures} from '../bench.ts'
import {openProcessorBed, startProcessor, type ProcessorBed} from '../processor-process.ts'
import {untilAtLeast} from '../relay-process.ts'

const CONTENTS = [100, 10_000, 1_000_000] as const
const LABEL = 'stream="engagement"'

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
    const learned = async (): Promise<number> => await processor.read('processor_contents_total')
    await untilAtLeast(learned, contents, {everyMs: 250, timeoutMs: 60_000})
  } finally {
    await processor.stop()
  }
}

/** From the first committed offsets to the last: an offset is committed when both stores have it. */
async function drain(bed: ProcessorBed, {servers, settings}: BenchContext): Promise<Figures> {
  const events = settings['events']!
  const flags =
    settings['profile'] === 1 ? ['--cpu-prof', `--cpu-prof-dir=${process.cwd()}/coverage`] : []
  const processor = await startProcessor(bed, flags)
  const pids = {processor: processor.pid, ...servers.pids}
  let first: Sample | undefined
  let last: Sample | undefined
  let live = 0
  try {
    await untilAtLeast(
      async () => await processor.read('processor_committed_offset', LABEL),
      events,
      {everyMs: 200, timeoutMs: 300_000},
      (committed, at) => {
        // The start of the process is no part of the rate.
        if (committed < events / 50) return
        const cpu = Object.entries(pids).map(([name, pid]) => [name, cpuMsOf(pid)] as const)
        last = {at, events: committed, cpu: Object.fromEntries(cpu)}
        first ??= last
      },
    )
    live = await processor.read('processor_live', LABEL)
  } finally {
    await processor.stop()
  }
  const done = last!.events - first!.events
  const cpu = Object.keys(pids).map(name => {
    return [
      `${name}_us_per_event`,
      ((last!.cpu[name]! - first!.cpu[name]!) * 1_000) / done,
    ] as const
  })
  const perS = (done * 1_000) / (last!.at - first!.at)
  return {events_per_s: perS, ...Object.fromEntries(cpu), partitions_in_redis: live}
}

export const bench: Bench = {
  name: 'processor-throughput',
  what: 'Waiting engagement records through one processor into Cassandra and Redis, every event stored raw and in every metric: events per second from the first committed offsets to the last, CPU per event of each process. Each case takes contents at random, the worst for a million of them.',
  needs: ['kafka', 'registry', 'cassandra', 'redis'],
  settings: {events: 1_000_000, contents: 0, users: 50_000, minutes: 10, rounds: 1, profile: 0},
  async run(context: BenchContext) {
    const {settings, progress} = context
    const cases = settings['contents'] === 0 ? CONTENTS : [settings['contents']!]
    for (let round = 0; round < settings['rounds']!; round++) {
      for (const contents of cases) {
        const bed = await openProcessorBed(context.env)
        try {
          progress(`${contents} contents: filling the topics`)
          await learnContents(bed, contents)
          const {events, users, minutes} = settings as Record<string, number>
          await bed.addEvents({
            events: events!,
            contents,
            users: users!,
            minutes: minutes!,
          })
          progress(`${contents} contents: draining`)
          context.record({label: `${contents} contents`, figures: await drain(bed, context)})
        } finally {
          await bed.close()
        }
      }
    }
  },
}
