/** Incidents of alerts in PostgreSQL, as they are served, and what people say of them. */
import {utcText, type Session} from './database.ts'
import type {Alert} from './schemas/alerts.ts'

const TIMES = ['opened_at', 'resolved_at', 'acknowledged_at', 'muted_until']
const COLUMNS = `i.id::text, source, subject, rule, kind, stream, metric, severity, status, value, expected, summary,
  details, channels, resolution, seconds, acknowledged_by, ${TIMES.map(utcText).join(', ')}`

export interface AlertFilter {
  readonly status?: 'open' | 'resolved' | undefined
  readonly severity?: string | undefined
  readonly source?: string | undefined
}

/** The newest first. @param before id that the page goes on from */
export async function listAlerts(
  db: Session,
  {status, severity, source}: AlertFilter,
  {limit, before}: {readonly limit: number; readonly before?: string | undefined},
): Promise<readonly Alert[]> {
  const {rows} = await db.query<Alert>(
    `SELECT ${COLUMNS} FROM api.alert_incidents i
      WHERE ($1::text IS NULL OR status = $1) AND ($2::text IS NULL OR severity = $2)
        AND ($3::text IS NULL OR source = $3) AND ($4::bigint IS NULL OR i.id < $4)
      ORDER BY i.id DESC LIMIT $5`,
    [status, severity, source, before, limit],
  )
  return rows
}

/** @returns undefined when there is no such alert */
export async function readAlert(db: Session, id: string): Promise<Alert | undefined> {
  const {rows} = await db.query<Alert>(
    `SELECT ${COLUMNS} FROM api.alert_incidents i WHERE i.id = $1`,
    [id],
  )
  return rows[0]
}

/** Whoever was first has seen it. @returns undefined when there is no such alert */
export async function acknowledgeAlert(
  db: Session,
  id: string,
  by: string,
): Promise<Alert | undefined> {
  const {rows} = await db.query<Alert>(
    `UPDATE api.alert_incidents i
        SET acknowledged_at = coalesce(acknowledged_at, now()), acknowledged_by = coalesce(acknowledged_by, $2)
      WHERE i.id = $1 RETURNING ${COLUMNS}`,
    [id, by],
  )
  return rows[0]
}

/** @returns undefined when there is no such alert */
export async function muteAlert(
  db: Session,
  id: string,
  until: string | null,
): Promise<Alert | undefined> {
  const {rows} = await db.query<Alert>(
    `UPDATE api.alert_incidents i SET muted_until = $2 WHERE i.id = $1 RETURNING ${COLUMNS}`,
    [id, until],
  )
  return rows[0]
}
