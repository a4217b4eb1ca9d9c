/** Rules in PostgreSQL as the evaluator reads them, and what it says of them. */
import type {AlertRule, Severity} from '../../contracts/alerts.ts'
import type {Pool} from '../../platform/postgres.ts'
import {query} from './database.ts'
import type {RowState} from './decide.ts'

export interface StoredRule extends AlertRule {
  readonly id: string
  readonly name: string
  readonly severity: Severity
  readonly channels: readonly string[]
  /** Another text after each change. */
  readonly version: string
}

export const RULES_MAX = 1000

export const readRules = (pool: Pool): Promise<readonly StoredRule[]> =>
  query<StoredRule>(
    pool,
    `SELECT id, name, stream, metric, dimension, filters, kind, threshold, direction, window_minutes, days,
            open_after_seconds, resolve_after_seconds, severity, channels, changed_at::text AS version
       FROM api.alert_rules ORDER BY id LIMIT ${RULES_MAX}`,
  )

/** What is open or held of a rule, by its rows. */
export async function readStates(pool: Pool, id: string): Promise<ReadonlyMap<string, RowState>> {
  const rows = await query<{subject: string; is_open: boolean; since: string | null}>(
    pool,
    `SELECT subject, i.id IS NOT NULL AS is_open, extract(epoch FROM h.since) * 1000 AS since
       FROM (SELECT id, subject FROM api.alert_incidents WHERE source = $1::text AND resolved_at IS NULL) i
       FULL JOIN (SELECT subject, since FROM api.alert_holds WHERE rule_id = $1::uuid) h USING (subject)`,
    [id],
  )
  return new Map(
    rows.map(({subject, is_open: isOpen, since}) => [
      subject,
      {isOpen, since: since === null ? null : Number(since)},
    ]),
  )
}

/** @param note why it is not judged, or what is not told of it; null: all is well */
export async function noteJudged(
  pool: Pool,
  id: string,
  {isJudged, note}: {readonly isJudged: boolean; readonly note: string | null},
): Promise<void> {
  await query(
    pool,
    `UPDATE api.alert_rules SET not_judged = $2, judged_at = CASE WHEN $3 THEN now() ELSE judged_at END WHERE id = $1`,
    [id, note, isJudged],
  )
}
