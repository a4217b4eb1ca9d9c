/**
 * Which worker evaluates: a row in PostgreSQL that ends by itself, by the clock of the database.
 *
 * Guarantees    INV-155: what a worker decided takes effect only while it holds the lease.
 */
import {randomUUID} from 'node:crypto'
import type {Pool} from '../../platform/postgres.ts'
import {overtaken, query, type Session} from './database.ts'

export interface Lease {
  /** Takes it, or keeps it. @returns whether it is ours */
  take(): Promise<boolean>
  /** Keeps it ours until the transaction ends. @throws `FENCED` when it is not */
  assert(session: Session): Promise<void>
  /** Another one may take it at once. */
  release(): Promise<void>
}

const NAME = 'evaluator'

export function createLease(pool: Pool, options: {readonly leaseMs: number}): Lease {
  const owner = randomUUID()
  return {
    async take() {
      const rows = await query(
        pool,
        `INSERT INTO api.alert_leases AS l (name, owner, until) VALUES ($1, $2, clock_timestamp() + $3 * interval '1 ms')
         ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until = excluded.until
          WHERE l.owner = excluded.owner OR l.until < clock_timestamp()
         RETURNING name`,
        [NAME, owner, options.leaseMs],
      )
      return rows.length > 0
    },
    async assert(session) {
      const rows = await query(
        session,
        'SELECT FROM api.alert_leases WHERE name = $1 AND owner = $2 AND until > clock_timestamp() FOR SHARE',
        [NAME, owner],
      )
      if (rows.length === 0) throw overtaken('the lease of the evaluator')
    },
    async release() {
      await query(pool, 'DELETE FROM api.alert_leases WHERE name = $1 AND owner = $2', [
        NAME,
        owner,
      ])
    },
  }
}
