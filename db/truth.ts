/**
 * The numbers as plain SQL over the source tables says them: what every served figure has to equal.
 *
 * Does not      know how figures are stored: it groups, counts and sums, nothing else.
 */
import type {EventType} from '../contracts/engagement.ts'
import type {Pool} from '../platform/postgres.ts'

export type TruthGranularity = 'total' | 'minute' | 'hour' | 'day'

/** One device and event type of a content in a bucket of time. */
export interface TruthCell {
  readonly device: string | null
  readonly type: EventType
  readonly events: number
  readonly timed: number
  readonly durationMs: number
  /** Microseconds since 1970. */
  readonly first: number
  readonly last: number
  readonly users: number
  /** Histogram bucket to count. */
  readonly buckets: Map<number, number>
}

export interface TruthRow {
  readonly contentId: string
  /** Seconds since 1970; 0 in total. */
  readonly start: number
  readonly users: number
  readonly cells: readonly TruthCell[]
}

export interface TruthMark {
  readonly mark: 'positionBegin' | 'positionEnd' | 'durationEnd'
  readonly type: EventType
  readonly second: number
  readonly count: number
}

export interface TruthEvent {
  readonly event_id: number
  readonly content_id: string | null
  readonly user_id: string | null
  readonly event_type: EventType
  readonly event_ts: number
  readonly duration_ms: number | null
  readonly device: string | null
  readonly raw_payload: string | null
}

export interface TruthWindowRow {
  readonly contentId: string
  readonly events: Readonly<Record<EventType, number>>
  readonly durationMs: Readonly<Record<EventType, number>>
  readonly users: number
}

const SECONDS = {total: 0, minute: 60, hour: 3600, day: 86_400} as const

const startOf = (granularity: TruthGranularity, column = 'event_ts'): string => {
  const seconds = SECONDS[granularity]
  if (seconds === 0) return '0::bigint'
  return `floor(extract(epoch FROM ${column}) / ${seconds})::bigint * ${seconds}`
}

const MICROS = '(extract(epoch FROM event_ts) * 1000000)::bigint'

type Queryable = Pick<Pool, 'query'>

/** Every content that has events, in order, after `after`. */
export async function readContentIds(
  pg: Queryable,
  {after, limit}: {readonly after: string | null; readonly limit: number},
): Promise<readonly string[]> {
  const {rows} = await pg.query<{content_id: string}>(
    `SELECT DISTINCT content_id FROM engagement_events
     WHERE content_id IS NOT NULL AND ($1::uuid IS NULL OR content_id > $1)
     ORDER BY content_id LIMIT $2`,
    [after, limit],
  )
  return rows.map(row => row.content_id)
}

/** Those of `contentIds` that have no event. */
export async function readContentIdsWithoutEvents(
  pg: Queryable,
  contentIds: readonly string[],
): Promise<readonly string[]> {
  const {rows} = await pg.query<{id: string}>(
    `SELECT given.id FROM unnest($1::uuid[]) AS given (id)
     WHERE NOT EXISTS (SELECT FROM engagement_events WHERE content_id = given.id) ORDER BY given.id`,
    [contentIds],
  )
  return rows.map(row => row.id)
}

/** Contents with events on a UTC day. */
export async function readContentIdsOfDay(pg: Queryable, day: string): Promise<readonly string[]> {
  const {rows} = await pg.query<{content_id: string}>(
    `SELECT DISTINCT content_id FROM engagement_events
     WHERE content_id IS NOT NULL
       AND event_ts >= $1::date::timestamp AT TIME ZONE 'UTC'
       AND event_ts < ($1::date + 1)::timestamp AT TIME ZONE 'UTC'
     ORDER BY content_id`,
    [day],
  )
  return rows.map(row => row.content_id)
}

interface CellRecord {
  readonly content_id: string
  readonly start: string
  readonly device: string | null
  readonly event_type: EventType
}

const idOf = (row: Pick<CellRecord, 'content_id' | 'start'>): string =>
  `${row.content_id} ${row.start}`
const cellIdOf = (row: CellRecord): string =>
  JSON.stringify([row.content_id, row.start, row.device, row.event_type])

/**
 * Figures of contents by bucket, device and event type.
 *
 * @param bounds lower bounds of the histogram's buckets, ascending, the first one 0
 */
export async function readTruthRows(
  pg: Queryable,
  request: {
    readonly contentIds: readonly string[]
    readonly granularity: TruthGranularity
    readonly bounds: readonly number[]
  },
): Promise<readonly TruthRow[]> {
  const {contentIds, granularity, bounds} = request
  const start = startOf(granularity)
  const from = 'FROM engagement_events WHERE content_id = ANY($1::uuid[])'
  const [cells, buckets, users] = await Promise.all([
    pg.query<CellRecord & Record<'events' | 'timed' | 'ms' | 'first' | 'last' | 'users', string>>(
      `SELECT content_id, ${start} AS start, device, event_type, count(*) AS events,
         count(duration_ms) AS timed, coalesce(sum(duration_ms), 0) AS ms,
         min(${MICROS}) AS first, max(${MICROS}) AS last, count(DISTINCT user_id) AS users
       ${from} GROUP BY 1, 2, 3, 4`,
      [contentIds],
    ),
    pg.query<CellRecord & {bucket: number; count: string}>(
      `SELECT content_id, ${start} AS start, device, event_type,
         width_bucket(duration_ms, $2::int[]) - 1 AS bucket, count(*) AS count
       ${from} AND duration_ms IS NOT NULL GROUP BY 1, 2, 3, 4, 5`,
      [contentIds, bounds],
    ),
    pg.query<{content_id: string; start: string; users: string}>(
      `SELECT content_id, ${start} AS start, count(DISTINCT user_id) AS users ${from} GROUP BY 1, 2`,
      [contentIds],
    ),
  ])
  const histograms = new Map<string, Map<number, number>>()
  for (const row of buckets.rows) {
    const histogram = histograms.get(cellIdOf(row)) ?? new Map<number, number>()
    histogram.set(row.bucket, Number(row.count))
    histograms.set(cellIdOf(row), histogram)
  }
  const grouped = new Map<string, TruthCell[]>()
  for (const row of cells.rows) {
    const list = grouped.get(idOf(row)) ?? []
    list.push({
      device: row.device,
      type: row.event_type,
      events: Number(row.events),
      timed: Number(row.timed),
      durationMs: Number(row.ms),
      first: Number(row.first),
      last: Number(row.last),
      users: Number(row.users),
      buckets: histograms.get(cellIdOf(row)) ?? new Map(),
    })
    grouped.set(idOf(row), list)
  }
  return users.rows.map(row => ({
    contentId: row.content_id,
    start: Number(row.start),
    users: Number(row.users),
    cells: grouped.get(idOf(row)) ?? [],
  }))
}

/** Begins and ends of watched stretches, see docs/METRICS.md. */
export async function readTruthMarks(
  pg: Queryable,
  contentId: string,
  secondsMax: number,
): Promise<readonly TruthMark[]> {
  const {rows} = await pg.query<{
    mark: TruthMark['mark']
    type: EventType
    second: string
    n: string
  }>(
    `WITH events AS (
       SELECT event_type, duration_ms,
         CASE WHEN jsonb_typeof(raw_payload->'position_ms') = 'number' THEN
           CASE WHEN (raw_payload->>'position_ms')::numeric % 1 = 0
                  AND (raw_payload->>'position_ms')::numeric BETWEEN 0 AND 9007199254740991
                THEN (raw_payload->>'position_ms')::numeric::bigint END END AS position_ms
       FROM engagement_events WHERE content_id = $1 AND duration_ms > 0),
     marks AS (
       SELECT 'durationEnd' AS mark, event_type, duration_ms::bigint AS ms
         FROM events WHERE position_ms IS NULL
       UNION ALL SELECT 'positionBegin', event_type, position_ms - duration_ms
         FROM events WHERE position_ms IS NOT NULL
       UNION ALL SELECT 'positionEnd', event_type, position_ms
         FROM events WHERE position_ms IS NOT NULL)
     SELECT mark, event_type AS type,
       least($2 - 1, greatest(0, floor(ms / 1000.0)))::bigint AS second, count(*) AS n
     FROM marks GROUP BY 1, 2, 3`,
    [contentId, secondsMax],
  )
  return rows.map(({mark, type, second, n}) => ({
    mark,
    type,
    second: Number(second),
    count: Number(n),
  }))
}

/** Every event of a content, or (null) those without one. */
export async function readTruthEvents(
  pg: Queryable,
  contentId: string | null,
): Promise<readonly TruthEvent[]> {
  const {rows} = await pg.query<
    Omit<TruthEvent, 'event_id' | 'event_ts'> & {id: string; us: string}
  >(
    `SELECT id, content_id, user_id, event_type, ${MICROS} AS us, duration_ms, device,
       raw_payload::text AS raw_payload
     FROM engagement_events WHERE content_id IS NOT DISTINCT FROM $1::uuid ORDER BY id`,
    [contentId],
  )
  return rows.map(({id, us, ...event}) => ({...event, event_id: Number(id), event_ts: Number(us)}))
}

/** Sums by content over a window of event time, seconds since 1970, `to` exclusive. */
export async function readTruthWindow(
  pg: Queryable,
  {from, to}: {readonly from: number; readonly to: number},
): Promise<{readonly contents: readonly TruthWindowRow[]; readonly users: number}> {
  const where = 'event_ts >= to_timestamp($1) AND event_ts < to_timestamp($2)'
  const types = ['play', 'pause', 'finish', 'click'] as const
  const columns = types.map(
    type => `count(*) FILTER (WHERE event_type = '${type}') AS ${type}_events,
      coalesce(sum(duration_ms) FILTER (WHERE event_type = '${type}'), 0) AS ${type}_ms`,
  )
  const [contents, users] = await Promise.all([
    pg.query<Record<string, string>>(
      `SELECT content_id, count(DISTINCT user_id) AS users, ${columns.join(', ')}
       FROM engagement_events WHERE content_id IS NOT NULL AND ${where} GROUP BY 1`,
      [from, to],
    ),
    pg.query<{users: string}>(
      `SELECT count(DISTINCT user_id) AS users FROM engagement_events WHERE ${where}`,
      [from, to],
    ),
  ])
  const pick = (row: Record<string, string>, what: string): Record<EventType, number> =>
    Object.fromEntries(types.map(type => [type, Number(row[`${type}_${what}`])])) as Record<
      EventType,
      number
    >
  return {
    contents: contents.rows.map(row => ({
      contentId: row['content_id']!,
      events: pick(row, 'events'),
      durationMs: pick(row, 'ms'),
      users: Number(row['users']),
    })),
    users: Number(users.rows[0]?.users ?? 0),
  }
}

export interface TruthPlatformRow {
  readonly start: number
  readonly device: string | null
  readonly type: EventType
  readonly events: number
  readonly timed: number
  readonly durationMs: number
}

/** The whole platform by bucket, device and event type. */
export async function readTruthPlatform(
  pg: Queryable,
  granularity: Exclude<TruthGranularity, 'total'>,
): Promise<readonly TruthPlatformRow[]> {
  const {rows} = await pg.query<CellRecord & Record<'events' | 'timed' | 'ms', string>>(
    `SELECT ${startOf(granularity)} AS start, device, event_type, count(*) AS events,
       count(duration_ms) AS timed, coalesce(sum(duration_ms), 0) AS ms
     FROM engagement_events GROUP BY 1, 2, 3`,
  )
  return rows.map(row => ({
    start: Number(row.start),
    device: row.device,
    type: row.event_type,
    events: Number(row.events),
    timed: Number(row.timed),
    durationMs: Number(row.ms),
  }))
}

export interface TruthUserDay {
  readonly userId: string
  /** ISO date. */
  readonly day: string
  readonly type: string
  readonly count: number
}

export interface TruthActivity {
  readonly event_id: number
  readonly user_id: string
  readonly activity_type: string
  /** Microseconds since 1970. */
  readonly occurred_at: number | null
  readonly metadata: string | null
}

export async function readTruthActivities(pg: Queryable): Promise<readonly TruthActivity[]> {
  const {rows} = await pg.query<
    Omit<TruthActivity, 'event_id' | 'occurred_at'> & {
      id: string
      us: string | null
    }
  >(
    `SELECT id, user_id, activity_type, metadata::text AS metadata,
       (extract(epoch FROM occurred_at) * 1000000)::bigint AS us
     FROM activity_events ORDER BY id`,
  )
  return rows.map(({id, us, ...event}) => ({
    ...event,
    event_id: Number(id),
    occurred_at: us === null ? null : Number(us),
  }))
}

/** Activities by user, UTC day and type. */
export async function readTruthUserDays(pg: Queryable): Promise<readonly TruthUserDay[]> {
  const {rows} = await pg.query<{user_id: string; day: string; activity_type: string; n: string}>(
    `SELECT user_id, to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day,
       activity_type, count(*) AS n
     FROM activity_events WHERE occurred_at IS NOT NULL GROUP BY 1, 2, 3`,
  )
  return rows.map(row => ({
    userId: row.user_id,
    day: row.day,
    type: row.activity_type,
    count: Number(row.n),
  }))
}

/** Views by page. */
export async function readTruthPages(pg: Queryable): Promise<ReadonlyMap<string, number>> {
  const {rows} = await pg.query<{page: string; views: string}>(
    `SELECT metadata->>'page' AS page, count(*) AS views FROM activity_events
     WHERE activity_type = 'page_view' AND jsonb_typeof(metadata->'page') = 'string' GROUP BY 1`,
  )
  return new Map(rows.map(row => [row.page, Number(row.views)]))
}

export interface TruthActivityMinute {
  readonly start: number
  readonly events: number
  readonly pageViews: number
}

export async function readTruthActivityMinutes(
  pg: Queryable,
): Promise<readonly TruthActivityMinute[]> {
  const {rows} = await pg.query<Record<'start' | 'events' | 'views', string>>(
    `SELECT ${startOf('minute', 'occurred_at')} AS start, count(*) AS events,
       count(*) FILTER (WHERE activity_type = 'page_view'
         AND jsonb_typeof(metadata->'page') = 'string') AS views
     FROM activity_events WHERE occurred_at IS NOT NULL GROUP BY 1 ORDER BY 1`,
  )
  return rows.map(row => ({
    start: Number(row.start),
    events: Number(row.events),
    pageViews: Number(row.views),
  }))
}
