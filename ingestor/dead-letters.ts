/**
 * Keeps rows that cannot be published, in the database they came from.
 *
 * Guarantees    INV-10: a row is passed over only after its dead letter is durable.
 */
import {classifyPostgresError, type Pool} from '../platform/postgres.ts'
import type {RejectedRow} from './publish.ts'

const MESSAGE_CHARS_MAX = 2_000

/** The row is copied where it lies: its payload may be as large as anything. */
const INSERT = `
INSERT INTO cdc.dead_letters (outbox_id, created_at, topic, aggregate_id, key, op, payload, headers, reason, message)
SELECT o.id, o.created_at, o.topic, o.aggregate_id, o.key, o.op, o.payload, o.headers, x.reason, x.message
  FROM unnest($1::bigint[], $2::text[], $3::text[]) AS x (id, reason, message)
  JOIN public.outbox_events o ON o.id = x.id
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
