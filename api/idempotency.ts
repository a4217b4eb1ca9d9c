/**
 * One effect per Idempotency-Key: the answer is stored in the transaction that has the effect.
 *
 * Guarantees    INV-63: with a key, a write takes effect at most once, also when two requests race
 *               or the process dies between commit and answer. A second request waits for the first
 *               by the primary key, then gets its answer.
 * Does not      remember refusals: a request that was refused may be corrected and sent again.
 */
import {createHash} from 'node:crypto'
import type {FastifyReply, FastifyRequest} from 'fastify'
import type {Database, Session} from './database.ts'
import {Problem} from './problem.ts'

export interface WriteOutcome<T> {
  readonly body: T
  readonly replayed: boolean
}

/** Says that an answer is an earlier request's. */
export function markReplay(reply: FastifyReply, {replayed}: WriteOutcome<unknown>): void {
  if (replayed) reply.header('idempotency-replayed', 'true')
}

const hashOf = (body: unknown): Buffer =>
  createHash('sha256')
    .update(JSON.stringify(body) ?? '')
    .digest()

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

/**
 * Runs `work` in one transaction, or gives what an earlier request with the same key got.
 *
 * @param status of the answer, stored with it
 * @param variant what a key is for besides method and path
 */
export async function writeOnce<T>(
  db: Database,
  request: FastifyRequest,
  status: number,
  work: (session: Session) => Promise<T>,
  variant = '',
): Promise<WriteOutcome<T>> {
  const {traceparent} = request
  const key = request.headers['idempotency-key'] as string | undefined
  if (key === undefined) {
    const body = await db.transaction(session => withTrace(session, traceparent, work))
    return {body, replayed: false}
  }
  const principal = request.principal.id
  const route = `${request.method} ${request.url.split('?', 1)[0] ?? ''} ${variant}`.trim()
  const hash = hashOf(request.body)
  return await db.transaction(async session => {
    const claim = await session.query(
      `INSERT INTO api.idempotency (principal, key, route, request_hash)
       VALUES ($1, $2, $3, $4) ON CONFLICT (principal, key) DO NOTHING`,
      [principal, key, route, hash],
    )
    if (claim.rowCount === 0) return await replay<T>(session, {principal, key, route, hash})
    const body = await withTrace(session, traceparent, work)
    await session.query(
      'UPDATE api.idempotency SET status = $3, answer = $4 WHERE principal = $1 AND key = $2',
      [principal, key, status, JSON.stringify(body)],
    )
    return {body, replayed: false}
  })
}

async function replay<T>(
  session: Session,
  {principal, key, route, hash}: {principal: string; key: string; route: string; hash: Buffer},
): Promise<WriteOutcome<T>> {
  const {rows} = await session.query<{route: string; request_hash: Buffer; answer: unknown}>(
    'SELECT route, request_hash, answer FROM api.idempotency WHERE principal = $1 AND key = $2',
    [principal, key],
  )
  const stored = rows[0]
  if (stored === undefined) {
    throw new Problem('conflict', 'the first request with this key was just given up; send again')
  }
  if (stored.route !== route || !stored.request_hash.equals(hash)) {
    const detail = 'belongs to another request'
    throw new Problem('conflict', 'the key was used for another request', {
      errors: [{in: 'header', field: 'idempotency-key', detail, value: key}],
    })
  }
  return {body: stored.answer as T, replayed: true}
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
