/** What the pages show in tests on the real pipeline: a newsroom's contents, and how they are used. */
import type {Pool} from '../platform/postgres.ts'

const TITLES = [
  'Daily News – Episode 1',
  'Deep Dive: How Postgres Commits',
  'The Morning Brief',
  'Interview: Building for Trust',
  'Weekend Reads',
  'Explained: Event Streams',
  'Live from the Newsroom',
  'The Long Read, Part 3',
]

/** Contents, and a day of events that ends now. Returns the ids, the most popular first. */
export async function seed(pool: Pool, events = 40_000): Promise<readonly string[]> {
  const {rows} = await pool.query<{id: string}>(
    `INSERT INTO content (id, slug, title, content_type, length_seconds, publish_ts)
     SELECT gen_random_uuid(), 'content-' || n, title,
            (ARRAY['podcast', 'video', 'newsletter'])[1 + n % 3], 1200 + n * 300, now() - n * interval '1 day'
     FROM unnest($1::text[]) WITH ORDINALITY AS t(title, n) RETURNING id`,
    [TITLES],
  )
  const ids = rows.map(({id}) => id)
  await insertEvents(pool, {ids, count: events, seconds: 86_400})
  await insertEvents(pool, {ids, count: events / 20, seconds: 1500})
  await pool.query(
    `INSERT INTO activity_events (user_id, activity_type, occurred_at, metadata)
     SELECT 'reader-' || (n % 20), (ARRAY['page_view', 'page_view', 'login', 'search'])[1 + (n / 7) % 4],
            now() - (n * n % 9) * interval '1 day' - n * interval '1 second',
            jsonb_build_object('page', (ARRAY['/', '/podcasts', '/podcasts/daily-news', '/videos', '/newsletters'])[1 + n % 5])
     FROM generate_series(1, 800) n`,
  )
  return ids
}

/** Events of contents, the first ones more popular, spread over the last `seconds`. */
export async function insertEvents(
  pool: Pool,
  given: {readonly ids: readonly string[]; readonly count: number; readonly seconds: number},
): Promise<void> {
  await pool.query(
    `INSERT INTO engagement_events (content_id, user_id, event_type, event_ts, duration_ms, device)
     SELECT ($1::uuid[])[1 + floor(power(random(), 2) * cardinality($1::uuid[]))::int],
            ('00000000-0000-4000-8000-' || lpad(floor(random() * 900)::text, 12, '0'))::uuid,
            type, ts, CASE type WHEN 'play' THEN (power(random(), 1.5) * 1500000)::int END,
            (ARRAY['ios', 'ios', 'android', 'web', 'tv'])[1 + floor(random() * 5)::int]
     FROM (SELECT now() - random() * $3 * interval '1 second' AS ts,
                  (ARRAY['play', 'play', 'play', 'pause', 'finish', 'click'])[1 + floor(random() * 6)::int] AS type
           FROM generate_series(1, $2)) AS made
     -- People sleep: nights are quieter than evenings.
     WHERE $3 < 3600 OR random() < 0.55 + 0.4 * sin(extract(hour FROM ts) / 12 * pi())`,
    [given.ids, given.count, given.seconds],
  )
}

/** Page views of now, some pages more than others. */
export async function insertViews(pool: Pool, count: number): Promise<void> {
  await pool.query(
    `INSERT INTO activity_events (user_id, activity_type, metadata)
     SELECT 'reader-' || floor(random() * 20), 'page_view',
            jsonb_build_object('page', (ARRAY['/', '/podcasts', '/podcasts/daily-news', '/videos', '/newsletters'])[1 + floor(power(random(), 2) * 5)::int])
     FROM generate_series(1, $1)`,
    [count],
  )
}
