/** Where events lie in the stores, from their key columns in PostgreSQL. */
import type {Session} from '../database.ts'

export interface EventKey {
  readonly event_id: number
  readonly content_id: string | null
  /** Microseconds since 1970. */
  readonly event_ts: number
}

const MICROS = (column: string): string => `(extract(epoch FROM ${column}) * 1000000)::float8`

export async function placeEvent(db: Session, id: number): Promise<EventKey | undefined> {
  const {rows} = await db.query<{content_id: string | null; event_ts: number}>(
    `SELECT content_id, ${MICROS('event_ts')} AS event_ts FROM engagement_events WHERE id = $1`,
    [id],
  )
  return rows[0] === undefined ? undefined : {event_id: id, ...rows[0]}
}

export interface ActivityKey {
  readonly event_id: number
  readonly user_id: string
  readonly occurred_at: number | null
}

export async function placeActivity(db: Session, id: number): Promise<ActivityKey | undefined> {
  const {rows} = await db.query<{user_id: string; occurred_at: number | null}>(
    `SELECT user_id, ${MICROS('occurred_at')} AS occurred_at FROM activity_events WHERE id = $1`,
    [id],
  )
  return rows[0] === undefined ? undefined : {event_id: id, ...rows[0]}
}
