/** A media database that has nothing of ours, and what happens in it. */
import type {Pool} from '../platform/postgres.ts'

/** Two of its tables have names that ours would have. */
export const MEDIA_SQL = `
CREATE SCHEMA media;
CREATE TABLE media.videos (id bigint PRIMARY KEY, name text, kind text, seconds integer);
CREATE TABLE media.watch_log (entry uuid PRIMARY KEY DEFAULT gen_random_uuid(), video bigint REFERENCES media.videos,
  viewer text, what text, at timestamptz NOT NULL, ms integer);
CREATE TABLE public.content (id bigserial PRIMARY KEY, headline text);
CREATE TABLE public.outbox_events (id int, mail text);
INSERT INTO public.outbox_events VALUES (1, 'of the application');`

export const VIDEOS = [1, 2, 9_007_199_254_740_000] as const

/** Written, corrected and taken back; $1: a seed. Times lie in three days, some within the last minutes. */
const HISTORY = `
SELECT setseed(0.1);
INSERT INTO media.videos VALUES (1, 'Cooking', 'course', 120), (2, NULL, 'trailer', NULL), (${VIDEOS[2]}, 'Long', 'course', 7200);
INSERT INTO media.watch_log (video, viewer, what, at, ms)
SELECT (ARRAY[1, 2, ${VIDEOS[2]}, NULL]::bigint[])[1 + floor(random() * 4)::int], 'v' || floor(random() * 40),
       (ARRAY['start', 'resume', 'halt', 'done', 'seek', 'Ünlike', NULL])[1 + floor(random() * 7)::int],
       now() - make_interval(secs => CASE WHEN random() < 0.2 THEN random() * 200 ELSE random() * 200000 END),
       CASE WHEN random() < 0.8 THEN floor(random() * 90000)::int END
  FROM generate_series(1, 600);
UPDATE media.watch_log SET ms = 1000 WHERE what = 'halt';
UPDATE media.watch_log SET video = 1 WHERE video = 2 AND what = 'seek';
DELETE FROM media.watch_log WHERE what = 'resume' AND viewer < 'v2';
UPDATE media.videos SET seconds = 90 WHERE id = 1;`

export async function writeHistory(pool: Pool): Promise<void> {
  await pool.query(HISTORY)
}

/** What is counted of the rows of a table w, as SQL says it. */
export const FIGURES = `count(*)::int AS events,
  count(*) FILTER (WHERE what IN ('start', 'resume'))::int AS plays,
  count(*) FILTER (WHERE what = 'halt')::int AS pauses,
  count(*) FILTER (WHERE what = 'done')::int AS finishes,
  0 AS clicks, count(ms)::int AS events_with_duration,
  coalesce(sum(ms), 0)::float8 / 1000 AS engagement_seconds,
  avg(ms)::float8 / 1000 AS engagement_seconds_avg,
  count(*) FILTER (WHERE what = 'done')::float8 / nullif(count(*) FILTER (WHERE what IN ('start', 'resume')), 0) AS completion_rate,
  count(DISTINCT viewer)::int AS unique_viewers,
  to_char(min(at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS first_event_at,
  to_char(max(at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS last_event_at`
