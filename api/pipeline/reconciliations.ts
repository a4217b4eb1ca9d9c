/** What comparing with PostgreSQL said last, stream by stream. */
import {utcText, type Session} from '../database.ts'
import type {Reconciliation} from './facts.ts'

/**
 * The newest comparison of everything, and the newest of each day or key that was compared since: one of a
 * single key does not make the differences of the others forgotten.
 */
const NEWEST = `
SELECT DISTINCT ON (r.stream, r.scope) r.stream, r.scope, ${utcText('finished_at')},
       r.keys::float8 AS keys, r.differences::float8 AS differences, r.undecided::float8 AS undecided, r.repaired::float8 AS repaired
  FROM cdc.reconciliations r
 WHERE r.stream = ANY($1)
   AND r.finished_at >= coalesce((SELECT max(a.finished_at) FROM cdc.reconciliations a
                                   WHERE a.stream = r.stream AND a.scope = 'all'), '-infinity')
 ORDER BY r.stream, r.scope, r.finished_at DESC, r.id DESC
 LIMIT 500`

/** @param streams their names: what was compared of others is past */
export async function readReconciliations(
  db: Session,
  streams: readonly string[],
): Promise<readonly Reconciliation[]> {
  return (await db.query<Reconciliation>(NEWEST, [streams])).rows
}

/** The source went back, and these streams were not compared with it since. */
export interface WentBack {
  readonly why: string
  readonly went_back_at: string
  readonly streams: readonly string[]
}

const NOT_COMPARED = `
SELECT i.went_back_why AS why, ${utcText('went_back_at')},
       ARRAY(SELECT s FROM unnest($1::text[]) s
              WHERE NOT EXISTS (SELECT FROM cdc.reconciliations r
                                 WHERE r.stream = s AND r.scope = 'all' AND r.finished_at > i.went_back_at)) AS streams
  FROM cdc.outbox_ids i WHERE i.went_back_at IS NOT NULL`

export async function readWentBack(
  db: Session,
  streams: readonly string[],
): Promise<readonly WentBack[]> {
  const {rows} = await db.query<WentBack>(NOT_COMPARED, [streams])
  return rows.filter(one => one.streams.length > 0)
}
