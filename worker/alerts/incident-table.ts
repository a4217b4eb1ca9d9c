/**
 * Opens and resolves incidents of rules.
 *
 * Guarantees    INV-156: an incident and its messages are there together or not at all, and at most one is open of a
 *               rule and row, whichever worker dies when.
 */
import type {Pool} from '../../platform/postgres.ts'
import {inTransaction, query, type Session} from './database.ts'
import type {Lease} from './lease.ts'
import type {StoredRule} from './rule-table.ts'

export interface Opening {
  readonly subject: string
  readonly value: number | null
  readonly expected: number | null
  readonly summary: string
}

export interface Changes {
  readonly open: readonly Opening[]
  readonly resolve: readonly string[]
  readonly hold: readonly {readonly subject: string; readonly since: number}[]
  /** No longer held; what opens or resolves is not either. */
  readonly forget: readonly string[]
}

export const hasChanges = ({open, resolve, hold, forget}: Changes): boolean =>
  open.length + resolve.length + hold.length + forget.length > 0

export interface Applied {
  readonly opened: number
  readonly resolved: number
}

type Ids = readonly {readonly id: string}[]

/** Queues the messages of what just happened. */
export async function tell(session: Session, incidents: Ids, event: string): Promise<void> {
  if (incidents.length === 0) return
  await query(session, 'SELECT api.tell_alerts($1, $2)', [incidents.map(({id}) => id), event])
}

async function openAll(session: Session, rule: StoredRule, open: Changes['open']): Promise<Ids> {
  return await query(
    session,
    `INSERT INTO api.alert_incidents (source, subject, rule, kind, stream, metric, severity, channels, value, expected, summary)
     SELECT $1, o.subject, $2, $3, $4, $5, $6, $7, o.value, o.expected, o.summary
       FROM json_to_recordset($8::json) o (subject text, value double precision, expected double precision, summary text)
     ON CONFLICT (source, subject) WHERE resolved_at IS NULL DO NOTHING
     RETURNING id`,
    [
      rule.id,
      rule.name,
      rule.kind,
      rule.stream,
      rule.metric,
      rule.severity,
      rule.channels,
      JSON.stringify(open),
    ],
  )
}

async function resolveAll(session: Session, rule: StoredRule, subjects: readonly string[]) {
  return await query<{id: string}>(
    session,
    `UPDATE api.alert_incidents SET resolved_at = now(), resolution = 'recovered'
      WHERE source = $1 AND subject = ANY ($2) AND resolved_at IS NULL RETURNING id`,
    [rule.id, subjects],
  )
}

async function saveHolds(session: Session, id: string, changes: Changes): Promise<void> {
  const over = [...changes.forget, ...changes.resolve, ...changes.open.map(({subject}) => subject)]
  await query(session, 'DELETE FROM api.alert_holds WHERE rule_id = $1 AND subject = ANY ($2)', [
    id,
    over,
  ])
  await query(
    session,
    `INSERT INTO api.alert_holds (rule_id, subject, since)
     SELECT $1, h.subject, to_timestamp(h.since / 1000.0) FROM json_to_recordset($2::json) h (subject text, since double precision)
     ON CONFLICT (rule_id, subject) DO NOTHING`,
    [id, JSON.stringify(changes.hold)],
  )
}

/**
 * Does what was decided of a rule: all of it, or nothing where the rule has changed meanwhile.
 *
 * @throws `FENCED` when another worker evaluates
 */
export async function applyChanges(
  {pool, lease}: {readonly pool: Pool; readonly lease: Lease},
  rule: StoredRule,
  changes: Changes,
): Promise<Applied> {
  return await inTransaction(pool, async session => {
    await lease.assert(session)
    const same = await query(
      session,
      'SELECT FROM api.alert_rules WHERE id = $1 AND changed_at::text = $2 FOR SHARE',
      [rule.id, rule.version],
    )
    if (same.length === 0) return {opened: 0, resolved: 0}
    await saveHolds(session, rule.id, changes)
    const opened = await openAll(session, rule, changes.open)
    const resolved = await resolveAll(session, rule, changes.resolve)
    await tell(session, opened, 'opened')
    await tell(session, resolved, 'resolved')
    return {opened: opened.length, resolved: resolved.length}
  })
}
