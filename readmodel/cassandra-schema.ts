/**
 * The tables in Cassandra, as a list of migrations: what is once released is never edited, a change
 * is a new entry.
 *
 * Partitions stay bounded under a hit: `docs/METRICS.md` names the bound of every table.
 */

export interface SchemaMigration {
  readonly version: number
  readonly name: string
  /** Statements that may be repeated. Tables are named without keyspace. */
  readonly statements: readonly string[]
}

/** Compaction that keeps few, sorted runs: for rows that are written again and again. */
const UPDATED = `compaction = {'class': 'UnifiedCompactionStrategy', 'scaling_parameters': 'T4'}`
/** Compaction for rows that are written once, more or less in the order of time. */
const APPENDED = `compaction = {'class': 'UnifiedCompactionStrategy', 'scaling_parameters': 'T8'}`
/** Windows are dropped whole. */
const windowed = (days: number, unit: 'HOURS' | 'DAYS', size: number): string =>
  `compaction = {'class': 'TimeWindowCompactionStrategy', 'compaction_window_unit': '${unit}',
   'compaction_window_size': ${size}} AND default_time_to_live = ${days * 86_400}
   AND gc_grace_seconds = 3600`

const EVENT_COLUMNS = `
  event_ts timestamp, event_id bigint, event_us bigint, user_id uuid, event_type text,
  duration_ms int, device text, raw_payload text, content_type text, length_seconds int,
  engagement_seconds double, engagement_pct double,
  outbox_id bigint, created_at bigint, processed_at timestamp`

const FIGURES = `
  events bigint, plays bigint, pauses bigint, finishes bigint, clicks bigint,
  duration_ms bigint, unique_viewers bigint, detail blob, stale boolean,
  src_partition int, src_offset bigint`

export const MIGRATIONS: readonly SchemaMigration[] = [
  {
    version: 1,
    name: 'raw events',
    statements: [
      `CREATE TABLE IF NOT EXISTS engagement_metrics (
         content_id uuid, day date, bucket smallint, ${EVENT_COLUMNS},
         PRIMARY KEY ((content_id, day, bucket), event_ts, event_id))
       WITH CLUSTERING ORDER BY (event_ts DESC, event_id DESC) AND ${APPENDED}`,
      `CREATE TABLE IF NOT EXISTS engagement_metrics_without_content (
         day date, bucket smallint, ${EVENT_COLUMNS},
         PRIMARY KEY ((day, bucket), event_ts, event_id))
       WITH CLUSTERING ORDER BY (event_ts DESC, event_id DESC) AND ${APPENDED}`,
      `CREATE TABLE IF NOT EXISTS user_activity (
         user_id text, day date, occurred_at timestamp, event_id bigint, occurred_us bigint,
         activity_type text, metadata text,
         outbox_id bigint, created_at bigint, processed_at timestamp,
         PRIMARY KEY ((user_id, day), occurred_at, event_id))
       WITH CLUSTERING ORDER BY (occurred_at DESC, event_id DESC) AND ${APPENDED}`,
    ],
  },
  {
    version: 2,
    name: 'aggregates',
    statements: [
      `CREATE TABLE IF NOT EXISTS content_metrics (
         content_id uuid, period text, granularity text, start timestamp, ${FIGURES},
         PRIMARY KEY ((content_id, period), granularity, start))
       WITH ${UPDATED}`,
      `CREATE TABLE IF NOT EXISTS content_totals (
         src_partition int, bucket smallint, content_id uuid,
         ${FIGURES.replace('\n  src_partition int,', '')},
         PRIMARY KEY ((src_partition, bucket), content_id))
       WITH ${UPDATED}`,
      `CREATE TABLE IF NOT EXISTS content_days (
         day date, bucket smallint, content_id uuid, ${FIGURES},
         PRIMARY KEY ((day, bucket), content_id))
       WITH ${UPDATED}`,
      `CREATE TABLE IF NOT EXISTS content_viewers (
         content_id uuid, period text, granularity text, start timestamp, slot int, sketch blob,
         src_partition int, src_offset bigint,
         PRIMARY KEY ((content_id, period), granularity, start, slot))
       WITH ${UPDATED}`,
      `CREATE TABLE IF NOT EXISTS content_retention (
         content_id uuid, segment int, marks bigint, detail blob,
         src_partition int, src_offset bigint,
         PRIMARY KEY ((content_id), segment))
       WITH ${UPDATED}`,
      `CREATE TABLE IF NOT EXISTS platform_metrics (
         src_partition int, period text, granularity text, start timestamp,
         events bigint, plays bigint, pauses bigint, finishes bigint, clicks bigint,
         duration_ms bigint, detail blob, src_offset bigint,
         PRIMARY KEY ((src_partition, period), granularity, start))
       WITH ${UPDATED}`,
      `CREATE TABLE IF NOT EXISTS leaderboard_steps (
         src_partition int, hour timestamp, step timestamp, contents int, detail blob,
         src_offset bigint,
         PRIMARY KEY ((src_partition, hour), step))
       WITH ${windowed(2, 'HOURS', 3)}`,
      `CREATE TABLE IF NOT EXISTS viewer_steps (
         src_partition int, hour timestamp, step timestamp, viewers int, detail blob,
         src_offset bigint,
         PRIMARY KEY ((src_partition, hour), step))
       WITH ${windowed(2, 'HOURS', 3)}`,
      `CREATE TABLE IF NOT EXISTS aggregated_metrics (
         user_id text, day date, activity_type text, count bigint,
         src_partition int, src_offset bigint,
         PRIMARY KEY ((user_id), day, activity_type))
       WITH CLUSTERING ORDER BY (day DESC, activity_type ASC) AND ${UPDATED}`,
      `CREATE TABLE IF NOT EXISTS user_recent (
         user_id text PRIMARY KEY, events bigint, last_seen_us bigint, recent text, stale boolean,
         src_partition int, src_offset bigint)
       WITH ${UPDATED}`,
      `CREATE TABLE IF NOT EXISTS page_views (
         src_partition int, bucket smallint, page text, views bigint, src_offset bigint,
         PRIMARY KEY ((src_partition, bucket), page))
       WITH ${UPDATED}`,
      `CREATE TABLE IF NOT EXISTS activity_minutes (
         src_partition int, day date, start timestamp, events bigint, page_views bigint,
         src_offset bigint,
         PRIMARY KEY ((src_partition, day), start))
       WITH ${UPDATED}`,
    ],
  },
  {
    version: 3,
    name: 'content and partitions',
    statements: [
      `CREATE TABLE IF NOT EXISTS content (
         id uuid PRIMARY KEY, slug text, title text, content_type text, length_seconds int,
         publish_ts timestamp, publish_us bigint, deleted boolean,
         outbox_id bigint, created_at bigint)`,
      `CREATE TABLE IF NOT EXISTS partition_owner (
         topic text, src_partition int, generation int, ceiling bigint,
         PRIMARY KEY ((topic, src_partition)))`,
      `CREATE TABLE IF NOT EXISTS partition_progress (
         topic text, src_partition int, src_offset bigint, generation int, progress text,
         PRIMARY KEY ((topic, src_partition)))`,
    ],
  },
]
