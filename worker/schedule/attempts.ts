/** Tries of a run in its history: begun, ended well with what follows, ended badly. */
import type {Pool} from '../../platform/postgres.ts'
import type {Job, JobResult} from '../../schedule/job.ts'
import {followersDue, LOST, stateAfter, type Follower} from './decide.ts'
import {addRun, inTransaction, type Session} from './store.ts'

export interface BegunRun {
  readonly job: string
  readonly tick: Date
}

/**
 * Begins a try.
 *
 * @returns undefined when the run has ended, or a later try of it has begun
 */
export async function beginAttempt(
  session: Session,
  {id, attempt, worker}: {readonly id: string; readonly attempt: number; readonly worker: string},
): Promise<BegunRun | undefined> {
  const {rows} = await session.query<BegunRun>(
    `UPDATE cdc.job_runs
        SET state = 'running', attempt = $2, worker = $3, started_at = coalesce(started_at, clock_timestamp()),
            -- Nobody has said how the one before ended.
            error = CASE WHEN state = 'running' THEN $4 ELSE error END,
            failures = CASE WHEN state = 'running'
                            THEN failures || jsonb_build_object('attempt', attempt, 'at', clock_timestamp(), 'error', $4::text)
                            ELSE failures END
      WHERE id = $1 AND attempt < $2 AND finished_at IS NULL
  RETURNING job, tick`,
    [id, attempt, worker, LOST],
  )
  return rows[0]
}

export interface Attempt {
  readonly id: string
  readonly attempt: number
}

/** Ends a run well, and makes the runs that come after it. False: it is not ours any more. */
export async function noteSuccess(
  pool: Pool,
  {id, attempt}: Attempt,
  result: JobResult,
): Promise<boolean> {
  return await inTransaction(pool, async session => {
    const {rows} = await session.query<BegunRun>(
      `UPDATE cdc.job_runs SET state = 'succeeded', finished_at = clock_timestamp(), error = NULL, result = $3
        WHERE id = $1 AND attempt = $2 AND finished_at IS NULL RETURNING job, tick`,
      [id, attempt, JSON.stringify(result)],
    )
    const [run] = rows
    if (run === undefined) return false
    await addFollowers(session, run)
    return true
  })
}

/** Locked: of two that succeed at the same time the later one sees the other. */
async function addFollowers(session: Session, {job, tick}: BegunRun): Promise<void> {
  const {rows: followers} = await session.query<Follower>(
    `SELECT name, after, off, paused_at IS NOT NULL AS "isPaused" FROM cdc.jobs
      WHERE $1 = ANY (after) ORDER BY name FOR UPDATE`,
    [job],
  )
  if (followers.length === 0) return
  const {rows} = await session.query<{job: string}>(
    `SELECT job FROM cdc.job_runs WHERE tick = $1 AND state = 'succeeded'`,
    [tick],
  )
  const due = followersDue(followers, new Set(rows.map(row => row.job)))
  for (const name of due) await addRun(session, {job: name, tick, cause: 'after'})
}

/** Ends a try badly, and with the last one the run. False: it is not ours any more. */
export async function noteFailure(
  session: Session,
  {id, attempt}: Attempt,
  {error, job}: {readonly error: string; readonly job: Pick<Job, 'retries'>},
): Promise<boolean> {
  const state = stateAfter(attempt, job.retries)
  const {rowCount} = await session.query(
    `UPDATE cdc.job_runs
        SET state = $3, error = $4, finished_at = CASE WHEN $3 = 'failed' THEN clock_timestamp() END,
            failures = failures || jsonb_build_object('attempt', attempt, 'at', clock_timestamp(), 'error', $4::text)
      WHERE id = $1 AND attempt = $2 AND finished_at IS NULL`,
    [id, attempt, state, error],
  )
  return rowCount === 1
}
