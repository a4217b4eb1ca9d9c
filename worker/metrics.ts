/** Names of the worker's metrics. */
import type {Metrics} from '../platform/metrics.ts'
import type {JobState} from './schedule/store.ts'

export type WorkerMetrics = ReturnType<typeof createWorkerMetrics>

/** Seconds, from a tenth to hours. */
const RUN_BUCKETS = [0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14_400] as const

/** Not `job`: so Prometheus calls what it scrapes. */
export const JOB = 'job_name'

export function createWorkerMetrics(metrics: Metrics) {
  return {
    attempts: metrics.counter('worker_attempts_total', 'Tries of runs, by how they ended', [
      JOB,
      'outcome',
    ]),
    attemptSeconds: metrics.histogram('worker_attempt_seconds', 'Time of a try of a run', {
      labels: [JOB],
      buckets: RUN_BUCKETS,
    }),
    looks: metrics.counter('worker_looks_total', 'Looks for what is due, by outcome', ['outcome']),
    jobFailing: metrics.gauge(
      'worker_job_failing',
      '1 when the last run of a job that ended has failed',
      [JOB],
    ),
    lateSeconds: metrics.gauge(
      'worker_late_seconds',
      'How long the run has waited that has been due the longest',
    ),
  }
}

/** What is looked up, not counted. */
export function measureStates(
  {jobFailing, lateSeconds}: Pick<WorkerMetrics, 'jobFailing' | 'lateSeconds'>,
  states: readonly JobState[],
): void {
  jobFailing.reset()
  for (const {job, error} of states) jobFailing.set({[JOB]: job}, error === null ? 0 : 1)
  lateSeconds.set(Math.max(0, ...states.map(({lateS}) => lateS)))
}
