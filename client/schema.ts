/** Written by scripts/write-client.ts from the OpenAPI document. Not to be edited. */

export type Problem = {readonly type: string; readonly title: string; readonly status: number; readonly detail: string; readonly instance: string; readonly request_id: string; readonly errors: readonly ({readonly in: string; readonly field: string; readonly detail: string; readonly value?: unknown})[]}

export interface Operations {
  "GET /health/live": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: {readonly live: boolean}
  }
  "GET /health/ready": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: {readonly ready: boolean; readonly reasons: readonly (string)[]; readonly details: Readonly<Record<string, unknown>>}
  }
  "GET /health": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: {readonly healthy: boolean; readonly state: "healthy" | "starting" | "unhealthy"; readonly findings: readonly ({readonly code: "starting" | "not-running" | "server-ended" | "service-keeps-ending" | "store-away" | "service-away" | "service-not-ready" | "service-warns" | "partition-standing" | "outbox-waiting" | "lag-not-falling" | "lag-high" | "capture-broken" | "not-captured" | "topic-without-stream" | "topic-missing" | "topic-not-filled" | "other-log" | "other-keyspace" | "read-model-missing" | "read-model-filling" | "read-model-incomplete" | "read-model-outdated" | "backfill-running" | "backfill-failed" | "dead-letters" | "reconcile-differences" | "source-went-back" | "cannot-be-told"; readonly severity: "error" | "warning"; readonly what: string; readonly detail: string | null; readonly todo: string; readonly runbook: string})[]}
  }
  "GET /v1/platform/health": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: {readonly healthy: boolean; readonly state: "healthy" | "starting" | "unhealthy"; readonly findings: readonly ({readonly code: "starting" | "not-running" | "server-ended" | "service-keeps-ending" | "store-away" | "service-away" | "service-not-ready" | "service-warns" | "partition-standing" | "outbox-waiting" | "lag-not-falling" | "lag-high" | "capture-broken" | "not-captured" | "topic-without-stream" | "topic-missing" | "topic-not-filled" | "other-log" | "other-keyspace" | "read-model-missing" | "read-model-filling" | "read-model-incomplete" | "read-model-outdated" | "backfill-running" | "backfill-failed" | "dead-letters" | "reconcile-differences" | "source-went-back" | "cannot-be-told"; readonly severity: "error" | "warning"; readonly what: string; readonly detail: string | null; readonly todo: string; readonly runbook: string})[]}
  }
  "GET /metrics": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: undefined
  }
  "GET /v1/admin/keys": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: {readonly items: readonly ({readonly prefix: string; readonly name: string; readonly scopes: readonly ("read" | "write" | "admin")[]; readonly created_at: string; readonly expires_at: string | null; readonly revoked_at: string | null; readonly last_used_at: string | null})[]}
  }
  "POST /v1/admin/keys": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: {readonly name: string; readonly scopes: readonly ("read" | "write" | "admin")[]; readonly expires_at?: string | null}
    readonly answer: {readonly prefix: string; readonly name: string; readonly scopes: readonly ("read" | "write" | "admin")[]; readonly created_at: string; readonly expires_at: string | null; readonly revoked_at: string | null; readonly last_used_at: string | null; readonly key: string}
  }
  "DELETE /v1/admin/keys/{prefix}": {
    readonly path: {readonly prefix: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: undefined
  }
  "GET /v1/session": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: {readonly id: string; readonly scopes: readonly ("read" | "write" | "admin")[]; readonly by: "key" | "cookie" | "open"}
  }
  "POST /v1/session": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: {readonly id: string; readonly scopes: readonly ("read" | "write" | "admin")[]; readonly by: "key" | "cookie" | "open"}
  }
  "DELETE /v1/session": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: undefined
  }
  "GET /v1/content": {
    readonly path: Readonly<Record<string, never>>
    readonly query: {readonly search?: string; readonly content_type?: "podcast" | "newsletter" | "video"; readonly order?: "-publish_ts" | "publish_ts" | "title" | "-title" | "slug" | "-slug"; readonly limit?: number; readonly cursor?: string}
    readonly body: undefined
    readonly answer: {readonly items: readonly ({readonly id: string; readonly slug: string; readonly title: string; readonly content_type: "podcast" | "newsletter" | "video" | null; readonly length_seconds: number | null; readonly publish_ts: string})[]; readonly page: {readonly limit: number; readonly next_cursor: string | null}; readonly meta: {readonly source: "redis" | "cassandra" | "postgresql" | "kafka"; readonly newest_event_at: string | null; readonly age_ms: number | null; readonly notes: readonly (string)[]}}
  }
  "POST /v1/content": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: {readonly id?: string; readonly slug: string; readonly title: string; readonly content_type?: "podcast" | "newsletter" | "video" | null; readonly length_seconds?: number | null; readonly publish_ts?: string}
    readonly answer: {readonly content: {readonly id: string; readonly slug: string; readonly title: string; readonly content_type: "podcast" | "newsletter" | "video" | null; readonly length_seconds: number | null; readonly publish_ts: string}; readonly meta: {readonly source: "redis" | "cassandra" | "postgresql" | "kafka"; readonly newest_event_at: string | null; readonly age_ms: number | null; readonly notes: readonly (string)[]}}
  }
  "GET /v1/content/{id}": {
    readonly path: {readonly id: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: {readonly content: {readonly id: string; readonly slug: string; readonly title: string; readonly content_type: "podcast" | "newsletter" | "video" | null; readonly length_seconds: number | null; readonly publish_ts: string}; readonly meta: {readonly source: "redis" | "cassandra" | "postgresql" | "kafka"; readonly newest_event_at: string | null; readonly age_ms: number | null; readonly notes: readonly (string)[]}}
  }
  "PATCH /v1/content/{id}": {
    readonly path: {readonly id: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: {readonly slug?: string; readonly title?: string; readonly content_type?: "podcast" | "newsletter" | "video" | null; readonly length_seconds?: number | null; readonly publish_ts?: string}
    readonly answer: {readonly content: {readonly id: string; readonly slug: string; readonly title: string; readonly content_type: "podcast" | "newsletter" | "video" | null; readonly length_seconds: number | null; readonly publish_ts: string}; readonly meta: {readonly source: "redis" | "cassandra" | "postgresql" | "kafka"; readonly newest_event_at: string | null; readonly age_ms: number | null; readonly notes: readonly (string)[]}}
  }
  "DELETE /v1/content/{id}": {
    readonly path: {readonly id: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: undefined
  }
  "POST /v1/engagement-events": {
    readonly path: Readonly<Record<string, never>>
    readonly query: {readonly wait?: "committed" | "processed"; readonly wait_ms?: number}
    readonly body: ({readonly events: readonly ({readonly content_id?: string | null; readonly user_id?: string | null; readonly event_type: "play" | "pause" | "finish" | "click"; readonly event_ts?: string; readonly duration_ms?: number | null; readonly device?: string | null; readonly raw_payload?: Readonly<Record<string, unknown>> | null})[]}) | ({readonly content_id?: string | null; readonly user_id?: string | null; readonly event_type: "play" | "pause" | "finish" | "click"; readonly event_ts?: string; readonly duration_ms?: number | null; readonly device?: string | null; readonly raw_payload?: Readonly<Record<string, unknown>> | null})
    readonly answer: {readonly status: "committed" | "processed" | "pending"; readonly event_ids: readonly (number)[]; readonly after_event: string}
  }
  "POST /api/activity": {
    readonly path: Readonly<Record<string, never>>
    readonly query: {readonly wait?: "committed" | "processed"; readonly wait_ms?: number}
    readonly body: {readonly user_id: string; readonly activity_type: string; readonly occurred_at?: string; readonly metadata?: Readonly<Record<string, unknown>> | null}
    readonly answer: {readonly status: "committed" | "processed" | "pending"; readonly event_ids: readonly (number)[]; readonly after_event: string}
  }
  "GET /api/activity/requests/{id}": {
    readonly path: {readonly id: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: {readonly request_id: string; readonly status: "pending" | "done" | "failed"; readonly created_at: string; readonly finished_at: string | null; readonly event_id: number | null; readonly error: string | null; readonly status_url: string; readonly live_url: string}
  }
  "GET /v1/content/{id}/metrics": {
    readonly path: {readonly id: string}
    readonly query: {readonly period?: string; readonly from?: string; readonly to?: string; readonly timezone?: string; readonly decimals?: number; readonly after_event?: string; readonly wait_ms?: number}
    readonly body: undefined
    readonly answer: {readonly content: {readonly id: string; readonly slug: string; readonly title: string; readonly content_type: "podcast" | "newsletter" | "video" | null; readonly length_seconds: number | null; readonly publish_ts: string}; readonly metrics: {readonly events: number; readonly plays: number; readonly pauses: number; readonly finishes: number; readonly clicks: number; readonly events_with_duration: number; readonly engagement_seconds: number; readonly engagement_seconds_avg: number | null; readonly engagement_pct_sum: number | null; readonly engagement_pct_avg: number | null; readonly completion_rate: number | null; readonly unique_viewers: number; readonly engagement_seconds_p50: number | null; readonly engagement_seconds_p75: number | null; readonly engagement_seconds_p90: number | null; readonly engagement_seconds_p95: number | null; readonly engagement_seconds_p99: number | null; readonly first_event_at: string | null; readonly last_event_at: string | null}; readonly meta: {readonly source: "redis" | "cassandra" | "postgresql" | "kafka"; readonly newest_event_at: string | null; readonly age_ms: number | null; readonly notes: readonly (string)[]}}
  }
  "GET /v1/content/{id}/timeseries": {
    readonly path: {readonly id: string}
    readonly query: {readonly granularity?: "minute" | "hour" | "day" | "week" | "month"; readonly period?: string; readonly from?: string; readonly to?: string; readonly timezone?: string; readonly decimals?: number; readonly after_event?: string; readonly wait_ms?: number}
    readonly body: undefined
    readonly answer: {readonly content_id: string; readonly granularity: "minute" | "hour" | "day" | "week" | "month"; readonly timezone: string; readonly buckets: readonly ({readonly start: string; readonly end: string; readonly metrics: {readonly events: number; readonly plays: number; readonly pauses: number; readonly finishes: number; readonly clicks: number; readonly events_with_duration: number; readonly engagement_seconds: number; readonly engagement_seconds_avg: number | null; readonly engagement_pct_sum: number | null; readonly engagement_pct_avg: number | null; readonly completion_rate: number | null; readonly unique_viewers: number; readonly engagement_seconds_p50: number | null; readonly engagement_seconds_p75: number | null; readonly engagement_seconds_p90: number | null; readonly engagement_seconds_p95: number | null; readonly engagement_seconds_p99: number | null; readonly first_event_at: string | null; readonly last_event_at: string | null}})[]; readonly meta: {readonly source: "redis" | "cassandra" | "postgresql" | "kafka"; readonly newest_event_at: string | null; readonly age_ms: number | null; readonly notes: readonly (string)[]}}
  }
  "GET /v1/content/{id}/breakdowns/{dimension}": {
    readonly path: {readonly id: string; readonly dimension: "event_type" | "device" | "content_type"}
    readonly query: {readonly period?: string; readonly from?: string; readonly to?: string; readonly timezone?: string; readonly decimals?: number; readonly after_event?: string; readonly wait_ms?: number}
    readonly body: undefined
    readonly answer: {readonly dimension: "event_type" | "device" | "content_type"; readonly items: readonly ({readonly value: string | null; readonly metrics: {readonly events: number; readonly plays: number; readonly pauses: number; readonly finishes: number; readonly clicks: number; readonly events_with_duration: number; readonly engagement_seconds: number; readonly engagement_seconds_avg: number | null; readonly engagement_pct_sum: number | null; readonly engagement_pct_avg: number | null; readonly completion_rate: number | null; readonly unique_viewers: number; readonly engagement_seconds_p50: number | null; readonly engagement_seconds_p75: number | null; readonly engagement_seconds_p90: number | null; readonly engagement_seconds_p95: number | null; readonly engagement_seconds_p99: number | null; readonly first_event_at: string | null; readonly last_event_at: string | null}})[]; readonly meta: {readonly source: "redis" | "cassandra" | "postgresql" | "kafka"; readonly newest_event_at: string | null; readonly age_ms: number | null; readonly notes: readonly (string)[]}}
  }
  "GET /v1/content/{id}/retention": {
    readonly path: {readonly id: string}
    readonly query: {readonly decimals?: number; readonly after_event?: string; readonly wait_ms?: number}
    readonly body: undefined
    readonly answer: {readonly content_id: string; readonly basis: "position" | "watched_from_0"; readonly length_seconds: number | null; readonly plays: number; readonly points: readonly ({readonly elapsed_ratio: number; readonly audience: number; readonly audience_watch_ratio: number | null})[]; readonly meta: {readonly source: "redis" | "cassandra" | "postgresql" | "kafka"; readonly newest_event_at: string | null; readonly age_ms: number | null; readonly notes: readonly (string)[]}}
  }
  "GET /v1/content/{id}/percentiles": {
    readonly path: {readonly id: string}
    readonly query: {readonly period?: string; readonly from?: string; readonly to?: string; readonly timezone?: string; readonly decimals?: number; readonly after_event?: string; readonly wait_ms?: number}
    readonly body: undefined
    readonly answer: {readonly content_id: string; readonly events_with_duration: number; readonly engagement_seconds: {readonly p50: number | null; readonly p75: number | null; readonly p90: number | null; readonly p95: number | null; readonly p99: number | null}; readonly meta: {readonly source: "redis" | "cassandra" | "postgresql" | "kafka"; readonly newest_event_at: string | null; readonly age_ms: number | null; readonly notes: readonly (string)[]}}
  }
  "GET /v1/events/{id}": {
    readonly path: {readonly id: number}
    readonly query: {readonly decimals?: number}
    readonly body: undefined
    readonly answer: {readonly event_id: number; readonly content_id: string | null; readonly user_id: string | null; readonly event_type: string | null; readonly event_ts: string; readonly duration_ms: number | null; readonly device: string | null; readonly raw_payload: unknown; readonly content_type: string | null; readonly length_seconds: number | null; readonly engagement_seconds: number | null; readonly engagement_pct: number | null; readonly meta: {readonly source: "redis" | "cassandra" | "postgresql" | "kafka"; readonly newest_event_at: string | null; readonly age_ms: number | null; readonly notes: readonly (string)[]}}
  }
  "GET /v1/content/{id}/events": {
    readonly path: {readonly id: string}
    readonly query: {readonly event_type?: "play" | "pause" | "finish" | "click"; readonly from?: string; readonly to?: string; readonly limit?: number; readonly cursor?: string; readonly decimals?: number; readonly after_event?: string; readonly wait_ms?: number}
    readonly body: undefined
    readonly answer: {readonly items: readonly ({readonly event_id: number; readonly content_id: string | null; readonly user_id: string | null; readonly event_type: string | null; readonly event_ts: string; readonly duration_ms: number | null; readonly device: string | null; readonly raw_payload: unknown; readonly content_type: string | null; readonly length_seconds: number | null; readonly engagement_seconds: number | null; readonly engagement_pct: number | null})[]; readonly page: {readonly limit: number; readonly next_cursor: string | null}; readonly meta: {readonly source: "redis" | "cassandra" | "postgresql" | "kafka"; readonly newest_event_at: string | null; readonly age_ms: number | null; readonly notes: readonly (string)[]}}
  }
  "GET /v1/top": {
    readonly path: Readonly<Record<string, never>>
    readonly query: {readonly by?: "events" | "plays" | "pauses" | "finishes" | "clicks" | "events_with_duration" | "engagement_seconds" | "engagement_seconds_avg" | "engagement_pct_sum" | "engagement_pct_avg" | "completion_rate" | "unique_viewers" | "engagement_seconds_p50" | "engagement_seconds_p75" | "engagement_seconds_p90" | "engagement_seconds_p95" | "engagement_seconds_p99" | "first_event_at" | "last_event_at"; readonly limit?: number; readonly period?: string; readonly from?: string; readonly to?: string; readonly timezone?: string; readonly decimals?: number; readonly after_event?: string; readonly wait_ms?: number}
    readonly body: undefined
    readonly answer: {readonly by: "events" | "plays" | "pauses" | "finishes" | "clicks" | "events_with_duration" | "engagement_seconds" | "engagement_seconds_avg" | "engagement_pct_sum" | "engagement_pct_avg" | "completion_rate" | "unique_viewers" | "engagement_seconds_p50" | "engagement_seconds_p75" | "engagement_seconds_p90" | "engagement_seconds_p95" | "engagement_seconds_p99" | "first_event_at" | "last_event_at"; readonly from: string | null; readonly to: string; readonly items: readonly ({readonly rank: number; readonly content: {readonly id: string; readonly slug: string; readonly title: string; readonly content_type: "podcast" | "newsletter" | "video" | null; readonly length_seconds: number | null; readonly publish_ts: string}; readonly value: number | string | null})[]; readonly meta: {readonly source: "redis" | "cassandra" | "postgresql" | "kafka"; readonly newest_event_at: string | null; readonly age_ms: number | null; readonly notes: readonly (string)[]}}
  }
  "POST /v1/query": {
    readonly path: Readonly<Record<string, never>>
    readonly query: {readonly decimals?: number; readonly after_event?: string; readonly wait_ms?: number}
    readonly body: {readonly metrics: readonly ("events" | "plays" | "pauses" | "finishes" | "clicks" | "events_with_duration" | "engagement_seconds" | "engagement_seconds_avg" | "engagement_pct_sum" | "engagement_pct_avg" | "completion_rate" | "unique_viewers" | "engagement_seconds_p50" | "engagement_seconds_p75" | "engagement_seconds_p90" | "engagement_seconds_p95" | "engagement_seconds_p99" | "first_event_at" | "last_event_at")[]; readonly date_range: (string) | (readonly (string)[]); readonly dimensions?: readonly ("time:minute" | "time:hour" | "time:day" | "time:week" | "time:month" | "content" | "content_type" | "event_type" | "device")[]; readonly filters?: readonly ((readonly ["is" | "is_not" | "contains" | "contains_not", "content" | "content_type" | "event_type" | "device", readonly (string | null)[]]) | (readonly ["and" | "or", readonly ((readonly ["is" | "is_not" | "contains" | "contains_not", "content" | "content_type" | "event_type" | "device", readonly (string | null)[]]) | (readonly ["and" | "or", readonly (readonly ["is" | "is_not" | "contains" | "contains_not", "content" | "content_type" | "event_type" | "device", readonly (string | null)[]])[]]) | (readonly ["not", readonly ["is" | "is_not" | "contains" | "contains_not", "content" | "content_type" | "event_type" | "device", readonly (string | null)[]]]))[]]) | (readonly ["not", (readonly ["is" | "is_not" | "contains" | "contains_not", "content" | "content_type" | "event_type" | "device", readonly (string | null)[]]) | (readonly ["and" | "or", readonly (readonly ["is" | "is_not" | "contains" | "contains_not", "content" | "content_type" | "event_type" | "device", readonly (string | null)[]])[]]) | (readonly ["not", readonly ["is" | "is_not" | "contains" | "contains_not", "content" | "content_type" | "event_type" | "device", readonly (string | null)[]]])]))[]; readonly order_by?: readonly (readonly ["events" | "plays" | "pauses" | "finishes" | "clicks" | "events_with_duration" | "engagement_seconds" | "engagement_seconds_avg" | "engagement_pct_sum" | "engagement_pct_avg" | "completion_rate" | "unique_viewers" | "engagement_seconds_p50" | "engagement_seconds_p75" | "engagement_seconds_p90" | "engagement_seconds_p95" | "engagement_seconds_p99" | "first_event_at" | "last_event_at" | "time:minute" | "time:hour" | "time:day" | "time:week" | "time:month" | "content" | "content_type" | "event_type" | "device", "asc" | "desc"])[]; readonly include?: {readonly time_labels?: boolean; readonly total_rows?: boolean}; readonly pagination?: {readonly limit?: number; readonly offset?: number}; readonly timezone?: string}
    readonly answer: {readonly results: readonly ({readonly dimensions: readonly (string | null)[]; readonly metrics: readonly (number | string | null)[]})[]; readonly meta: {readonly source: "redis" | "cassandra" | "postgresql" | "kafka"; readonly newest_event_at: string | null; readonly age_ms: number | null; readonly notes: readonly (string)[]; readonly time_labels?: readonly (string)[]; readonly total_rows?: number}; readonly query: Readonly<Record<string, unknown>>}
  }
  "GET /v1/active": {
    readonly path: Readonly<Record<string, never>>
    readonly query: {readonly after_event?: string; readonly wait_ms?: number}
    readonly body: undefined
    readonly answer: {readonly active_users: number; readonly window_seconds: number; readonly meta: {readonly source: "redis" | "cassandra" | "postgresql" | "kafka"; readonly newest_event_at: string | null; readonly age_ms: number | null; readonly notes: readonly (string)[]}}
  }
  "GET /v1/users/{id}/activity": {
    readonly path: {readonly id: string}
    readonly query: {readonly limit?: number; readonly cursor?: string; readonly after_event?: string; readonly wait_ms?: number}
    readonly body: undefined
    readonly answer: {readonly user_id: string; readonly items: readonly ({readonly event_id: number; readonly user_id: string; readonly activity_type: string; readonly occurred_at: string | null; readonly metadata: unknown})[]; readonly page: {readonly limit: number; readonly next_cursor: string | null}; readonly meta: {readonly source: "redis" | "cassandra" | "postgresql" | "kafka"; readonly newest_event_at: string | null; readonly age_ms: number | null; readonly notes: readonly (string)[]}}
  }
  "GET /v1/users/{id}/stats": {
    readonly path: {readonly id: string}
    readonly query: {readonly after_event?: string; readonly wait_ms?: number}
    readonly body: undefined
    readonly answer: {readonly user_id: string; readonly activities: number; readonly by_type: Readonly<Record<string, number>>; readonly last_seen_at: string | null; readonly meta: {readonly source: "redis" | "cassandra" | "postgresql" | "kafka"; readonly newest_event_at: string | null; readonly age_ms: number | null; readonly notes: readonly (string)[]}}
  }
  "GET /v1/users/{id}/days": {
    readonly path: {readonly id: string}
    readonly query: {readonly from?: string; readonly to?: string; readonly after_event?: string; readonly wait_ms?: number}
    readonly body: undefined
    readonly answer: {readonly user_id: string; readonly items: readonly ({readonly day: string; readonly activity_type: string; readonly count: number})[]; readonly meta: {readonly source: "redis" | "cassandra" | "postgresql" | "kafka"; readonly newest_event_at: string | null; readonly age_ms: number | null; readonly notes: readonly (string)[]}}
  }
  "GET /v1/pages": {
    readonly path: Readonly<Record<string, never>>
    readonly query: {readonly limit?: number; readonly after_event?: string; readonly wait_ms?: number}
    readonly body: undefined
    readonly answer: {readonly items: readonly ({readonly page: string; readonly views: number})[]; readonly total_views: number; readonly meta: {readonly source: "redis" | "cassandra" | "postgresql" | "kafka"; readonly newest_event_at: string | null; readonly age_ms: number | null; readonly notes: readonly (string)[]}}
  }
  "GET /v1/streams": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: {readonly items: readonly ({readonly stream: string; readonly table: string; readonly topic: string; readonly key: string; readonly id: string; readonly time: string | null; readonly rollups: readonly ({readonly by: string; readonly columns: readonly (string)[]; readonly splits: readonly (string)[]; readonly levels: readonly (string)[]; readonly metrics: readonly (string)[]})[]; readonly top: readonly ({readonly by: string; readonly seconds: number; readonly metrics: readonly (string)[]})[]; readonly active: readonly ({readonly of: string; readonly seconds: number})[]})[]}
  }
  "GET /v1/streams/{stream}/metrics": {
    readonly path: {readonly stream: string}
    readonly query: {readonly by?: string; readonly key?: readonly (string)[]; readonly period?: string; readonly from?: string; readonly to?: string; readonly timezone?: string; readonly decimals?: number; readonly after_event?: string; readonly wait_ms?: number}
    readonly body: undefined
    readonly answer: {readonly stream: string; readonly by: string; readonly key: readonly (string | null)[]; readonly from: string | null; readonly to: string; readonly metrics: Readonly<Record<string, number | string | boolean | null>>; readonly meta: {readonly source: "redis" | "cassandra" | "postgresql" | "kafka"; readonly newest_event_at: string | null; readonly age_ms: number | null; readonly notes: readonly (string)[]}}
  }
  "GET /v1/streams/{stream}/timeseries": {
    readonly path: {readonly stream: string}
    readonly query: {readonly by?: string; readonly key?: readonly (string)[]; readonly granularity?: "minute" | "hour" | "day" | "week" | "month"; readonly period?: string; readonly from?: string; readonly to?: string; readonly timezone?: string; readonly decimals?: number; readonly after_event?: string; readonly wait_ms?: number}
    readonly body: undefined
    readonly answer: {readonly stream: string; readonly by: string; readonly key: readonly (string | null)[]; readonly granularity: "minute" | "hour" | "day" | "week" | "month"; readonly timezone: string; readonly buckets: readonly ({readonly start: string; readonly end: string; readonly metrics: Readonly<Record<string, number | string | boolean | null>>})[]; readonly meta: {readonly source: "redis" | "cassandra" | "postgresql" | "kafka"; readonly newest_event_at: string | null; readonly age_ms: number | null; readonly notes: readonly (string)[]}}
  }
  "GET /v1/streams/{stream}/breakdown/{dimension}": {
    readonly path: {readonly stream: string; readonly dimension: string}
    readonly query: {readonly by?: string; readonly key?: readonly (string)[]; readonly period?: string; readonly from?: string; readonly to?: string; readonly timezone?: string; readonly decimals?: number; readonly after_event?: string; readonly wait_ms?: number}
    readonly body: undefined
    readonly answer: {readonly stream: string; readonly by: string; readonly key: readonly (string | null)[]; readonly dimension: string; readonly from: string | null; readonly to: string; readonly items: readonly ({readonly value: string | null; readonly metrics: Readonly<Record<string, number | string | boolean | null>>})[]; readonly meta: {readonly source: "redis" | "cassandra" | "postgresql" | "kafka"; readonly newest_event_at: string | null; readonly age_ms: number | null; readonly notes: readonly (string)[]}}
  }
  "GET /v1/streams/{stream}/top": {
    readonly path: {readonly stream: string}
    readonly query: {readonly by: string; readonly metric?: string; readonly limit?: number; readonly period?: string; readonly from?: string; readonly to?: string; readonly timezone?: string; readonly decimals?: number; readonly after_event?: string; readonly wait_ms?: number}
    readonly body: undefined
    readonly answer: {readonly stream: string; readonly by: string; readonly metric: string; readonly from: string | null; readonly to: string; readonly items: readonly ({readonly rank: number; readonly key: readonly (string | null)[]; readonly value: number | string | boolean | null})[]; readonly meta: {readonly source: "redis" | "cassandra" | "postgresql" | "kafka"; readonly newest_event_at: string | null; readonly age_ms: number | null; readonly notes: readonly (string)[]}}
  }
  "GET /v1/streams/{stream}/active": {
    readonly path: {readonly stream: string}
    readonly query: {readonly after_event?: string; readonly wait_ms?: number}
    readonly body: undefined
    readonly answer: {readonly stream: string; readonly of: string; readonly window_seconds: number; readonly active: number; readonly meta: {readonly source: "redis" | "cassandra" | "postgresql" | "kafka"; readonly newest_event_at: string | null; readonly age_ms: number | null; readonly notes: readonly (string)[]}}
  }
  "GET /v1/streams/{stream}/events": {
    readonly path: {readonly stream: string}
    readonly query: {readonly key: string; readonly from?: string; readonly to?: string; readonly limit?: number; readonly cursor?: string; readonly after_event?: string; readonly wait_ms?: number}
    readonly body: undefined
    readonly answer: {readonly items: readonly (Readonly<Record<string, unknown>>)[]; readonly page: {readonly limit: number; readonly next_cursor: string | null}; readonly meta: {readonly source: "redis" | "cassandra" | "postgresql" | "kafka"; readonly newest_event_at: string | null; readonly age_ms: number | null; readonly notes: readonly (string)[]}}
  }
  "GET /v1/streams/{stream}/events/{id}": {
    readonly path: {readonly stream: string; readonly id: string}
    readonly query: {readonly after_event?: string; readonly wait_ms?: number}
    readonly body: undefined
    readonly answer: {readonly event: Readonly<Record<string, unknown>>; readonly meta: {readonly source: "redis" | "cassandra" | "postgresql" | "kafka"; readonly newest_event_at: string | null; readonly age_ms: number | null; readonly notes: readonly (string)[]}}
  }
  "GET /v1/platform": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: {readonly at: string; readonly events_per_second: number | null; readonly active_users: number | null; readonly page_views_per_second: number | null; readonly engagement_seconds_per_second: number | null; readonly latency_ms_p50: number | null; readonly latency_ms_p99: number | null; readonly page_views: number | null; readonly top: readonly ({readonly rank: number; readonly content: {readonly id: string; readonly slug: string; readonly title: string; readonly content_type: "podcast" | "newsletter" | "video" | null; readonly length_seconds: number | null; readonly publish_ts: string}; readonly value: number | string | null})[]; readonly pages: readonly ({readonly page: string; readonly views: number})[]; readonly meta: {readonly source: "redis" | "cassandra" | "postgresql" | "kafka"; readonly newest_event_at: string | null; readonly age_ms: number | null; readonly notes: readonly (string)[]}}
  }
  "GET /v1/platform/history": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: {readonly step_seconds: number; readonly points: readonly ({readonly at: string; readonly events_per_second: number | null; readonly active_users: number | null; readonly page_views_per_second: number | null; readonly engagement_seconds_per_second: number | null; readonly latency_ms_p50: number | null; readonly latency_ms_p99: number | null})[]}
  }
  "GET /v1/live/content/{id}": {
    readonly path: {readonly id: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: undefined
  }
  "GET /v1/live/leaderboard": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: undefined
  }
  "GET /v1/live/platform": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: undefined
  }
  "GET /v1/live/activity": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: undefined
  }
  "GET /v1/live/requests/{id}": {
    readonly path: {readonly id: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: undefined
  }
  "GET /v1/admin/topics": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: {readonly items: readonly ({readonly topic: string; readonly partitions: number; readonly records: number | null})[]}
  }
  "GET /v1/admin/topics/{topic}": {
    readonly path: {readonly topic: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: {readonly topic: string; readonly partitions: readonly ({readonly partition: number; readonly begin: number; readonly end: number})[]; readonly config: Readonly<Record<string, string>>; readonly subject: string | null}
  }
  "GET /v1/admin/topics/{topic}/messages": {
    readonly path: {readonly topic: string}
    readonly query: {readonly partition?: number; readonly offset?: number; readonly since?: string; readonly key?: string; readonly order?: "newest" | "oldest"; readonly limit?: number}
    readonly body: undefined
    readonly answer: {readonly items: readonly ({readonly partition: number; readonly offset: number; readonly timestamp: string; readonly key: string | null; readonly value: unknown; readonly schema_id: number | null; readonly error: string | null; readonly headers: Readonly<Record<string, string>>; readonly value_bytes: number; readonly raw: string | null})[]; readonly partitions: readonly ({readonly partition: number; readonly begin: number; readonly end: number})[]; readonly incomplete: boolean}
  }
  "GET /v1/admin/schemas": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: {readonly items: readonly ({readonly subject: string; readonly versions: readonly (number)[]})[]}
  }
  "GET /v1/admin/schemas/{subject}": {
    readonly path: {readonly subject: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: {readonly subject: string; readonly versions: readonly ({readonly version: number; readonly id: number; readonly schema: unknown})[]}
  }
  "GET /v1/admin/groups": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: {readonly items: readonly ({readonly group: string; readonly lag: number; readonly partitions: readonly ({readonly topic: string; readonly partition: number; readonly committed: number; readonly end: number; readonly lag: number})[]})[]}
  }
  "GET /v1/admin/pipeline": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: {readonly outbox: {readonly unpublished: number | null; readonly oldest_seconds: number | null}; readonly lanes: readonly ({readonly lane: number; readonly lanes: number; readonly epoch: string; readonly owner: string | null; readonly updated_at: string | null})[]; readonly partitions: readonly ({readonly topic: string; readonly partition: number; readonly committed: number; readonly end: number; readonly lag: number})[]; readonly lag_records: number | null; readonly stores: readonly ({readonly name: string; readonly ok: boolean; readonly milliseconds: number | null})[]; readonly services: readonly ({readonly name: string; readonly url: string; readonly ready: boolean | null; readonly reasons: readonly (string)[]; readonly details: unknown})[]; readonly dead_letters: {readonly outbox: number | null; readonly topics: number | null; readonly share: {readonly hour: {readonly outbox: number | null; readonly topics: number | null}; readonly day: {readonly outbox: number | null; readonly topics: number | null}}}; readonly reconciliations: readonly ({readonly stream: string; readonly scope: string; readonly finished_at: string; readonly keys: number; readonly differences: number; readonly undecided: number; readonly repaired: number})[] | null}
  }
  "GET /v1/admin/dead-letters": {
    readonly path: Readonly<Record<string, never>>
    readonly query: {readonly topic?: string; readonly reason?: string; readonly from?: string; readonly to?: string; readonly state?: "open" | "resolved" | "all"; readonly limit?: number}
    readonly body: undefined
    readonly answer: {readonly items: readonly ({readonly id: string; readonly origin: "outbox" | "topic"; readonly topic: string; readonly key: string | null; readonly reason: string; readonly message: string; readonly failed_at: string; readonly resolution: "redriven" | "discarded" | null; readonly resolved_at: string | null; readonly attempts: number; readonly next_try_at: string | null})[]; readonly matching: number; readonly groups: readonly ({readonly origin: "outbox" | "topic"; readonly topic: string; readonly reason: string; readonly open: number; readonly resolved: number})[]}
  }
  "GET /v1/admin/dead-letters/{id}": {
    readonly path: {readonly id: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: {readonly id: string; readonly origin: "outbox" | "topic"; readonly topic: string; readonly key: string | null; readonly reason: string; readonly message: string; readonly failed_at: string; readonly resolution: "redriven" | "discarded" | null; readonly resolved_at: string | null; readonly attempts: number; readonly next_try_at: string | null; readonly payload: unknown}
  }
  "POST /v1/admin/dead-letters/{id}/redrive": {
    readonly path: {readonly id: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: {readonly id: string; readonly resolution: "redriven" | "discarded"; readonly resolved: number}
  }
  "POST /v1/admin/dead-letters/redrive": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: {readonly topic?: string; readonly reason?: string; readonly from?: string; readonly to?: string; readonly all?: boolean; readonly after?: string; readonly limit?: number}
    readonly answer: {readonly resolved: number; readonly failed: readonly ({readonly id: string; readonly detail: string})[]; readonly next: string | null}
  }
  "POST /v1/admin/dead-letters/{id}/discard": {
    readonly path: {readonly id: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: {readonly id: string; readonly resolution: "redriven" | "discarded"; readonly resolved: number}
  }
  "POST /v1/admin/dead-letters/discard": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: {readonly topic?: string; readonly reason?: string; readonly from?: string; readonly to?: string; readonly all?: boolean; readonly after?: string; readonly limit?: number}
    readonly answer: {readonly resolved: number; readonly failed: readonly ({readonly id: string; readonly detail: string})[]; readonly next: string | null}
  }
  "GET /v1/admin/backfills": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: {readonly items: readonly ({readonly id: string; readonly topic: string; readonly condition: string | null; readonly generation: string | null; readonly state: "waiting" | "running" | "paused" | "done" | "cancelled" | "failed"; readonly rows_estimated: number | null; readonly rows_looked_at: number; readonly rows_written: number; readonly rows_per_second: number | null; readonly seconds_left: number | null; readonly problem: string | null; readonly requested_at: string; readonly finished_at: string | null})[]}
  }
  "POST /v1/admin/backfills/{id}/pause": {
    readonly path: {readonly id: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: {readonly id: string; readonly topic: string; readonly condition: string | null; readonly generation: string | null; readonly state: "waiting" | "running" | "paused" | "done" | "cancelled" | "failed"; readonly rows_estimated: number | null; readonly rows_looked_at: number; readonly rows_written: number; readonly rows_per_second: number | null; readonly seconds_left: number | null; readonly problem: string | null; readonly requested_at: string; readonly finished_at: string | null}
  }
  "POST /v1/admin/backfills/{id}/resume": {
    readonly path: {readonly id: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: {readonly id: string; readonly topic: string; readonly condition: string | null; readonly generation: string | null; readonly state: "waiting" | "running" | "paused" | "done" | "cancelled" | "failed"; readonly rows_estimated: number | null; readonly rows_looked_at: number; readonly rows_written: number; readonly rows_per_second: number | null; readonly seconds_left: number | null; readonly problem: string | null; readonly requested_at: string; readonly finished_at: string | null}
  }
  "POST /v1/admin/backfills/{id}/cancel": {
    readonly path: {readonly id: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: {readonly id: string; readonly topic: string; readonly condition: string | null; readonly generation: string | null; readonly state: "waiting" | "running" | "paused" | "done" | "cancelled" | "failed"; readonly rows_estimated: number | null; readonly rows_looked_at: number; readonly rows_written: number; readonly rows_per_second: number | null; readonly seconds_left: number | null; readonly problem: string | null; readonly requested_at: string; readonly finished_at: string | null}
  }
  "GET /v1/admin/trace/{stream}/{id}": {
    readonly path: {readonly stream: string; readonly id: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: {readonly stream: string; readonly event_id: (number) | (string); readonly stages: readonly ({readonly stage: "postgresql" | "outbox" | "kafka" | "cassandra" | "redis"; readonly found: boolean | null; readonly at: string | null; readonly note: string | null; readonly data: unknown})[]; readonly commit_to_visible_ms: number | null}
  }
}
