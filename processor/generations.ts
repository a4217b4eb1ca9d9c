/**
 * Runs a loop for each generation that is folded, as the keyspaces say which ones there are: one that a rebuild
 * begins is joined, one that was replaced is left, without a restart.
 *
 * Guarantees    INV-70: the names that people know in Redis are written by one generation at a time.
 */
import type {Logger} from 'pino'
import type {Stream} from '../contracts/stream.ts'
import {messageOf, PipelineError} from '../platform/errors.ts'
import {pause, type Loop} from '../platform/lifecycle.ts'
import {foldedOf, lackOf, servedOf, type Generation} from '../readmodel/generations.ts'
import type {GenerationPlan} from './generation.ts'

export interface GenerationsDeps {
  readonly streams: readonly Stream[]
  /** @throws while Cassandra does not answer: what runs goes on */
  readonly read: () => Promise<readonly Generation[]>
  readonly open: (plan: GenerationPlan, isNamed: (stream: string) => boolean) => Loop
  /** What is not folded, and why; null: everything is. */
  readonly onProblem: (problem: string | null) => void
  readonly log: Logger
}

/** Between looks: a rebuild waits much longer before it takes anything away. */
const LOOK_EVERY_MS = 1000
/** A loop that failed is begun anew after so long. */
const AGAIN_MS = 3000

/** What is to run. Pure. */
export function planGenerations(
  generations: readonly Generation[],
  streams: readonly Stream[],
): readonly GenerationPlan[] {
  const folded = foldedOf(generations, streams)
  const references = streams.filter(({isReference}) => isReference)
  const counted = streams.filter(({isReference}) => !isReference)
  const spaces = new Map(folded.map(({keyspace, space}) => [keyspace, space]))
  return Array.from(spaces, ([keyspace, space]) => {
    const own = folded.filter(one => one.keyspace === keyspace)
    const has = ({name}: Stream): boolean => own.some(({stream}) => stream === name)
    return {
      keyspace,
      space,
      streams: counted.filter(has),
      references: references.flatMap(stream => {
        const served = servedOf(folded, stream.name)
        const at = has(stream) ? {keyspace, space} : served
        return at === null ? [] : [{stream, keyspace: at.keyspace, space: at.space}]
      }),
    }
  })
}

/** Why a stream is not folded into what is served; null when all are. Pure. */
export function problemOf(
  generations: readonly Generation[],
  streams: readonly Stream[],
): string | null {
  const problems = streams.flatMap(stream => {
    const lack = lackOf(servedOf(generations, stream.name), stream)
    // One that is being filled is folded.
    return lack === null || lack.kind === 'filling' ? [] : [`stream ${stream.name}: ${lack.what}`]
  })
  return problems.length === 0 ? null : problems.join('; ')
}

const nameOf = ({keyspace, space, streams, references}: GenerationPlan): string =>
  JSON.stringify([
    keyspace,
    space,
    streams.map(({name}) => name),
    references.map(one => [one.stream.name, one.keyspace, one.space]),
  ])

interface Running {
  readonly stop: AbortController
  ended: Promise<void>
}

export function createGenerations(deps: GenerationsDeps, {lookEveryMs = LOOK_EVERY_MS} = {}): Loop {
  const running = new Map<string, Running>()
  let known: readonly Generation[] = []
  const failure = Promise.withResolvers<never>()

  /** While there are several, the one that was there first keeps the names. */
  const isNamed = (keyspace: string, stream: string): boolean =>
    known.find(one => one.stream === stream)?.keyspace === keyspace

  const begin = (plan: GenerationPlan): Running => {
    const {keyspace} = plan
    const stop = new AbortController()
    const run = async (): Promise<void> => {
      while (!stop.signal.aborted) {
        try {
          await deps.open(plan, stream => isNamed(keyspace, stream)).run(stop.signal)
        } catch (error) {
          if (stop.signal.aborted) return
          // What nobody foresaw may have left anything behind: the process begins anew.
          if (!(error instanceof PipelineError)) return failure.reject(error)
          deps.log.error({keyspace, err: error}, 'generation ended, beginning it anew')
          await pause(AGAIN_MS, stop.signal)
        }
      }
    }
    const entry: Running = {stop, ended: Promise.resolve()}
    entry.ended = run()
    deps.log.info({keyspace, streams: plan.streams.map(({name}) => name)}, 'generation begun')
    return entry
  }

  const look = async (): Promise<void> => {
    known = await deps.read()
    deps.onProblem(problemOf(known, deps.streams))
    const wanted = new Map(planGenerations(known, deps.streams).map(plan => [nameOf(plan), plan]))
    const over = [...running].filter(([name]) => !wanted.has(name))
    for (const [name, {stop}] of over) {
      running.delete(name)
      stop.abort(new Error('it is not folded any more'))
    }
    // Two of one keyspace would take its partitions from each other.
    await Promise.all(over.map(([, {ended}]) => ended))
    for (const [name, plan] of wanted) if (!running.has(name)) running.set(name, begin(plan))
  }

  return {
    name: 'generations',
    async run(signal) {
      try {
        while (!signal.aborted) {
          await look().catch((error: unknown) => {
            deps.log.warn({reason: messageOf(error)}, 'the keyspaces cannot be looked at')
          })
          await Promise.race([pause(lookEveryMs, signal), failure.promise])
        }
      } finally {
        for (const {stop} of running.values()) stop.abort(new Error('the processor stops'))
        await Promise.all([...running.values()].map(({ended}) => ended))
      }
    },
  }
}
