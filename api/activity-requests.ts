/**
 * Asynchronous writes: a request is a row first, and an activity later.
 *
 * Guarantees    INV-63: a request that was answered with 202 is done exactly once, also when the
 *               process dies: the activity and the state of its request commit together.
 */
import {pause, type Loop} from '../platform/lifecycle.ts'
import type {Logger} from '../platform/log.ts'
import {utcText, type Database, type Session} from './database.ts'
import {insertActivity} from './event-table.ts'
import {Problem} from './problem.ts'
import type {ActivityRequest, NewActivity} from './schemas/writes.ts'

const COLUMNS = `id AS request_id, status, event_id, error,
  ${utcText('created_at')}, ${utcText('finished_at')}`

type RequestRow = Omit<ActivityRequest, 'status_url' | 'live_url' | 'event_id'> & {
  /** bigint: the driver gives it as text. */
  readonly event_id: string | number | null
}

function toRequest(row: RequestRow): ActivityRequest {
  return {
    ...row,
    event_id: row.event_id === null ? null : Number(row.event_id),
    status_url: `/v1/activity-requests/${row.request_id}`,
    live_url: `/v1/live/requests/${row.request_id}`,
  }
}

/** Stores what was asked for; nothing has happened yet. */
export async function insertRequest(
  session: Session,
  activity: NewActivity,
  asked: {readonly principal: string; readonly traceparent: string | undefined},
): Promise<ActivityRequest> {
  const {rows} = await session.query<RequestRow>(
    `INSERT INTO api.activity_requests (principal, traceparent, activity)
     VALUES ($1, $2, $3) RETURNING ${COLUMNS}`,
    [asked.principal, asked.traceparent ?? null, JSON.stringify(activity)],
  )
  return toRequest(rows[0]!)
}

/** One's own request; another caller's is not there. */
export async function readRequest(
  session: Session,
  id: string,
  principal: string | undefined,
): Promise<ActivityRequest | undefined> {
  const {rows} = await session.query<RequestRow>(
    `SELECT ${COLUMNS} FROM api.activity_requests
     WHERE id = $1 AND ($2::text IS NULL OR principal = $2)`,
    [id, principal ?? null],
  )
  return rows[0] === undefined ? undefined : toRequest(rows[0])
}

interface WaitingRequest {
  readonly id: string
  readonly traceparent: string | null
  readonly activity: NewActivity
}

/** Does one waiting request. A request that fails for itself is marked; another failure is thrown. */
async function doOne(db: Database): Promise<ActivityRequest | undefined> {
  return await db.transaction(async session => {
    const {rows} = await session.query<WaitingRequest>(
      `SELECT id, traceparent, activity FROM api.activity_requests
       WHERE status = 'pending' ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED`,
    )
    const request = rows[0]
    if (request === undefined) return undefined
    if (request.traceparent !== null) {
      await session.query(`SELECT set_config('cdc.traceparent', $1, true)`, [request.traceparent])
    }
    await session.query('SAVEPOINT work')
    let eventId: number | null = null
    let error: string | null = null
    try {
      eventId = await insertActivity(session, request.activity)
    } catch (cause) {
      const isTooLarge = cause instanceof Problem
      if (!isTooLarge && !isRefusal(cause)) throw cause
      await session.query('ROLLBACK TO SAVEPOINT work')
      error = isTooLarge ? cause.errors[0]!.detail : 'PostgreSQL refused the activity'
    }
    const done = await session.query<RequestRow>(
      `UPDATE api.activity_requests SET status = $2, event_id = $3, error = $4, finished_at = now()
       WHERE id = $1 RETURNING ${COLUMNS}`,
      [request.id, error === null ? 'done' : 'failed', eventId, error],
    )
    return toRequest(done.rows[0]!)
  })
}

/** SQLSTATE classes 22 and 23: the data is at fault, and will be again. */
function isRefusal(error: unknown): boolean {
  const {code} = ((error as Error).cause ?? error) as {code?: unknown}
  return typeof code === 'string' && /^2[23]/.test(code)
}

export interface ActivityWorker extends Loop {
  /** Looks at once instead of at the next poll. */
  wake(): void
}

/** Every process works; SKIP LOCKED shares the requests out. */
export function createActivityWorker(
  deps: {
    readonly db: Database
    readonly log: Logger
    readonly onDone: (request: ActivityRequest) => void
  },
  options: {readonly pollMs: number},
): ActivityWorker {
  const log = deps.log.child({component: 'activity-requests'})
  let awake: (() => void) | undefined
  let asked = false
  const waitForWork = async (signal: AbortSignal): Promise<void> => {
    if (asked) return
    const {promise, resolve} = Promise.withResolvers<void>()
    awake = resolve
    await Promise.race([promise, pause(options.pollMs, signal)])
    awake = undefined
  }
  return {
    name: 'activity-requests',
    wake() {
      asked = true
      awake?.()
    },
    async run(signal) {
      let failures = 0
      while (!signal.aborted) {
        asked = false
        try {
          for (let done = await doOne(deps.db); done !== undefined; done = await doOne(deps.db)) {
            deps.onDone(done)
            failures = 0
            if (signal.aborted) return
          }
        } catch (error) {
          failures++
          log.warn({err: error}, 'requests wait: PostgreSQL does not take them')
          await pause(Math.min(10_000, 200 * 2 ** Math.min(failures, 6)), signal)
        }
        await waitForWork(signal)
      }
    },
  }
}
