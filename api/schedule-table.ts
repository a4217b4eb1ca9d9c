/** Jobs and their runs, as workers write them down (db/migrations/0010_jobs.sql). */
import {utcText, type Session} from './database.ts'
import type {JobRunView, ScheduleView} from './schemas/schedules.ts'

const SECONDS =
  'extract(epoch FROM coalesce(r.finished_at, clock_timestamp()) - r.started_at)::float8 AS seconds'

const RUN = `r.id::text, r.job, ${utcText('tick')}, r.cause, r.state, r.attempt, r.worker, ${utcText('due_at')},
  ${utcText('started_at')}, ${utcText('finished_at')}, ${SECONDS}, r.error, r.failures, r.result`

type RunRow = Omit<JobRunView, 'seconds'> & {readonly seconds: number | null}

/** To the millisecond: more of it is noise. */
const rounded = (seconds: number | null): number | null =>
  seconds === null ? null : Math.max(0, Math.round(seconds * 1000) / 1000)

const toRun = ({seconds, failures, ...row}: RunRow): JobRunView => ({
  ...row,
  seconds: rounded(seconds),
  failures: failures.map(one => ({...one, at: new Date(one.at).toISOString()})),
})

const JOBS = `
SELECT j.name AS job, j.what, j.cron, j.zone, j.after, j.retries, j.back_off_s AS back_off_seconds,
       j.back_off_max_s AS back_off_max_seconds, j.time_limit_s AS time_limit_seconds, j.off,
       ${utcText('paused_at')}, ${utcText('next_at')}, d.seconds_median, d.seconds_max
  FROM cdc.jobs j
 CROSS JOIN LATERAL (
   SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY s.seconds) AS seconds_median, max(s.seconds) AS seconds_max
     FROM (SELECT ${SECONDS} FROM cdc.job_runs r
            WHERE r.job = j.name AND r.state = 'succeeded' ORDER BY r.id DESC LIMIT 20) s) d
 WHERE $1::text IS NULL OR j.name = $1
 ORDER BY j.name`

const LATEST = `
SELECT l.* FROM cdc.jobs j
 CROSS JOIN LATERAL (SELECT ${RUN} FROM cdc.job_runs r WHERE r.job = j.name ORDER BY r.id DESC LIMIT 10) l
 WHERE $1::text IS NULL OR j.name = $1`

/** @param job this one alone; all when left out */
export async function readSchedules(db: Session, job?: string): Promise<readonly ScheduleView[]> {
  const values = [job ?? null]
  const [jobs, latest] = await Promise.all([
    db.query<Omit<ScheduleView, 'latest'>>(JOBS, values),
    db.query<RunRow>(LATEST, values),
  ])
  const latestOf = Map.groupBy(latest.rows.map(toRun), run => run.job)
  return jobs.rows.map(row => ({
    ...row,
    seconds_median: rounded(row.seconds_median),
    seconds_max: rounded(row.seconds_max),
    latest: latestOf.get(row.job) ?? [],
  }))
}

/** Newest first. @param before the id of the last one of the page before */
export async function readRuns(
  db: Session,
  job: string,
  {limit, before}: {readonly limit: number; readonly before: string | undefined},
): Promise<readonly JobRunView[]> {
  const {rows} = await db.query<RunRow>(
    `SELECT ${RUN} FROM cdc.job_runs r WHERE r.job = $1 AND ($2::bigint IS NULL OR r.id < $2) ORDER BY r.id DESC LIMIT $3`,
    [job, before ?? null, limit],
  )
  return rows.map(toRun)
}

/** The run that was asked for; undefined: one is under way. */
export async function askJob(db: Session, job: string): Promise<JobRunView | undefined> {
  const {rows} = await db.query<{id: string | null}>('SELECT cdc.ask_job($1)::text AS id', [job])
  const id = rows[0]?.id
  if (id === undefined || id === null) return undefined
  const made = await db.query<RunRow>(`SELECT ${RUN} FROM cdc.job_runs r WHERE r.id = $1`, [id])
  return made.rows.map(toRun)[0]
}

export async function pauseJob(db: Session, job: string, isPaused: boolean): Promise<void> {
  await db.query('SELECT cdc.pause_job($1, $2)', [job, isPaused])
}
