/**
 * What a relay asks of the outbox.
 *
 * Guarantees    INV-4: every statement that returns rows looks up the cursor row by the reader's own epoch in the same
 *               snapshot. INV-5: neither published rows nor history are walked: the tail follows the index on txid, a
 *               page the index on id from the batch's lowest id. INV-103: while somebody holds publishing, no rows.
 */
import {HOLD_LOCK} from '../db/publishing-hold.ts'
import {PRINT_SETTINGS, WRITER_SETTINGS} from '../platform/postgres.ts'
import {SMALL_COLUMNS, weighed} from './page-weight.ts'

/** $1 lane, $2 lanes - 1, $3 epoch. */
const IS_OURS = `EXISTS (SELECT FROM cdc.relay_cursor c
  WHERE c.lane = $1::int AND c.lanes = $2::int + 1 AND c.epoch = $3::bigint)`
const IN_LANE = '(o.hash & $2::int) = $1::int'
/**
 * Whether nobody holds publishing: held for the statement alone, so it costs no request of its own. One answer
 * for the whole statement, or rows could come that the first line of the answer denies.
 */
const FREE = `free AS MATERIALIZED (
  SELECT pg_try_advisory_xact_lock_shared(${HOLD_LOCK}, 0) AS ok)`
const IS_FREE = '(SELECT ok FROM free)'
const COLUMNS = 'o.id, o.topic, o.aggregate_id, o.key, o.op, o.payload, o.headers, o.created_at'

/**
 * First row of an answer: without an id. Its snapshot is null while publishing is held; then the last id that was
 * given, and whether everything that the statement can see is on disk. Absent: not ours.
 */
const HEAD = `SELECT 0::bigint AS id, CASE WHEN ${IS_FREE} THEN pg_current_snapshot()::text END AS topic,
  (SELECT last_value FROM cdc.outbox_events_id_seq)::text,
  (pg_current_wal_insert_lsn() <= pg_current_wal_flush_lsn())::text, NULL, NULL, NULL, NULL
 WHERE ${IS_OURS}`

/**
 * Each arm follows the index on txid and stops after $6 rows, whatever the planner believes about
 * their number.
 */
const FRESH = `fresh AS MATERIALIZED (
  (SELECT ${COLUMNS} FROM cdc.outbox_events o
    WHERE o.txid >= $4::xid8 AND ${IN_LANE} ORDER BY o.txid LIMIT $6)
  UNION ALL
  (SELECT ${COLUMNS} FROM cdc.outbox_events o
    WHERE o.txid = ANY($5::xid8[]) AND ${IN_LANE} ORDER BY o.txid LIMIT $6)
)`
const tail = (rows: string): string => `
WITH ${FREE}, ${FRESH}
${HEAD}
UNION ALL
(${rows})
ORDER BY id`
export const READ_TAIL = tail(
  `SELECT ${SMALL_COLUMNS} FROM fresh o WHERE ${IS_FREE} AND ${IS_OURS}`,
)
/** $7 bytes. */
export const WEIGH_TAIL = tail(
  weighed(`SELECT * FROM fresh WHERE ${IS_FREE} AND ${IS_OURS}`, '$7::int'),
)

const batchRows = (columns: string): string => `
SELECT ${columns} FROM cdc.outbox_events o
  WHERE ${IS_FREE} AND ${IS_OURS} AND o.id > $8::bigint AND ${IN_LANE}
    AND (o.txid >= $4::xid8 OR o.txid = ANY($5::xid8[]))
    AND pg_visible_in_snapshot(o.txid, $6::pg_snapshot)
  ORDER BY o.id LIMIT $7`
/** The order of the index as it is: no page is sorted. */
const inOrder = (rows: string): string => `
WITH ${FREE}
${HEAD}
UNION ALL
(${rows})
ORDER BY id`
/** $4 xmax, $5 xip, $6 snap_to, $7 rows, $8 last id. */
export const READ_PAGE = inOrder(batchRows(SMALL_COLUMNS))
/** $9 bytes. */
export const WEIGH_PAGE = inOrder(weighed(batchRows(COLUMNS), '$9::int'))

/** `id + 0` keeps the planner from walking the index on id through published rows. */
export const READ_LOWEST = `
SELECT c.epoch, (
  SELECT min(x.id + 0) FROM (
    SELECT o.id FROM cdc.outbox_events o
     WHERE o.txid >= $4::xid8 AND ${IN_LANE} AND pg_visible_in_snapshot(o.txid, $6::pg_snapshot)
    UNION ALL
    SELECT o.id FROM cdc.outbox_events o
     WHERE o.txid = ANY($5::xid8[]) AND ${IN_LANE}
       AND pg_visible_in_snapshot(o.txid, $6::pg_snapshot)) x)
  FROM cdc.relay_cursor c
 WHERE c.lane = $1::int AND c.lanes = $2::int + 1 AND c.epoch = $3::bigint`

export const STILL_OURS = `SELECT 1 WHERE ${IS_OURS}`

/** Settings of the connection that reads: plans must not change with statistics. */
export const READER_SETTINGS = [
  ...WRITER_SETTINGS,
  // A page of large rows takes its time; one that is given up would be begun again for ever.
  'SET statement_timeout = 0',
  ...PRINT_SETTINGS,
  'SET enable_seqscan = off',
  'SET enable_bitmapscan = off',
  'SET jit = off',
  'SET plan_cache_mode = force_generic_plan',
  // A lost cursor is an older one: rows come again, flagged. The epoch is committed synchronously.
  'SET synchronous_commit = off',
] as const
