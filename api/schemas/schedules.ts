/** Jobs that run by themselves, and what they have run. */
import {Type, type Static} from 'typebox'
import {closed, Count, expected, named, nullable, oneOf, Page, PageQuery, Time} from './common.ts'

export const RUN_STATES = [
  'due',
  'queued',
  'running',
  'retrying',
  'succeeded',
  'failed',
  'skipped',
] as const

const Seconds = (description: string) => Type.Number({minimum: 0, description})

export const JobRun = named('JobRun', {
  id: Type.String({description: 'of the row in cdc.job_runs'}),
  job: Type.String(),
  tick: Type.Unsafe<string>({...Time, description: 'the time that it was due for'}),
  cause: oneOf(['cron', 'after', 'asked'], {
    description: 'its time came, what it comes after has succeeded, or somebody asked for it',
  }),
  state: oneOf(RUN_STATES, {
    description: 'retrying: a try failed, another one comes; skipped: the run before had not ended',
  }),
  attempt: Type.Integer({minimum: 0, description: 'the last try, from 1; 0: none yet'}),
  worker: nullable(Type.String({description: 'host and process of the last try'})),
  due_at: Time,
  started_at: nullable(Time),
  finished_at: nullable(Time),
  seconds: nullable(Seconds('from its first try to its end, or until now')),
  error: nullable(Type.String({description: 'how the last try failed'})),
  failures: Type.Array(
    named('JobFailure', {attempt: Type.Integer(), at: Time, error: Type.String()}),
    {description: 'tries that failed'},
  ),
  result: Type.Unsafe<unknown>({description: 'what it says that it has done'}),
})
export type JobRunView = Static<typeof JobRun>

export const Schedule = named('Schedule', {
  job: Type.String(),
  what: Type.String({description: 'what it does'}),
  cron: nullable(Type.String({description: 'when, in `zone`; null: after others'})),
  zone: Type.String(),
  after: Type.Array(Type.String(), {description: 'jobs that it comes after, of the same tick'}),
  retries: Count,
  back_off_seconds: Type.Integer({description: 'before the first repetition; doubled each time'}),
  back_off_max_seconds: Type.Integer(),
  time_limit_seconds: Type.Integer({description: 'of each try'}),
  off: nullable(Type.String({description: 'why it does not run here; null: it does'})),
  paused_at: nullable(Time),
  next_at: nullable(Time),
  latest: Type.Array(JobRun, {description: 'its last ten runs, newest first'}),
  seconds_median: nullable(Seconds('of its last twenty runs that succeeded')),
  seconds_max: nullable(Seconds('of the same')),
})
export type ScheduleView = Static<typeof Schedule>
export const ScheduleList = named('ScheduleList', {items: Type.Array(Schedule)})

export const ScheduleParams = closed({
  job: Type.String({
    pattern: '^[a-z][a-z0-9-]{0,62}$',
    ...expected('the name of a job: small letters, digits and hyphens'),
    description: 'one of those that /v1/admin/schedules lists',
    examples: ['retention'],
  }),
})
export const RunsQuery = closed(PageQuery)
export const RunList = named('JobRunList', {items: Type.Array(JobRun), page: Page})
