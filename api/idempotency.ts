/**
 * One effect per Idempotency-Key: the answer is stored in the transaction that has the effect.
 *
 * Guarantees    INV-63: with a key, a write takes effect at most once, also when two requests race
 *               or the process dies between commit and answer. A second request waits for the first
 *               by the primary key, then gets its answer.
 * Does not      remember refusals: a request that was refused may be corrected and sent again.
 */
import {createHash} from 'node:crypto'
import type {Database, Session} from './database.ts'
import {Problem} from './problem.ts'

export interface IdempotentRequest {
  readonly principal: string
  readonly route: string
  readonly key: string | undefined
  readonly body: unknown
  /** Handed to the outbox. */
  readonly traceparent: string | undefined
}

export interface WriteAnswer<T> {
  readonly status: number
  readonly body: T
}

export interface WriteOutcome<T> extends WriteAnswer<T> {
  readonly replayed: boolean
}

const hashOf = (body: unknown): Buffer =>
  createHash('sha256')
    .update(JSON.stringify(body) ?? '')
    .digest()

interface Stored {
  readonly request_hash: Buffer
  readonly status: number
  readonly answer: unknown
}

async function withTrace<T>(
  session: Session,
  traceparent: string | undefined,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  if (traceparent !== undefined) {
    await session.query(`SELECT set_config('cdc.traceparent', $1, true)`, [traceparent])
  }
  return await work(session)
}

/** Runs `work` in one transaction, or answers what an earlier request with the same key got. */
export async function writeOnce<T>(
  db: Database,
  request: IdempotentRequest,
  work: (session: Session) => Promise<WriteAnswer<T>>,
): Promise<WriteOutcome<T>> {
  const {principal, route, key, body, traceparent} = request
  if (key === undefined) {
    const answer = await db.transaction(session => withTrace(session, traceparent, work))
    return {...answer, replayed: false}
  }
  const hash = hashOf(body)
  return await db.transaction(async session => {
    const claim = await session.query(
      `INSERT INTO api.idempotency (principal, key, route, request_hash)
       VALUES ($1, $2, $3, $4) ON CONFLICT (principal, key) DO NOTHING`,
      [principal, key, route, hash],
    )
    if (claim.rowCount === 0) return await replay<T>(session, {...request, key}, hash)
    const answer = await withTrace(session, traceparent, work)
    await session.query(
      'UPDATE api.idempotency SET status = $3, answer = $4 WHERE principal = $1 AND key = $2',
      [principal, key, answer.status, JSON.stringify(answer.body)],
    )
    return {...answer, replayed: false}
  })
}

async function replay<T>(
  session: Session,
  request: IdempotentRequest & {readonly key: string},
  hash: Buffer,
): Promise<WriteOutcome<T>> {
  const {rows} = await session.query<Stored & {route: string}>(
    'SELECT route, request_hash, status, answer FROM api.idempotency WHERE principal = $1 AND key = $2',
    [request.principal, request.key],
  )
  const stored = rows[0]
  if (stored === undefined) {
    throw new Problem('conflict', 'the first request with this key was just given up; send again')
  }
  if (stored.route !== request.route || !stored.request_hash.equals(hash)) {
    throw new Problem('conflict', 'the key was used for another request', {
      errors: [
        {
          in: 'header',
          field: 'idempotency-key',
          detail: 'belongs to another request',
          value: request.key,
        },
      ],
    })
  }
  return {status: stored.status, body: stored.answer as T, replayed: true}
}

/** How long answers are kept. */
export async function forgetOldAnswers(db: Session): Promise<number> {
  const {rowCount} = await db.query(
    `DELETE FROM api.idempotency WHERE (principal, key) IN (
       SELECT principal, key FROM api.idempotency
       WHERE created_at < now() - interval '24 hours' LIMIT 1000)`,
  )
  return rowCount
}
