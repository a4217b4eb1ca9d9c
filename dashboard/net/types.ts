/** Answers of the API as the pages use them. Names are those of SQL and of docs/METRICS.md. */

export interface Meta {
  readonly source: string
  readonly newest_event_at: string | null
  readonly age_ms: number | null
  readonly notes: readonly string[]
}

export interface Page {
  readonly limit: number
  readonly next_cursor: string | null
}

export interface Content {
  readonly id: string
  readonly slug: string
  readonly title: string
  readonly content_type: string | null
  readonly length_seconds: number | null
  readonly publish_ts: string
}

export interface Metrics {
  readonly events: number
  readonly plays: number
  readonly pauses: number
  readonly finishes: number
  readonly clicks: number
  readonly events_with_duration: number
  readonly engagement_seconds: number
  readonly engagement_seconds_avg: number | null
  readonly engagement_pct_sum: number | null
  readonly engagement_pct_avg: number | null
  readonly completion_rate: number | null
  readonly unique_viewers: number
  readonly engagement_seconds_p50: number | null
  readonly engagement_seconds_p75: number | null
  readonly engagement_seconds_p90: number | null
  readonly engagement_seconds_p95: number | null
  readonly engagement_seconds_p99: number | null
  readonly first_event_at: string | null
  readonly last_event_at: string | null
}

export interface ContentMetrics {
  readonly content: Content
  readonly metrics: Metrics
  readonly meta: Meta
}

export interface Series {
  readonly granularity: string
  readonly buckets: readonly {
    readonly start: string
    readonly end: string
    readonly metrics: Metrics
  }[]
  readonly meta: Meta
}

export interface Breakdown {
  readonly dimension: string
  readonly items: readonly {readonly value: string | null; readonly metrics: Metrics}[]
}

export interface Retention {
  readonly basis: 'position' | 'watched_from_0'
  readonly length_seconds: number | null
  readonly plays: number
  readonly points: readonly {
    readonly elapsed_ratio: number
    readonly audience: number
    readonly audience_watch_ratio: number | null
  }[]
}

export interface EventView {
  readonly event_id: number
  readonly content_id: string | null
  readonly user_id: string | null
  readonly event_type: string
  readonly event_ts: string
  readonly duration_ms: number | null
  readonly device: string | null
  readonly raw_payload: unknown
  readonly engagement_seconds: number | null
  readonly engagement_pct: number | null
}

export interface Activity {
  readonly event_id: number
  readonly user_id: string
  readonly activity_type: string
  readonly occurred_at: string | null
  readonly metadata: unknown
}

export interface Listing<T> {
  readonly items: readonly T[]
  readonly page?: Page
}

export interface UserStats {
  readonly user_id: string
  readonly activities: number
  readonly by_type: Readonly<Record<string, number>>
  readonly last_seen_at: string | null
}

export interface UserDay {
  readonly day: string
  readonly activity_type: string
  readonly count: number
}

/** One second of the whole platform. */
export interface Overview {
  readonly at: string
  readonly events_per_second: number | null
  readonly active_users: number | null
  readonly page_views: number | null
  readonly page_views_per_second: number | null
  readonly engagement_seconds_per_second: number | null
  readonly latency_ms_p50: number | null
  readonly latency_ms_p99: number | null
  readonly top: readonly {
    readonly rank: number
    readonly content: Content
    readonly value: number | string | null
    readonly plays?: number | null
  }[]
  readonly pages: readonly {readonly page: string; readonly views: number}[]
  readonly meta: Meta
}

export type OverviewPoint = Omit<Overview, 'top' | 'pages' | 'meta' | 'page_views'>

/** What the server remembers of the last half hour. */
export interface OverviewHistory {
  readonly step_seconds: number
  readonly points: readonly OverviewPoint[]
}
