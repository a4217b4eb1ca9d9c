/**
 * One try of a run: begins it in its history, does what the job says within its time, and writes down how it ended.
 *
 * Guarantees    INV-151: a try that was overtaken changes nothing of the run any more; one that ended without a word is
 *               in the history of the next.
 * Does not      repeat: the queue gives a run that failed to a worker again, after its wait.
 */
import {messageOf} from '../../platform/errors.ts'
import type {Entry} from '../../platform/jobs.ts'
import type {Logger} from '../../platform/log.ts'
import type {Pool} from '../../platform/postgres.ts'
import type {ReadyJob, RunCommand} from '../../schedule/job.ts'
import {JOB, type WorkerMetrics} from '../metrics.ts'
import {beginAttempt, noteFailure, noteSuccess, type Attempt} from './attempts.ts'
import {reasonOf} from './decide.ts'

export interface RunnerDeps {
  readonly pool: Pool
  readonly schedule: readonly ReadyJob[]
  readonly command: RunCommand
  readonly metrics: Pick<WorkerMetrics, 'attempts' | 'attemptSeconds'>
  readonly log: Logger
  /** Who we are, for the history. */
  readonly worker: string
  /** Fires when the worker is to stop. */
  readonly stop: AbortSignal
}

/** Handles an entry of the queue; rejects when the try failed, so that the queue repeats it. */
export function createRunner(deps: RunnerDeps) {
  const {pool, schedule, metrics, worker, stop} = deps
  const known = new Map(schedule.map(ready => [ready.job.name, ready]))
  return async (entry: Entry<{readonly run: string}>): Promise<void> => {
    // Another one may have it.
    if (stop.aborted) throw new Error('the worker was stopped')
    const at: Attempt = {id: entry.data.run, attempt: entry.attempt}
    const run = await beginAttempt(pool, {...at, worker})
    if (run === undefined) return
    const ready = known.get(run.job)
    if (ready === undefined) {
      const error = `this worker knows no job ${run.job}`
      // One that does may have it next; when none has, the queue gives it up.
      await noteFailure(pool, at, {error, job: {retries: Number.POSITIVE_INFINITY}})
      throw new Error(error)
    }
    const log = deps.log.child({job: run.job, run: at.id, attempt: at.attempt})
    const limit = AbortSignal.timeout(ready.job.timeLimitS * 1000)
    const signal = AbortSignal.any([stop, entry.signal, limit])
    const began = performance.now()
    const tell = (outcome: 'succeeded' | 'failed' | 'overtaken'): void => {
      metrics.attempts.inc({[JOB]: run.job, outcome})
      metrics.attemptSeconds.observe({[JOB]: run.job}, (performance.now() - began) / 1000)
    }
    try {
      const {command} = deps
      const {tick} = run
      const result = await ready.run({tick, attempt: at.attempt, pool, log, signal, command})
      tell((await noteSuccess(pool, at, result)) ? 'succeeded' : 'overtaken')
    } catch (cause) {
      const error = reasonOf(messageOf(cause), {
        byTime: limit.aborted,
        byStop: stop.aborted,
        byClaim: entry.signal.aborted,
        timeLimitS: ready.job.timeLimitS,
      })
      const isOurs = await noteFailure(pool, at, {error, job: ready.job})
      tell(isOurs ? 'failed' : 'overtaken')
      log.warn({reason: error}, 'a run failed')
      throw new Error(error, {cause})
    }
  }
}
