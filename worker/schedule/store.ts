/** Jobs and their runs in PostgreSQL (db/migrations/0010_jobs.sql). */
import type {Pool, PoolClient} from '../../platform/postgres.ts'
import type {ReadyJob} from '../../schedule/job.ts'
import {LOST, type Due} from './decide.ts'

export type Session = Pick<PoolClient, 'query'>

const DECLARE = `
INSERT INTO cdc.jobs AS j (name, what, cron, zone, after, retries, back_off_s, back_off_max_s, time_limit_s, off)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    ON CONFLICT (name) DO UPDATE
   SET what = excluded.what, cron = excluded.cron, zone = excluded.zone, after = excluded.after,
       retries = excluded.retries, back_off_s = excluded.back_off_s, back_off_max_s = excluded.back_off_max_s,
       time_limit_s = excluded.time_limit_s, off = excluded.off,
       -- Another time begins anew; the same one goes on, with what was missed.
       next_at = CASE WHEN (j.cron, j.zone) IS NOT DISTINCT FROM (excluded.cron, excluded.zone) AND excluded.off IS NULL
                      THEN j.next_at END`

/** Writes down what is declared; jobs that are not any more go, and what is open of them ends. */
export async function declareJobs(pool: Pool, jobs: readonly ReadyJob[]): Promise<void> {
  await inTransaction(pool, async session => {
    for (const {job, off} of jobs) {
      const {name, what, cron, zone, after, retries, backOffS, timeLimitS} = job
      const plan = [retries, backOffS.first, backOffS.max, timeLimitS]
      await session.query(DECLARE, [name, what, cron, zone, after, ...plan, off])
    }
    const names = jobs.map(({job}) => job.name)
    await session.query('DELETE FROM cdc.jobs WHERE name <> ALL ($1)', [names])
    await session.query(
      `UPDATE cdc.job_runs SET state = 'failed', finished_at = clock_timestamp(), error = 'the job is not declared any more'
        WHERE finished_at IS NULL AND job <> ALL ($1)`,
      [names],
    )
  })
}

/** Commits when `work` resolves, at READ COMMITTED whatever the default; rolls back when it rejects. */
export async function inTransaction<T>(
  pool: Pool,
  work: (session: PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect()
  let broken = true
  try {
    await client.query('BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE')
    const done = await work(client)
    await client.query('COMMIT')
    broken = false
    return done
  } finally {
    // One that failed is in a transaction still.
    client.release(broken)
  }
}

export interface TimedJob {
  readonly name: string
  readonly cron: string
  readonly zone: string
  readonly nextAt: Date | null
  readonly now: Date
}

/** Jobs whose time has come, or is not known; nobody else has them until the transaction ends. */
export async function takeTimed(session: Session): Promise<readonly TimedJob[]> {
  const {rows} = await session.query<TimedJob>(
    `SELECT name, cron, zone, next_at AS "nextAt", clock_timestamp() AS now FROM cdc.jobs
      WHERE cron IS NOT NULL AND paused_at IS NULL AND off IS NULL AND (next_at IS NULL OR next_at <= clock_timestamp())
      ORDER BY name FOR UPDATE SKIP LOCKED`,
  )
  return rows
}

const SKIPPED = `
INSERT INTO cdc.job_runs (job, tick, cause, state, finished_at, error)
VALUES ($1, $2, 'cron', 'skipped', clock_timestamp(), 'the run before had not ended') ON CONFLICT DO NOTHING`

/** Makes the run that is due, or says that it is passed over since one of the job is still open. */
export async function noteDue(session: Session, job: string, {tick, nextAt}: Due): Promise<void> {
  if (tick !== null && !(await addRun(session, {job, tick, cause: 'cron'}))) {
    await session.query(SKIPPED, [job, tick])
  }
  await session.query('UPDATE cdc.jobs SET next_at = $2 WHERE name = $1', [job, nextAt])
}

/** False: there is a run of this tick, or one that has not ended. */
export async function addRun(
  session: Session,
  {job, tick, cause}: {readonly job: string; readonly tick: Date; readonly cause: 'cron' | 'after'},
): Promise<boolean> {
  const {rowCount} = await session.query(
    'INSERT INTO cdc.job_runs (job, tick, cause) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
    [job, tick, cause],
  )
  return rowCount === 1
}

export interface DueRun {
  readonly id: string
  readonly job: string
}

/** Runs that are in no queue yet; nobody else has them until the transaction ends. */
export async function takeDue(
  session: Session,
  jobs: readonly string[],
): Promise<readonly DueRun[]> {
  const {rows} = await session.query<DueRun>(
    `SELECT id, job FROM cdc.job_runs WHERE state = 'due' AND job = ANY ($1) ORDER BY id FOR UPDATE SKIP LOCKED`,
    [jobs],
  )
  return rows
}

export async function noteQueued(session: Session, id: string, queueId: string): Promise<void> {
  await session.query(
    `UPDATE cdc.job_runs SET state = 'queued', queue_id = $2 WHERE id = $1 AND state = 'due'`,
    [id, queueId],
  )
}

export interface OpenRun {
  readonly id: string
  readonly queueId: string
  readonly attempt: number
}

/** Runs that a queue has. */
export async function openRuns(session: Session): Promise<readonly OpenRun[]> {
  const {rows} = await session.query<OpenRun>(
    `SELECT id, queue_id AS "queueId", attempt FROM cdc.job_runs WHERE finished_at IS NULL AND queue_id IS NOT NULL`,
  )
  return rows
}

/** Ends a run that the queue gave up: nobody is left who would. */
export async function noteLost(session: Session, {id, attempt}: OpenRun): Promise<void> {
  await session.query(
    `UPDATE cdc.job_runs
        SET state = 'failed', finished_at = clock_timestamp(), error = $3,
            failures = failures || jsonb_build_object('attempt', attempt, 'at', clock_timestamp(), 'error', $3::text)
      WHERE id = $1 AND attempt = $2 AND finished_at IS NULL`,
    [id, attempt, LOST],
  )
}

export interface JobState {
  readonly job: string
  /** Of the last run that ended, when it has failed. */
  readonly error: string | null
  /** Since the oldest run that has not begun. */
  readonly lateS: number
}

/** How each job stands, for health and metrics. */
export async function readStates(session: Session): Promise<readonly JobState[]> {
  const {rows} = await session.query<JobState>(
    `SELECT j.name AS job,
            (SELECT CASE WHEN r.state = 'failed' THEN r.error END FROM cdc.job_runs r
              WHERE r.job = j.name AND r.state IN ('succeeded', 'failed') ORDER BY r.id DESC LIMIT 1) AS error,
            coalesce((SELECT extract(epoch FROM clock_timestamp() - min(r.due_at)) FROM cdc.job_runs r
                       WHERE r.job = j.name AND r.state IN ('due', 'queued')), 0)::float8 AS "lateS"
       FROM cdc.jobs j ORDER BY j.name`,
  )
  return rows
}

/** What the last run of each job that fails ended with. */
export const warningsOfJobs = (states: readonly JobState[]): Readonly<Record<string, string>> =>
  Object.fromEntries(states.flatMap(({job, error}) => (error === null ? [] : [[job, error]])))
