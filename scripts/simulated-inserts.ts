/** Writes what was simulated, many rows with one statement. */
import type {Pool} from '../platform/postgres.ts'
import type {SimulatedContent, SimulatedEvent} from './simulated-activity.ts'

const INSERT_CONTENT = `
  INSERT INTO public.content (id, slug, title, content_type, length_seconds, publish_ts)
  SELECT id, slug, title, content_type, length_seconds, now() - make_interval(days => published_days_ago)
    FROM jsonb_to_recordset($1::jsonb) AS t(id uuid, slug text, title text, content_type text,
                                            length_seconds int, published_days_ago int)
  ON CONFLICT DO NOTHING`
const INSERT_ENGAGEMENT = `
  INSERT INTO public.engagement_events (content_id, user_id, event_type, event_ts, duration_ms, device, raw_payload)
  SELECT content_id, user_id, event_type, clock_timestamp(), duration_ms, device, raw_payload
    FROM jsonb_to_recordset($1::jsonb) AS t(content_id uuid, user_id uuid, event_type text,
                                            duration_ms int, device text, raw_payload jsonb)`
const INSERT_ACTIVITY = `
  INSERT INTO public.activity_events (user_id, activity_type, occurred_at, metadata)
  SELECT user_id, activity_type, clock_timestamp(), metadata
    FROM jsonb_to_recordset($1::jsonb) AS t(user_id text, activity_type text, metadata jsonb)`

/** Those that are there already stay as they are. */
export async function insertContents(
  pool: Pool,
  contents: readonly SimulatedContent[],
): Promise<void> {
  await pool.query(INSERT_CONTENT, [JSON.stringify(contents)])
}

/** Everything at once, each kind in one statement, as an application would in its own transactions. */
export async function insertEvents(pool: Pool, events: readonly SimulatedEvent[]): Promise<void> {
  const rows = (kind: SimulatedEvent['kind']) => events.filter(e => e.kind === kind).map(e => e.row)
  const parts = [
    [INSERT_ENGAGEMENT, rows('engagement')],
    [INSERT_ACTIVITY, rows('activity')],
  ] as const
  for (const [sql, some] of parts)
    if (some.length > 0) await pool.query(sql, [JSON.stringify(some)])
}
