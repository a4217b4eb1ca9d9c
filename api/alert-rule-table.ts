/** Rules of alerts in PostgreSQL, as they are served and changed. */
import {RULE_FIELDS, type RuleText} from './alert-rules.ts'
import {utcText, type Session} from './database.ts'
import {Problem, refuse} from './problem.ts'
import type {AlertRuleView} from './schemas/alerts.ts'

const TIMES = ['muted_until', 'created_at', 'changed_at', 'judged_at']
const TEXTS = RULE_FIELDS.filter(name => name !== 'muted_until')
const COLUMNS = `id, ${TEXTS.join(', ')}, not_judged, ${TIMES.map(utcText).join(', ')},
  (SELECT count(*)::int FROM api.alert_incidents i WHERE i.source = r.id::text AND i.resolved_at IS NULL) AS open`
const LIST_MAX = 1000

export async function listRules(db: Session): Promise<readonly AlertRuleView[]> {
  const {rows} = await db.query<AlertRuleView>(
    `SELECT ${COLUMNS} FROM api.alert_rules r ORDER BY name LIMIT ${LIST_MAX}`,
  )
  return rows
}

/** @returns undefined when there is no such rule */
export async function readRule(
  db: Session,
  id: string,
  lock: '' | 'FOR UPDATE' = '',
): Promise<AlertRuleView | undefined> {
  const {rows} = await db.query<AlertRuleView>(
    `SELECT ${COLUMNS} FROM api.alert_rules r WHERE id = $1 ${lock}`,
    [id],
  )
  return rows[0]
}

/** @throws 422 naming the first channel that there is not */
export async function checkChannels(db: Session, channels: readonly string[]): Promise<void> {
  if (channels.length === 0) return
  const {rows} = await db.query<{name: string}>('SELECT name FROM api.alert_channels LIMIT 1000')
  const known = rows.map(({name}) => name)
  const index = channels.findIndex(name => !known.includes(name))
  if (index === -1) return
  const detail = `must be one of ${known.join(', ') || 'none, there is none yet'}`
  throw refuse('body', `/channels/${index}`, channels[index], detail)
}

const taken = (name: string): Problem =>
  new Problem('conflict', `there is no room for a rule ${name}`, {
    errors: [
      {in: 'body', field: '/name', detail: `is taken, or there are ${LIST_MAX}`, value: name},
    ],
  })

const valuesOf = (rule: RuleText): readonly unknown[] =>
  RULE_FIELDS.map(name => (name === 'filters' ? JSON.stringify(rule.filters) : rule[name]))

const TYPES: Readonly<Record<keyof RuleText, string>> = {
  name: 'text',
  stream: 'text',
  metric: 'text',
  dimension: 'text',
  filters: 'json',
  kind: 'text',
  threshold: 'double precision',
  direction: 'text',
  window_minutes: 'integer',
  days: 'integer',
  open_after_seconds: 'integer',
  resolve_after_seconds: 'integer',
  severity: 'text',
  channels: 'text[]',
  muted_until: 'timestamptz',
}

const PLACES = RULE_FIELDS.map((name, i) => `$${i + 1}::${TYPES[name]}`)

/** @throws 409 when its name is taken */
export async function insertRule(db: Session, rule: RuleText): Promise<AlertRuleView> {
  const {rows} = await db.query<AlertRuleView>(
    `INSERT INTO api.alert_rules AS r (${RULE_FIELDS.join(', ')})
     SELECT ${PLACES.join(', ')}
      WHERE (SELECT count(*) FROM api.alert_rules) < ${LIST_MAX}
     ON CONFLICT (name) DO NOTHING RETURNING ${COLUMNS}`,
    valuesOf(rule),
  )
  const [row] = rows
  if (row === undefined) throw taken(rule.name)
  return row
}

/**
 * What was held of it is forgotten: it was held by what the rule said before.
 *
 * @throws 409 when its name is taken
 */
export async function updateRule(db: Session, id: string, rule: RuleText): Promise<AlertRuleView> {
  const {rows: others} = await db.query(
    'SELECT FROM api.alert_rules WHERE name = $1 AND id <> $2',
    [rule.name, id],
  )
  if (others.length > 0) throw taken(rule.name)
  await db.query('DELETE FROM api.alert_holds WHERE rule_id = $1', [id])
  const {rows} = await db.query<AlertRuleView>(
    `UPDATE api.alert_rules r SET (${RULE_FIELDS.join(', ')}) = ROW (${PLACES.join(', ')}), changed_at = clock_timestamp()
      WHERE id = $${PLACES.length + 1} RETURNING ${COLUMNS}`,
    [...valuesOf(rule), id],
  )
  return rows[0]!
}

/** Resolves what is open of it. @returns false when there is no such rule */
export async function deleteRule(db: Session, id: string): Promise<boolean> {
  const {rowCount} = await db.query('DELETE FROM api.alert_rules WHERE id = $1', [id])
  if (rowCount === 0) return false
  const {rows} = await db.query<{id: string}>(
    `UPDATE api.alert_incidents SET resolved_at = now(), resolution = 'its rule was deleted'
      WHERE source = $1::text AND resolved_at IS NULL RETURNING id`,
    [id],
  )
  await db.query(`SELECT api.tell_alerts($1, 'resolved')`, [rows.map(row => row.id)])
  return true
}
