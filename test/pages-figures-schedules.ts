/** Invented jobs and runs, as the API would send them. */
import {HOSTILE} from './pages-hostile.ts'

const at = (minutesAgo: number): string =>
  new Date(Date.now() - minutesAgo * 60_000).toISOString().replace('Z', '000Z')

type State = 'due' | 'queued' | 'running' | 'retrying' | 'succeeded' | 'failed' | 'skipped'

export const jobRun = (job: string, id: number, state: State, minutesAgo: number) => {
  const hasEnded = ['succeeded', 'failed', 'skipped'].includes(state)
  const error = state === 'failed' ? `answered 503 ${HOSTILE.script}` : null
  return {
    id: String(id),
    job,
    tick: at(minutesAgo),
    cause: id % 3 === 0 ? 'asked' : 'cron',
    state,
    attempt: state === 'due' ? 0 : state === 'failed' ? 4 : 1,
    worker: state === 'due' ? null : 'worker-1/4711',
    due_at: at(minutesAgo),
    started_at: state === 'due' ? null : at(minutesAgo),
    finished_at: hasEnded ? at(minutesAgo - 0.05) : null,
    seconds: state === 'due' ? null : 3.2,
    error,
    failures:
      error === null
        ? []
        : [
            {attempt: 1, at: at(minutesAgo), error: 'the server was away'},
            {attempt: 4, at: at(minutesAgo - 1), error},
          ],
    result: state === 'succeeded' ? {fetched: 100, added: 98, bad: [HOSTILE.rtl]} : null,
  }
}

const runsOf = (job: string, newest: State) => [
  jobRun(job, 41, newest, 4),
  ...Array.from({length: 11}, (_, i) =>
    jobRun(job, 40 - i, i === 4 ? 'failed' : 'succeeded', 15 * (i + 2)),
  ),
]

const schedule = (job: string, newest: State | null, changes: object = {}) => ({
  job,
  what: `Does what ${job} says.`,
  cron: '*/15 * * * *',
  zone: 'Europe/Berlin',
  after: [],
  retries: 3,
  back_off_seconds: 15,
  back_off_max_seconds: 240,
  time_limit_seconds: 300,
  off: null,
  paused_at: null,
  next_at: at(-11),
  latest: newest === null ? [] : runsOf(job, newest).slice(0, 10),
  seconds_median: newest === null ? null : 3.1,
  seconds_max: newest === null ? null : 128,
  ...changes,
})

export const schedules = [
  schedule('fetch-users', 'failed'),
  schedule('follows', null, {cron: null, after: ['fetch-users', 'reconcile'], next_at: null}),
  schedule('import', null, {off: 'WORKER_SOMETHING is not set', next_at: null}),
  schedule('report', 'succeeded', {paused_at: at(60), next_at: null}),
  schedule('reconcile', 'running'),
]

export const SCHEDULE_ROUTES: readonly (readonly [
  RegExp,
  (query: URLSearchParams, match: RegExpExecArray) => unknown,
])[] = [
  [/^\/v1\/admin\/schedules$/, () => ({items: schedules})],
  [
    /^\/v1\/admin\/schedules\/([^/]+)\/runs$/,
    (query, match) => {
      const all = runsOf(match[1]!, match[1] === 'reconcile' ? 'running' : 'failed')
      const items = query.has('cursor') ? all.slice(6) : all.slice(0, 6)
      const next = query.has('cursor') ? null : `eyJh.${'A'.repeat(22)}`
      return {items, page: {limit: 50, next_cursor: next}}
    },
  ],
  [
    /^\/v1\/admin\/schedules\/([^/]+)\/(?:pause|resume)$/,
    (_, match) => schedules.find(one => one.job === match[1]),
  ],
  [/^\/v1\/admin\/schedules\/([^/]+)\/run$/, (_, match) => jobRun(match[1]!, 50, 'due', 0)],
]
