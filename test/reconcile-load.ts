/** Events at a steady rate: most to few contents, some corrected and deleted again. */
import {pause} from '../platform/lifecycle.ts'
import type {Pool} from '../platform/postgres.ts'

export interface EventLoad {
  /** Events that were written so far. */
  events(): number
  /** Ends it; fails when a piece of it failed. */
  stop(): Promise<void>
}

export interface EventLoadOptions {
  readonly perSecond: number
  readonly contents: number
}

const PIECES_PER_SECOND = 20

/** Contents of the load: `44444444-0000-4000-8000-…`. */
export const idOfContent = (n: number): string =>
  `44444444-0000-4000-8000-${String(n).padStart(12, '0')}`

export async function addContents(pool: Pool, contents: number): Promise<void> {
  await pool.query(
    `INSERT INTO content (id, slug, title, content_type, length_seconds, publish_ts)
     SELECT ('44444444-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 's' || n, 't', 'video', 60, now()
       FROM generate_series(1, $1::int) n`,
    [contents],
  )
}

/** A quarter of the events are of five contents; some are corrected, some deleted: two of a thousand each at 1,000 a second. */
const PIECE = `
WITH added AS (
  INSERT INTO engagement_events (content_id, user_id, event_type, event_ts, duration_ms, device)
  SELECT ('44444444-0000-4000-8000-' || lpad(CASE WHEN random() < 0.25 THEN 1 + floor(random() * 5)
            ELSE 1 + floor(random() * $2) END::text, 12, '0'))::uuid,
         gen_random_uuid(), (ARRAY['play', 'pause', 'finish', 'click'])[1 + floor(random() * 4)],
         now() - random() * interval '20 seconds', floor(random() * 60000)::int,
         (ARRAY['ios', 'web', 'tv'])[1 + floor(random() * 3)]
    FROM generate_series(1, $1::int)
), seen AS (
  INSERT INTO activity_events (user_id, activity_type, metadata)
  SELECT 'user-' || floor(random() * 50), 'page_view', json_build_object('page', '/p' || floor(random() * 20))
    FROM generate_series(1, greatest(1, $1::int / 20))
)
SELECT 1`

const CORRECT = `
UPDATE engagement_events SET duration_ms = coalesce(duration_ms, 0) + 1
 WHERE id IN (SELECT id FROM engagement_events ORDER BY id DESC LIMIT $1)`
const DELETE = `
DELETE FROM engagement_events WHERE id IN (SELECT id FROM engagement_events ORDER BY id DESC LIMIT $1)`

/** Starts to write and goes on until it is stopped. */
export function startEventLoad(pool: Pool, {perSecond, contents}: EventLoadOptions): EventLoad {
  const stop = new AbortController()
  const startedAt = performance.now()
  const size = Math.max(1, Math.round(perSecond / PIECES_PER_SECOND))
  let written = 0
  const write = async (): Promise<void> => {
    for (let piece = 1; !stop.signal.aborted; piece++) {
      await pool.query(PIECE, [size, contents])
      if (piece % 10 === 0) {
        await pool.query(CORRECT, [Math.max(1, size / 50)])
        await pool.query(DELETE, [Math.max(1, size / 50)])
      }
      written += size
      await pause(startedAt + (written / perSecond) * 1000 - performance.now(), stop.signal)
    }
  }
  const writing = write()
  // Whoever stops it hears of it.
  writing.catch(() => undefined)
  return {
    events: () => written,
    async stop() {
      stop.abort()
      await writing
    },
  }
}
