/** Events written to PostgreSQL: the captured tables are the only way into the pipeline. */
import type {Session} from './database.ts'
import {toMicros} from './times.ts'
import {Problem, showValue, type ProblemDetail} from './problem.ts'
import type {NewActivity, NewEvent} from './schemas/writes.ts'

const LATEST_OFFSET_MS = 86_400_000
/** As PostgreSQL prints it. With it a record stays below what the relay publishes (RELAY_RECORD_BYTES_MAX). */
const JSON_BYTES_MAX = 850_000

/** @throws of documents that nothing downstream could carry; the transaction takes them back */
function refuseLarge(sizes: readonly (number | null)[], fieldOf: (index: number) => string): void {
  const errors = sizes.flatMap((bytes, index) =>
    bytes !== null && bytes > JSON_BYTES_MAX
      ? [
          {
            in: 'body',
            field: fieldOf(index),
            detail: `has ${bytes} bytes as PostgreSQL prints it, at most ${JSON_BYTES_MAX} can be published`,
          },
        ]
      : [],
  )
  if (errors.length > 0) throw new Problem('too-large', 'an event is too large', {errors})
}

/** Why a time is not taken, or undefined. The pipeline refuses what lies more than a day ahead. */
export function judgeTime(text: string, now: number): string | undefined {
  const micros = toMicros(text)
  if (micros === undefined) return 'is not a time that exists'
  if (micros < 0) return 'is before 1970'
  if (micros / 1000 > now + LATEST_OFFSET_MS) return 'is more than 24 hours ahead'
  return undefined
}

/** The same of a time that is planned, which may lie a hundred years ahead. */
export const judgePlanned = (text: string): string | undefined =>
  judgeTime(text, Date.now() + 100 * 365 * 86_400_000)

/** What is wrong with each event, beyond its form. */
export function judgeEvents(
  events: readonly NewEvent[],
  now: number,
  pointerOf: (index: number) => string,
): readonly ProblemDetail[] {
  return events.flatMap(({event_ts: time}, index) => {
    const detail = time === undefined ? undefined : judgeTime(time, now)
    if (detail === undefined) return []
    return [{in: 'body', field: `${pointerOf(index)}/event_ts`, detail, value: showValue(time)}]
  })
}

/** Contents that events name but that do not exist. */
async function findUnknownContents(
  session: Session,
  events: readonly NewEvent[],
): Promise<ReadonlySet<string>> {
  const named = new Set(events.flatMap(({content_id: id}) => id?.toLowerCase() ?? []))
  if (named.size === 0) return named
  // Locked, so that none is deleted before the events are in.
  const {rows} = await session.query<{id: string}>(
    'SELECT id FROM public.content WHERE id = ANY($1) FOR KEY SHARE',
    [[...named].toSorted()],
  )
  for (const {id} of rows) named.delete(id)
  return named
}

/**
 * Inserts all events, or none.
 *
 * @returns their ids, in the order given
 * @throws a problem with one entry per event that cannot be taken
 */
export async function insertEvents(
  session: Session,
  events: readonly NewEvent[],
  pointerOf: (index: number) => string,
): Promise<readonly number[]> {
  const unknown = await findUnknownContents(session, events)
  const detail = 'there is no such content'
  const errors = events.flatMap(({content_id: value}, index) => {
    if (typeof value !== 'string' || !unknown.has(value.toLowerCase())) return []
    return [{in: 'body', field: `${pointerOf(index)}/content_id`, detail, value}]
  })
  if (errors.length > 0) {
    const what = `${errors.length} of ${events.length} events name content that does not exist`
    throw new Problem('not-answerable', what, {errors})
  }
  const {rows} = await session.query<{id: string | number; bytes: number | null}>(
    `INSERT INTO public.engagement_events
       (content_id, user_id, event_type, event_ts, duration_ms, device, raw_payload)
     SELECT (e->>'content_id')::uuid, (e->>'user_id')::uuid, e->>'event_type',
            coalesce((e->>'event_ts')::timestamptz, now()), (e->>'duration_ms')::int, e->>'device',
            nullif(e->'raw_payload', 'null'::jsonb)
     FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS list(e, position)
     ORDER BY position
     RETURNING id, octet_length(raw_payload::text) AS bytes`,
    [JSON.stringify(events)],
  )
  refuseLarge(
    rows.map(({bytes}) => bytes),
    index => `${pointerOf(index)}/raw_payload`,
  )
  return rows.map(({id}) => Number(id))
}

export async function insertActivity(session: Session, activity: NewActivity): Promise<number> {
  const {rows} = await session.query<{id: string | number; bytes: number | null}>(
    `INSERT INTO public.activity_events (user_id, activity_type, occurred_at, metadata)
     VALUES ($1, $2, coalesce($3::timestamptz, now()), $4::jsonb)
     RETURNING id, octet_length(metadata::text) AS bytes`,
    [
      activity.user_id,
      activity.activity_type,
      activity.occurred_at ?? null,
      activity.metadata ? JSON.stringify(activity.metadata) : null,
    ],
  )
  refuseLarge([rows[0]!.bytes], () => '/metadata')
  return Number(rows[0]!.id)
}
