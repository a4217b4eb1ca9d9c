/** Whether the relay flows: rows wait and none is published means it does not, whatever the reason. */
import {messageOf} from '../platform/errors.ts'
import type {Pool} from '../platform/postgres.ts'
import type {Readiness} from '../platform/status-server.ts'

export interface Waiting {
  readonly rows: number
  /** Age of the oldest, milliseconds; 0 when none waits. */
  readonly oldestMs: number
}

const WAITING = `
SELECT rows::text, (extract(epoch FROM clock_timestamp() - oldest) * 1000)::float8 AS age
  FROM cdc.unpublished()`

export async function countWaiting(pool: Pool): Promise<Waiting> {
  const {rows} = await pool.query<{rows: string; age: number | null}>(WAITING)
  return {rows: Number(rows[0]!.rows), oldestMs: Math.max(0, rows[0]!.age ?? 0)}
}

export interface FlowFigures {
  readonly waiting: Waiting
  /** Since anything was published or a lane was caught up; the slowest lane owned here. */
  readonly msSinceFlow: number
  readonly lanesOwned: number
  /** Lanes that no relay owns. */
  readonly lanesUnowned: readonly number[]
  /** Why lanes of ours ended that do not flow again yet. */
  readonly failures: readonly string[]
  /** Why nothing can be known or done, or undefined. */
  readonly problem: string | undefined
}

export function judgeFlow(figures: FlowFigures, stalledMs: number): Readiness {
  const {waiting, lanesOwned, lanesUnowned, failures, problem} = figures
  const reasons: string[] = []
  if (problem !== undefined) reasons.push(problem)
  const isLate = waiting.rows > 0 && waiting.oldestMs > stalledMs
  const seconds = Math.round(waiting.oldestMs / 1_000)
  if (isLate && lanesUnowned.length > 0) {
    reasons.push(
      `rows wait, the oldest for ${seconds} s; no owner: lane ${lanesUnowned.join(', ')}`,
    )
  } else if (isLate && figures.msSinceFlow > stalledMs) {
    reasons.push(`rows wait, the oldest for ${seconds} s, and nothing is published`)
  }
  if (reasons.length > 0) reasons.push(...failures)
  const details = {waitingRows: waiting.rows, oldestMs: waiting.oldestMs, lanesOwned}
  return {ready: reasons.length === 0, reasons, details}
}

/** Answers of `work` for `forMs`: scrapes and health checks must not load the database. */
export function cacheFor<T>(
  forMs: number,
  now: () => number,
  work: () => Promise<T>,
): () => Promise<T> {
  let last: {readonly at: number; readonly answer: Promise<T>} | undefined
  return async () => {
    if (last === undefined || now() - last.at > forMs) last = {at: now(), answer: work()}
    return await last.answer
  }
}

export const problemOf = (what: string, error: unknown): string => `${what}: ${messageOf(error)}`
