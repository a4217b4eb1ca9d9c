/**
 * What a job is: when it runs, how often it is tried, how long it may take, and what it does. A file of this folder
 * declares one with `job()`; `load.ts` finds the files.
 */
import {envReader, type Env, type EnvReader} from '../platform/config.ts'
import type {Logger} from '../platform/log.ts'
import type {Pool} from '../platform/postgres.ts'

/** What a run is given. */
export interface JobContext<S> {
  readonly settings: S
  /** The time that the run was due for: the same in each of its tries. */
  readonly tick: Date
  /** From 1. */
  readonly attempt: number
  readonly pool: Pool
  readonly log: Logger
  /** Fires when the time is over, the worker stops, or another one has taken the run: end then. */
  readonly signal: AbortSignal
  /** Runs a command of this project as a process of its own, with changed variables. */
  readonly command: RunCommand
}

export type RunCommand = (
  args: readonly string[],
  options: {readonly env?: Env; readonly signal: AbortSignal},
) => Promise<{readonly status: number | null; readonly stdout: string; readonly stderr: string}>

/** What a run has done, for its history: a few figures and words. */
export type JobResult = Readonly<Record<string, unknown>>

/** What is declared of when and how. */
export interface JobPlan {
  /** Small letters, digits and hyphens. */
  readonly name: string
  /** What it does, in a sentence for people. */
  readonly what: string
  /** When it is due: minute, hour, day, month, weekday, in `zone`. */
  readonly cron?: string
  /** IANA name; UTC when left out. */
  readonly zone?: string
  /** In the place of a time: when all of these have succeeded, of the same tick. */
  readonly after?: readonly string[]
  /** Tries after the first. */
  readonly retries: number
  /** Waits before them, seconds: doubled from the first to the largest. */
  readonly backOffS: {readonly first: number; readonly max: number}
  /** How long each try may take, seconds. */
  readonly timeLimitS: number
}

export interface JobOptions<S> extends JobPlan {
  readonly settings: (read: EnvReader) => S
  /** Why it does not run here; null: it does. */
  readonly off?: (settings: S) => string | null
  /** A try may come after one that ended anywhere: doing it again must change nothing more. */
  readonly run: (context: JobContext<S>) => Promise<JobResult>
}

/** A job with its settings: ready to run. */
export interface ReadyJob {
  readonly job: Job
  readonly off: string | null
  run(context: Omit<JobContext<unknown>, 'settings'>): Promise<JobResult>
}

const JOB = Symbol('job')

export interface Job extends Required<Omit<JobPlan, 'cron'>> {
  readonly cron: string | null
  readonly [JOB]: true
  /** @throws `CONFIG_INVALID` with every problem of its settings */
  ready(env: Env): ReadyJob
}

export const isJob = (value: unknown): value is Job =>
  typeof value === 'object' && value !== null && JOB in value

const NAME = /^[a-z][a-z0-9-]{0,62}$/

/** @throws a TypeError that names the job, what is wrong with it, and what to give instead */
export function job<S>(options: JobOptions<S>): Job {
  const {name, what, cron, zone = 'UTC', after = [], retries, backOffS, timeLimitS} = options
  const refuse = (field: string, value: unknown, give: string): never => {
    throw new TypeError(`job ${name}: ${field} is ${JSON.stringify(value)}: give ${give}`)
  }
  const whole = (field: string, value: number, min: number, max: number): void => {
    if (Number.isInteger(value) && value >= min && value <= max) return
    refuse(field, value, `a whole number from ${min} to ${max}`)
  }
  if (!NAME.test(name)) refuse('name', name, 'small letters, digits and hyphens, 63 at most')
  if (what.trim() === '') refuse('what', what, 'a sentence that says what it does')
  if ((cron === undefined) === (after.length === 0)) {
    throw new TypeError(`job ${name}: give either cron, or after with the jobs that it follows`)
  }
  whole('retries', retries, 0, 20)
  whole('backOffS.first', backOffS.first, 1, 86_400)
  whole('backOffS.max', backOffS.max, backOffS.first, 86_400)
  whole('timeLimitS', timeLimitS, 1, 43_200)
  const plan = {name, what, zone, after, retries, backOffS, timeLimitS, cron: cron ?? null}
  const made: Job = {
    ...plan,
    [JOB]: true,
    ready(env) {
      const read = envReader(env)
      const settings = options.settings(read)
      read.finish()
      return {
        job: made,
        off: options.off?.(settings) ?? null,
        run: async context => await options.run({...context, settings}),
      }
    },
  }
  return made
}
