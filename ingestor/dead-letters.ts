/**
 * Keeps rows that cannot be published, in the database they came from.
 *
 * Guarantees    INV-10: a row is passed over only after its dead letter is durable.
 */
import {classifyPostgresError, type Pool} from '../platform/postgres.ts'
import type {RejectedRow} from './publish.ts'

const MESSAGE_CHARS_MAX = 2_000

/**
 * The row is copied where it lies: its payload may be as large as anything. What fails again soon after it was
 * re-driven goes on counting its attempts: it must not be tried for ever.
 */
const INSERT = `
INSERT INTO cdc.dead_letters (outbox_id, created_at, topic, aggregate_id, key, op, payload, headers, reason, message,
                              attempts, next_try_at)
SELECT o.id, o.created_at, o.topic, o.aggregate_id, o.key, o.op, o.payload, o.headers, x.reason, x.message,
       before.attempts, cdc.next_try(x.reason, before.attempts)
  FROM unnest($1::bigint[], $2::text[], $3::text[]) AS x (id, reason, message)
  JOIN cdc.outbox_events o ON o.id = x.id
 CROSS JOIN LATERAL (SELECT coalesce(max(d.attempts), 0) AS attempts FROM cdc.dead_letters d
                      WHERE d.topic = o.topic AND d.aggregate_id = o.aggregate_id AND d.reason = x.reason
                        AND d.resolution = 'redriven' AND d.resolved_at > clock_timestamp() - interval '1 day') before
ON CONFLICT (outbox_id, created_at) DO NOTHING`

/** Stores rows that were rejected; one that is there already (it was read again) stays as it is. */
export async function bury(pool: Pool, rejected: readonly RejectedRow[]): Promise<void> {
  try {
    await pool.query(INSERT, [
      rejected.map(({row}) => row.id),
      rejected.map(({reason}) => reason),
      rejected.map(({message}) => message.slice(0, MESSAGE_CHARS_MAX).replaceAll('\0', '')),
    ])
  } catch (error) {
    throw classifyPostgresError(error)
  }
}

export async function countOpenLetters(pool: Pool): Promise<number> {
  const {rows} = await pool.query<{n: number}>(
    'SELECT count(*)::float8 AS n FROM cdc.dead_letters WHERE resolved_at IS NULL',
  )
  return rows[0]!.n
}
