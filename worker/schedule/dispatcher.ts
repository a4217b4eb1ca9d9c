/**
 * Looks once a second what is due: makes the runs of jobs whose time has come, puts runs into the queue, and ends
 * those that the queue gave up.
 *
 * Guarantees    INV-149 (a run is made once for each tick, whoever looks), INV-150 (runs of a job do not overlap).
 * Does not      run anything: see runner.ts.
 */
import {messageOf} from '../../platform/errors.ts'
import type {Jobs, NextTimes} from '../../platform/jobs.ts'
import {pause, type Loop} from '../../platform/lifecycle.ts'
import type {Logger} from '../../platform/log.ts'
import type {Pool} from '../../platform/postgres.ts'
import type {Job, ReadyJob} from '../../schedule/job.ts'
import type {WorkerMetrics} from '../metrics.ts'
import {findDue} from './decide.ts'
import * as store from './store.ts'

/** The queue of all runs: each entry names one. */
export const RUNS = 'job-runs'

/** So much later than the job's own limit the queue takes a run away, seconds. */
const EXPIRE_AFTER_S = 60

export interface DispatcherDeps {
  readonly pool: Pool
  readonly jobs: Pick<Jobs, 'send' | 'wake' | 'stateOf'>
  readonly schedule: readonly ReadyJob[]
  readonly nextTimes: NextTimes
  readonly metrics: Pick<WorkerMetrics, 'looks'>
  readonly log: Logger
  /** Told after each look: null when it went well. */
  readonly onLook: (problem: string | null) => void
}

export interface DispatcherOptions {
  readonly lookEveryMs: number
  readonly heartbeatS: number
}

/** One look. @returns how many runs were put into the queue */
export async function lookOnce(
  {pool, jobs, schedule, nextTimes}: Omit<DispatcherDeps, 'metrics' | 'log' | 'onLook'>,
  {heartbeatS}: Pick<DispatcherOptions, 'heartbeatS'>,
): Promise<number> {
  const known = new Map(schedule.map(({job}) => [job.name, job]))
  const queued = await store.inTransaction(pool, async session => {
    for (const one of await store.takeTimed(session)) {
      await store.noteDue(session, one.name, findDue(one, one.now, nextTimes))
    }
    const due = await store.takeDue(session, [...known.keys()])
    for (const {id, job} of due) {
      const options = entryOptions(known.get(job)!, heartbeatS)
      const queueId = await jobs.send(RUNS, {run: id}, options, session)
      await store.noteQueued(session, id, queueId)
    }
    return due.length
  })
  if (queued > 0) jobs.wake()
  await endLost(pool, jobs)
  return queued
}

const entryOptions = ({retries, backOffS, timeLimitS}: Job, heartbeatS: number) => ({
  retries,
  backOffS: backOffS.first,
  backOffMaxS: backOffS.max,
  expireS: timeLimitS + EXPIRE_AFTER_S,
  heartbeatS,
})

/** Of a worker that died in the last try nobody else says that the run has failed. */
async function endLost(pool: Pool, jobs: Pick<Jobs, 'stateOf'>): Promise<void> {
  for (const run of await store.openRuns(pool)) {
    const state = await jobs.stateOf(RUNS, run.queueId)
    if (state === 'failed' || state === 'unknown') await store.noteLost(pool, run)
  }
}

export function createDispatcher(deps: DispatcherDeps, options: DispatcherOptions): Loop {
  const {pool, schedule, metrics, log, onLook} = deps
  return {
    name: 'schedule',
    async run(signal) {
      let isDeclared = false
      while (!signal.aborted) {
        try {
          if (!isDeclared) await store.declareJobs(pool, schedule)
          isDeclared = true
          await lookOnce(deps, options)
          metrics.looks.inc({outcome: 'done'})
          onLook(null)
        } catch (error) {
          metrics.looks.inc({outcome: 'failed'})
          log.warn({message: messageOf(error)}, 'it could not be looked what is due, tried again')
          onLook(messageOf(error))
        }
        await pause(options.lookEveryMs, signal)
      }
    },
  }
}
