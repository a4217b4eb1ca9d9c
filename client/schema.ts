/** Written by scripts/write-client.ts from the OpenAPI document. Not to be edited. */

export type ActiveUsers = {readonly active_users: number; readonly window_seconds: number; readonly meta: Meta}

export type ActiveUsersByDay = {readonly stream: string; readonly metric: string; readonly items: readonly (ActiveUsersDay)[]; readonly meta: Meta}

export type ActiveUsersDay = {readonly day: string; readonly daily: number; readonly weekly: number; readonly monthly: number; readonly stickiness: number | null}

export type Activity = {readonly event_id: number; readonly user_id: string; readonly activity_type: string; readonly occurred_at: string | null; readonly metadata: unknown}

export type ActivityList = {readonly user_id: string; readonly items: readonly (Activity)[]; readonly page: Page; readonly meta: Meta}

export type ActivityRecordMessage = {readonly id?: string; readonly event: "activity"; readonly data: LiveRecord}

export type ActivityRequest = {readonly request_id: string; readonly status: "pending" | "done" | "failed"; readonly created_at: string; readonly finished_at: string | null; readonly event_id: number | null; readonly error: string | null; readonly status_url: string; readonly live_url: string}

export type ActivityStreamMessage = (EngagementRecordMessage) | (ActivityRecordMessage) | (GapMessage) | (StaleMessage) | (DroppedMessage)

export type Alert = {readonly id: string; readonly source: string; readonly subject: string; readonly rule: string; readonly kind: AlertKind; readonly stream: string; readonly metric: string; readonly severity: AlertSeverity; readonly status: "open" | "resolved"; readonly value: number | null; readonly expected: number | null; readonly summary: string; readonly details: Readonly<Record<string, unknown>>; readonly channels: readonly (string)[]; readonly opened_at: string; readonly resolved_at: string | null; readonly resolution: string | null; readonly seconds: number | null; readonly acknowledged_at: string | null; readonly acknowledged_by: string | null; readonly muted_until: string | null}

export type AlertChannel = {readonly name: string; readonly kind: AlertChannelKind; readonly address: string; readonly created_at: string; readonly failures: number; readonly retry_at: string | null; readonly waiting: number; readonly dead: number}

export type AlertChannelKind = "webhook" | "mail"

export type AlertChannelList = {readonly items: readonly (AlertChannel)[]}

export type AlertDelivery = {readonly id: string; readonly channel: string; readonly message_id: string; readonly state: AlertDeliveryState; readonly attempts: number; readonly queued_at: string; readonly finished_at: string | null; readonly error: string | null}

export type AlertDeliveryList = {readonly items: readonly (AlertDelivery)[]; readonly page: Page}

export type AlertDeliveryState = "waiting" | "sent" | "dead" | "discarded"

export type AlertKind = "above" | "below" | "change" | "absence" | "deviation" | "anomaly"

export type AlertList = {readonly items: readonly (Alert)[]; readonly page: Page}

export type AlertMute = {readonly until: string | null}

export type AlertRule = {readonly id: string; readonly name: string; readonly stream: string; readonly metric: string; readonly dimension: string | null; readonly filters: readonly (unknown)[]; readonly kind: AlertRuleKind; readonly threshold: number | null; readonly direction: "up" | "down" | "both"; readonly window_minutes: number; readonly days: number; readonly open_after_seconds: number; readonly resolve_after_seconds: number; readonly severity: AlertSeverity; readonly channels: readonly (string)[]; readonly muted_until: string | null; readonly created_at: string; readonly changed_at: string; readonly judged_at: string | null; readonly not_judged: string | null; readonly open: number}

export type AlertRuleChange = {readonly name?: string; readonly stream?: string; readonly metric?: string; readonly dimension?: string | null; readonly filters?: readonly (Filter)[]; readonly kind?: AlertRuleKind; readonly threshold?: number | null; readonly direction?: "up" | "down" | "both"; readonly window_minutes?: number; readonly days?: number; readonly open_after_seconds?: number; readonly resolve_after_seconds?: number; readonly severity?: AlertSeverity; readonly channels?: readonly (string)[]; readonly muted_until?: string | null}

export type AlertRuleKind = "above" | "below" | "change" | "absence" | "deviation"

export type AlertRuleList = {readonly items: readonly (AlertRule)[]}

export type AlertSeverity = "info" | "warning" | "critical"

export type AlertsMessage = {readonly id?: string; readonly event: "alerts"; readonly data: LiveAlerts}

export type AlertsStreamMessage = (AlertsMessage) | (StaleMessage) | (DroppedMessage)

export type Backfill = {readonly id: string; readonly topic: string; readonly condition: string | null; readonly generation: string | null; readonly state: "waiting" | "running" | "paused" | "done" | "cancelled" | "failed"; readonly rows_estimated: number | null; readonly rows_looked_at: number; readonly rows_written: number; readonly rows_per_second: number | null; readonly seconds_left: number | null; readonly problem: string | null; readonly requested_at: string; readonly finished_at: string | null}

export type BackfillList = {readonly items: readonly (Backfill)[]}

export type BreakdownItem = {readonly value: string | null; readonly metrics: Metrics}

export type Bucket = {readonly start: string; readonly end: string; readonly metrics: Metrics}

export type ChangeItem = {readonly stream: string; readonly metric: string; readonly dimension: string | null; readonly value: string | null; readonly present: number; readonly usual: number; readonly expected: number; readonly kind_growth: number; readonly deviations: number; readonly impact: number; readonly text: string}

export type Changes = {readonly span: "day" | "week"; readonly from: string; readonly to: string; readonly items: readonly (ChangeItem)[]}

export type Cohort = {readonly week: string; readonly users: number; readonly active: readonly (number)[]}

export type Cohorts = {readonly stream: string; readonly metric: string; readonly by: string; readonly cohorts: readonly (Cohort)[]; readonly standing: Standing; readonly leaving: readonly (LeavingUser)[]; readonly meta: Meta}

export type ConsumerGroup = {readonly group: string; readonly lag: number; readonly partitions: readonly (PartitionLag)[]}

export type ConsumerGroupList = {readonly items: readonly (ConsumerGroup)[]}

export type Content = {readonly id: string; readonly slug: string; readonly title: string; readonly content_type: "podcast" | "newsletter" | "video" | null; readonly length_seconds: number | null; readonly publish_ts: string}

export type ContentAnswer = {readonly content: Content; readonly meta: Meta}

export type ContentBreakdown = {readonly dimension: "event_type" | "device" | "content_type"; readonly items: readonly (BreakdownItem)[]; readonly meta: Meta}

export type ContentChange = {readonly slug?: string; readonly title?: string; readonly content_type?: "podcast" | "newsletter" | "video" | null; readonly length_seconds?: number | null; readonly publish_ts?: string}

export type ContentList = {readonly items: readonly (Content)[]; readonly page: Page; readonly meta: Meta}

export type ContentMessage = {readonly id?: string; readonly event: "content"; readonly data: ContentMetrics}

export type ContentMetrics = {readonly content: Content; readonly metrics: Metrics; readonly meta: Meta}

export type ContentPercentiles = {readonly content_id: string; readonly events_with_duration: number; readonly engagement_seconds: {readonly p50: number | null; readonly p75: number | null; readonly p90: number | null; readonly p95: number | null; readonly p99: number | null}; readonly meta: Meta}

export type ContentRetention = {readonly content_id: string; readonly basis: "position" | "watched_from_0"; readonly length_seconds: number | null; readonly plays: number; readonly points: readonly (RetentionPoint)[]; readonly drop_offs: readonly (DropOff)[]; readonly key_moments: readonly (KeyMoment)[]; readonly meta: Meta}

export type ContentSeries = {readonly content_id: string; readonly granularity: Granularity; readonly timezone: string; readonly buckets: readonly (Bucket)[]; readonly meta: Meta}

export type ContentStreamMessage = (ContentMessage) | (StaleMessage) | (DroppedMessage)

export type CreatedAlertChannel = {readonly name: string; readonly kind: AlertChannelKind; readonly address: string; readonly secret: string | null}

export type CreatedKey = {readonly prefix: string; readonly name: string; readonly scopes: readonly (Scope)[]; readonly created_at: string; readonly expires_at: string | null; readonly revoked_at: string | null; readonly last_used_at: string | null; readonly key: string}

export type DeadLetter = {readonly id: string; readonly origin: "outbox" | "topic"; readonly topic: string; readonly key: string | null; readonly reason: string; readonly message: string; readonly failed_at: string; readonly resolution: "redriven" | "discarded" | null; readonly resolved_at: string | null; readonly attempts: number; readonly next_try_at: string | null}

export type DeadLetterFilter = {readonly topic?: string; readonly reason?: string; readonly from?: string; readonly to?: string; readonly all?: boolean; readonly after?: string; readonly limit?: number}

export type DeadLetterGroup = {readonly origin: "outbox" | "topic"; readonly topic: string; readonly reason: string; readonly open: number; readonly resolved: number}

export type DeadLetterList = {readonly items: readonly (DeadLetter)[]; readonly matching: number; readonly groups: readonly (DeadLetterGroup)[]}

export type DeadLetterOutcome = {readonly id: string; readonly resolution: "redriven" | "discarded"; readonly resolved: number}

export type DeadLetterShare = {readonly outbox: number | null; readonly topics: number | null}

export type DeadLetterShares = {readonly hour: DeadLetterShare; readonly day: DeadLetterShare}

export type DeadLetterWithPayload = {readonly id: string; readonly origin: "outbox" | "topic"; readonly topic: string; readonly key: string | null; readonly reason: string; readonly message: string; readonly failed_at: string; readonly resolution: "redriven" | "discarded" | null; readonly resolved_at: string | null; readonly attempts: number; readonly next_try_at: string | null; readonly payload: unknown}

export type DropOff = {readonly from_ratio: number; readonly to_ratio: number; readonly from_seconds: number; readonly to_seconds: number; readonly left: number; readonly share: number}

export type Dropped = {readonly reason: "slow-reader" | "server-stops" | "too-long" | "done"}

export type DroppedMessage = {readonly id?: string; readonly event: "dropped"; readonly data: Dropped}

export type EngagementEvent = {readonly event_id: number; readonly content_id: string | null; readonly user_id: string | null; readonly event_type: string | null; readonly event_ts: string; readonly duration_ms: number | null; readonly device: string | null; readonly raw_payload: unknown; readonly content_type: string | null; readonly length_seconds: number | null; readonly engagement_seconds: number | null; readonly engagement_pct: number | null}

export type EngagementEventAnswer = {readonly event_id: number; readonly content_id: string | null; readonly user_id: string | null; readonly event_type: string | null; readonly event_ts: string; readonly duration_ms: number | null; readonly device: string | null; readonly raw_payload: unknown; readonly content_type: string | null; readonly length_seconds: number | null; readonly engagement_seconds: number | null; readonly engagement_pct: number | null; readonly meta: Meta}

export type EngagementEventList = {readonly items: readonly (EngagementEvent)[]; readonly page: Page; readonly meta: Meta}

export type EngagementRecordMessage = {readonly id?: string; readonly event: "engagement"; readonly data: LiveRecord}

export type EventType = "play" | "pause" | "finish" | "click"

export type FailedDeadLetter = {readonly id: string; readonly detail: string}

export type FiguresMessage = {readonly id?: string; readonly event: "figures"; readonly data: StreamFigures}

export type FiguresStreamMessage = (FiguresMessage) | (StaleMessage) | (DroppedMessage)

export type Filter = (FilterTest) | (FilterCaseTest) | (FilterComparison) | (readonly ["and" | "or", readonly ((FilterTest) | (FilterCaseTest) | (FilterComparison) | (readonly ["and" | "or", readonly ((FilterTest) | (FilterCaseTest) | (FilterComparison))[]]) | (readonly ["not", (FilterTest) | (FilterCaseTest) | (FilterComparison)]) | (readonly ["has_done" | "has_not_done", (FilterTest) | (FilterCaseTest) | (FilterComparison)]))[]]) | (readonly ["not", (FilterTest) | (FilterCaseTest) | (FilterComparison) | (readonly ["and" | "or", readonly ((FilterTest) | (FilterCaseTest) | (FilterComparison))[]]) | (readonly ["not", (FilterTest) | (FilterCaseTest) | (FilterComparison)]) | (readonly ["has_done" | "has_not_done", (FilterTest) | (FilterCaseTest) | (FilterComparison)])]) | (readonly ["has_done" | "has_not_done", (FilterTest) | (FilterCaseTest) | (FilterComparison) | (readonly ["and" | "or", readonly ((FilterTest) | (FilterCaseTest) | (FilterComparison))[]]) | (readonly ["not", (FilterTest) | (FilterCaseTest) | (FilterComparison)]) | (readonly ["has_done" | "has_not_done", (FilterTest) | (FilterCaseTest) | (FilterComparison)])])

export type FilterCaseTest = readonly ["is" | "is_not" | "contains" | "contains_not" | "matches" | "matches_not" | "matches_wildcard" | "matches_wildcard_not", string, readonly (string | number | boolean | null)[], {readonly case_sensitive?: boolean}]

export type FilterComparison = readonly ["equal" | "not_equal" | "greater" | "greater_or_equal" | "less" | "less_or_equal", string, number]

export type FilterTest = readonly ["is" | "is_not" | "contains" | "contains_not" | "matches" | "matches_not" | "matches_wildcard" | "matches_wildcard_not", string, readonly (string | number | boolean | null)[]]

export type Finding = {readonly code: "starting" | "not-running" | "server-ended" | "service-keeps-ending" | "store-away" | "service-away" | "service-not-ready" | "service-warns" | "partition-standing" | "outbox-waiting" | "lag-not-falling" | "lag-high" | "capture-broken" | "not-captured" | "column-new" | "column-gone" | "column-retyped" | "topic-without-stream" | "topic-missing" | "topic-not-filled" | "other-log" | "other-keyspace" | "read-model-missing" | "read-model-filling" | "read-model-incomplete" | "read-model-outdated" | "backfill-running" | "backfill-failed" | "dead-letters" | "reconcile-differences" | "source-went-back" | "cannot-be-told"; readonly severity: "error" | "warning"; readonly what: string; readonly detail: string | null; readonly todo: string; readonly runbook: string}

export type Gap = {readonly missed: number | null}

export type GapMessage = {readonly id?: string; readonly event: "gap"; readonly data: Gap}

export type Granularity = "minute" | "hour" | "day" | "week" | "month"

export type GraphqlAnswer = {readonly data: Readonly<Record<string, unknown>> | null; readonly errors?: readonly (GraphqlError)[]}

export type GraphqlError = {readonly message: string; readonly path?: readonly (string | number)[]; readonly locations?: readonly (GraphqlLocation)[]; readonly extensions?: Readonly<Record<string, unknown>>}

export type GraphqlLocation = {readonly line: number; readonly column: number}

export type GraphqlRequest = {readonly query: string; readonly operationName?: string | null; readonly variables?: Readonly<Record<string, unknown>> | null}

export type JobFailure = {readonly attempt: number; readonly at: string; readonly error: string}

export type JobRun = {readonly id: string; readonly job: string; readonly tick: string; readonly cause: "cron" | "after" | "asked"; readonly state: "due" | "queued" | "running" | "retrying" | "succeeded" | "failed" | "skipped"; readonly attempt: number; readonly worker: string | null; readonly due_at: string; readonly started_at: string | null; readonly finished_at: string | null; readonly seconds: number | null; readonly error: string | null; readonly failures: readonly (JobFailure)[]; readonly result: unknown}

export type JobRunList = {readonly items: readonly (JobRun)[]; readonly page: Page}

export type Key = {readonly prefix: string; readonly name: string; readonly scopes: readonly (Scope)[]; readonly created_at: string; readonly expires_at: string | null; readonly revoked_at: string | null; readonly last_used_at: string | null}

export type KeyList = {readonly items: readonly (Key)[]}

export type KeyMoment = {readonly from_ratio: number; readonly to_ratio: number; readonly from_seconds: number; readonly to_seconds: number; readonly extra: number; readonly share: number}

export type Lane = {readonly lane: number; readonly lanes: number; readonly epoch: string; readonly owner: string | null; readonly updated_at: string | null}

export type Leaderboard = {readonly by: "engagement_seconds"; readonly items: readonly (TopItem)[]; readonly meta: Meta}

export type LeaderboardMessage = {readonly id?: string; readonly event: "leaderboard"; readonly data: Leaderboard}

export type LeaderboardStreamMessage = (LeaderboardMessage) | (StaleMessage) | (DroppedMessage)

export type LeavingUser = {readonly user: string; readonly last_week: string; readonly weeks: number; readonly count: number}

export type Live = {readonly live: boolean}

export type LiveAlerts = {readonly open: readonly (Alert)[]; readonly resolved: readonly (Alert)[]}

export type LiveRecord = {readonly partition: number; readonly offset: number; readonly at: string; readonly value: unknown; readonly error: string | null}

export type Message = {readonly partition: number; readonly offset: number; readonly timestamp: string; readonly key: string | null; readonly value: unknown; readonly schema_id: number | null; readonly error: string | null; readonly headers: Readonly<Record<string, string>>; readonly value_bytes: number; readonly raw: string | null}

export type MessageList = {readonly items: readonly (Message)[]; readonly partitions: readonly (Partition)[]; readonly incomplete: boolean}

export type Meta = {readonly source: "redis" | "cassandra" | "postgresql" | "kafka"; readonly newest_event_at: string | null; readonly age_ms: number | null; readonly notes: readonly (string)[]}

export type Metric = "events" | "plays" | "pauses" | "finishes" | "clicks" | "events_with_duration" | "engagement_seconds" | "engagement_seconds_avg" | "engagement_pct_sum" | "engagement_pct_avg" | "completion_rate" | "unique_viewers" | "engagement_seconds_p50" | "engagement_seconds_p75" | "engagement_seconds_p90" | "engagement_seconds_p95" | "engagement_seconds_p99" | "first_event_at" | "last_event_at"

export type Metrics = {readonly events: number; readonly plays: number; readonly pauses: number; readonly finishes: number; readonly clicks: number; readonly events_with_duration: number; readonly engagement_seconds: number; readonly engagement_seconds_avg: number | null; readonly engagement_pct_sum: number | null; readonly engagement_pct_avg: number | null; readonly completion_rate: number | null; readonly unique_viewers: number; readonly engagement_seconds_p50: number | null; readonly engagement_seconds_p75: number | null; readonly engagement_seconds_p90: number | null; readonly engagement_seconds_p95: number | null; readonly engagement_seconds_p99: number | null; readonly first_event_at: string | null; readonly last_event_at: string | null}

export type NewActivity = {readonly user_id: string; readonly activity_type: string; readonly occurred_at?: string; readonly metadata?: Readonly<Record<string, unknown>> | null}

export type NewAlertChannel = {readonly name: string; readonly kind: AlertChannelKind; readonly address: string}

export type NewAlertRule = {readonly name: string; readonly stream: string; readonly metric: string; readonly kind: AlertRuleKind; readonly window_minutes: number; readonly dimension?: string | null; readonly filters?: readonly (Filter)[]; readonly threshold?: number | null; readonly direction?: "up" | "down" | "both"; readonly days?: number; readonly open_after_seconds?: number; readonly resolve_after_seconds?: number; readonly severity?: AlertSeverity; readonly channels?: readonly (string)[]; readonly muted_until?: string | null}

export type NewContent = {readonly id?: string; readonly slug: string; readonly title: string; readonly content_type?: "podcast" | "newsletter" | "video" | null; readonly length_seconds?: number | null; readonly publish_ts?: string}

export type NewEngagementEvent = {readonly content_id?: string | null; readonly user_id?: string | null; readonly event_type: EventType; readonly event_ts?: string; readonly duration_ms?: number | null; readonly device?: string | null; readonly raw_payload?: Readonly<Record<string, unknown>> | null}

export type NewEngagementEvents = {readonly events: readonly (NewEngagementEvent)[]}

export type NewKey = {readonly name: string; readonly scopes: readonly (Scope)[]; readonly expires_at?: string | null}

export type NewSegment = {readonly name: string; readonly filters: readonly (Filter)[]; readonly stream?: string}

export type OpenDeadLetters = {readonly outbox: number | null; readonly topics: number | null; readonly share: DeadLetterShares}

export type Page = {readonly limit: number; readonly next_cursor: string | null}

export type PageViews = {readonly page: string; readonly views: number}

export type PageViewsList = {readonly items: readonly (PageViews)[]; readonly total_views: number; readonly meta: Meta}

export type Partition = {readonly partition: number; readonly begin: number; readonly end: number}

export type PartitionLag = {readonly topic: string; readonly partition: number; readonly committed: number; readonly end: number; readonly lag: number}

export type Pending = {readonly status: "pending"; readonly after_event: string; readonly reason: string; readonly waited_ms: number; readonly lag: {readonly event_committed: boolean; readonly outbox_unpublished: number | null; readonly records: number | null}}

export type Pipeline = {readonly outbox: {readonly unpublished: number | null; readonly oldest_seconds: number | null}; readonly lanes: readonly (Lane)[]; readonly partitions: readonly (PartitionLag)[]; readonly lag_records: number | null; readonly stores: readonly (Store)[]; readonly services: readonly (Service)[]; readonly dead_letters: OpenDeadLetters; readonly reconciliations: readonly (Reconciliation)[] | null}

export type Platform = {readonly at: string; readonly events_per_second: number | null; readonly active_users: number | null; readonly page_views_per_second: number | null; readonly engagement_seconds_per_second: number | null; readonly latency_ms_p50: number | null; readonly latency_ms_p99: number | null; readonly page_views: number | null; readonly top: readonly (TopItem)[]; readonly pages: readonly (PageViews)[]; readonly meta: Meta}

export type PlatformHistory = {readonly step_seconds: number; readonly points: readonly (PlatformPoint)[]}

export type PlatformHistoryMessage = {readonly id?: string; readonly event: "history"; readonly data: PlatformHistory}

export type PlatformMessage = {readonly id?: string; readonly event: "platform"; readonly data: Platform}

export type PlatformPoint = {readonly at: string; readonly events_per_second: number | null; readonly active_users: number | null; readonly page_views_per_second: number | null; readonly engagement_seconds_per_second: number | null; readonly latency_ms_p50: number | null; readonly latency_ms_p99: number | null}

export type PlatformStreamMessage = (PlatformMessage) | (PlatformHistoryMessage) | (StaleMessage) | (DroppedMessage)

export type Problem = {readonly type: string; readonly title: string; readonly status: number; readonly detail: string; readonly instance: string; readonly request_id: string; readonly errors: readonly (ProblemDetail)[]}

export type ProblemDetail = {readonly in: string; readonly field: string; readonly detail: string; readonly value?: unknown}

export type ProblemType = {readonly type: string; readonly title: string; readonly status: number; readonly cause: string; readonly todo: string}

export type ProblemTypes = {readonly items: readonly (ProblemType)[]}

export type Query = {readonly metrics: readonly (string)[]; readonly date_range: (string) | (readonly (string)[]); readonly stream?: string; readonly dimensions?: readonly (string)[]; readonly filters?: readonly (Filter)[]; readonly order_by?: readonly (readonly [string, "asc" | "desc"])[]; readonly include?: {readonly comparisons?: QueryComparisons; readonly percentages?: boolean; readonly time_labels?: boolean; readonly total_rows?: boolean; readonly totals?: boolean}; readonly pagination?: {readonly limit?: number; readonly offset?: number}; readonly timezone?: string}

export type QueryAnswer = {readonly results: readonly (QueryRow)[]; readonly totals?: QueryTotals; readonly meta: QueryMeta; readonly query: Readonly<Record<string, unknown>>}

export type QueryChange = {readonly dimensions: readonly (number | string | boolean | null)[]; readonly metrics: readonly (number | string | boolean | null)[]; readonly change: readonly (number | null)[]}

export type QueryComparedPeriod = {readonly from: string; readonly to: string}

export type QueryComparisons = {readonly mode: "previous_period" | "year_over_year" | "custom"; readonly date_range?: (string) | (readonly (string)[])}

export type QueryMeta = {readonly source: "redis" | "cassandra" | "postgresql" | "kafka"; readonly newest_event_at: string | null; readonly age_ms: number | null; readonly notes: readonly (string)[]; readonly comparison?: QueryComparedPeriod; readonly time?: Granularity; readonly time_labels?: readonly (string | number)[]; readonly total_rows?: number}

export type QueryRow = {readonly dimensions: readonly (number | string | boolean | null)[]; readonly metrics: readonly (number | string | boolean | null)[]; readonly comparison?: QueryChange; readonly percentages?: readonly (number | null)[]}

export type QueryTotals = {readonly metrics: readonly (number | string | boolean | null)[]; readonly comparison?: QueryChange}

export type Readiness = {readonly ready: boolean; readonly reasons: readonly (string)[]; readonly details: Readonly<Record<string, unknown>>}

export type Reconciliation = {readonly stream: string; readonly scope: string; readonly finished_at: string; readonly keys: number; readonly differences: number; readonly undecided: number; readonly repaired: number}

export type RequestMessage = {readonly id?: string; readonly event: "request"; readonly data: ActivityRequest}

export type RequestStreamMessage = (RequestMessage) | (StaleMessage) | (DroppedMessage)

export type ResolvedDeadLetters = {readonly resolved: number; readonly failed: readonly (FailedDeadLetter)[]; readonly next: string | null}

export type RetentionPoint = {readonly seconds: number; readonly elapsed_ratio: number; readonly audience: number; readonly audience_watch_ratio: number | null}

export type Rising = {readonly stream: string; readonly metric: string; readonly by: string; readonly from: string; readonly to: string; readonly compared: number; readonly items: readonly (RisingItem)[]; readonly meta: Meta}

export type RisingItem = {readonly key: string; readonly title: string | null; readonly kind: string | null; readonly present: number; readonly usual: number; readonly expected: number; readonly kind_growth: number; readonly deviations: number}

export type Schedule = {readonly job: string; readonly what: string; readonly cron: string | null; readonly zone: string; readonly after: readonly (string)[]; readonly retries: number; readonly back_off_seconds: number; readonly back_off_max_seconds: number; readonly time_limit_seconds: number; readonly off: string | null; readonly paused_at: string | null; readonly next_at: string | null; readonly latest: readonly (JobRun)[]; readonly seconds_median: number | null; readonly seconds_max: number | null}

export type ScheduleList = {readonly items: readonly (Schedule)[]}

export type SchemaVersion = {readonly version: number; readonly id: number; readonly schema: unknown}

export type Scope = "read" | "write" | "admin"

export type Segment = {readonly stream: string; readonly name: string; readonly filters: readonly (unknown)[]; readonly created_at: string; readonly changed_at: string}

export type SegmentChange = {readonly filters: readonly (Filter)[]}

export type SegmentList = {readonly items: readonly (Segment)[]}

export type Service = {readonly name: string; readonly url: string; readonly ready: boolean | null; readonly reasons: readonly (string)[]; readonly details: unknown}

export type Session = {readonly id: string; readonly scopes: readonly (Scope)[]; readonly by: "key" | "cookie" | "open"; readonly roles: readonly ("content" | "engagement" | "activity")[]}

export type Stale = {readonly reason: string}

export type StaleMessage = {readonly id?: string; readonly event: "stale"; readonly data: Stale}

export type Standing = {readonly new: number; readonly active: number; readonly reactivated: number; readonly at_risk: number; readonly churned: number}

export type Store = {readonly name: string; readonly ok: boolean; readonly milliseconds: number | null}

export type Stream = {readonly stream: string; readonly table: string; readonly topic: string; readonly key: string; readonly id: string; readonly time: string | null; readonly rollups: readonly (StreamRollup)[]; readonly top: readonly (StreamWindow)[]; readonly active: readonly (StreamActiveWindow)[]}

export type StreamActive = {readonly stream: string; readonly of: string; readonly window_seconds: number; readonly active: number; readonly meta: Meta}

export type StreamActiveWindow = {readonly of: string; readonly seconds: number}

export type StreamBreakdown = {readonly stream: string; readonly by: string; readonly key: readonly (string | null)[]; readonly dimension: string; readonly from: string | null; readonly to: string; readonly items: readonly (StreamBreakdownItem)[]; readonly meta: Meta}

export type StreamBreakdownItem = {readonly value: string | null; readonly metrics: Readonly<Record<string, number | string | boolean | null>>}

export type StreamBucket = {readonly start: string; readonly end: string; readonly metrics: Readonly<Record<string, number | string | boolean | null>>}

export type StreamEvent = {readonly event: Readonly<Record<string, unknown>>; readonly meta: Meta}

export type StreamEventList = {readonly items: readonly (Readonly<Record<string, unknown>>)[]; readonly page: Page; readonly meta: Meta}

export type StreamFigures = {readonly stream: string; readonly by: string; readonly key: readonly (string | null)[]; readonly from: string | null; readonly to: string; readonly metrics: Readonly<Record<string, number | string | boolean | null>>; readonly meta: Meta}

export type StreamList = {readonly items: readonly (Stream)[]}

export type StreamRollup = {readonly by: string; readonly columns: readonly (string)[]; readonly splits: readonly (string)[]; readonly levels: readonly (string)[]; readonly metrics: readonly (string)[]}

export type StreamSeries = {readonly stream: string; readonly by: string; readonly key: readonly (string | null)[]; readonly granularity: Granularity; readonly timezone: string; readonly buckets: readonly (StreamBucket)[]; readonly meta: Meta}

export type StreamTop = {readonly stream: string; readonly by: string; readonly metric: string; readonly from: string | null; readonly to: string; readonly items: readonly (StreamTopItem)[]; readonly meta: Meta}

export type StreamTopItem = {readonly rank: number; readonly key: readonly (string | null)[]; readonly value: number | string | boolean | null; readonly metrics?: Readonly<Record<string, number | string | boolean | null>>}

export type StreamWindow = {readonly by: string; readonly seconds: number; readonly metrics: readonly (string)[]}

export type Subject = {readonly subject: string; readonly versions: readonly (SchemaVersion)[]}

export type SubjectList = {readonly items: readonly (SubjectSummary)[]}

export type SubjectSummary = {readonly subject: string; readonly versions: readonly (number)[]}

export type Top = {readonly by: Metric; readonly from: string | null; readonly to: string; readonly items: readonly (TopItem)[]; readonly meta: Meta}

export type TopItem = {readonly rank: number; readonly content: Content; readonly value: number | string | null; readonly metrics?: Metrics}

export type TopMessage = {readonly id?: string; readonly event: "top"; readonly data: StreamTop}

export type TopStreamMessage = (TopMessage) | (StaleMessage) | (DroppedMessage)

export type Topic = {readonly topic: string; readonly partitions: readonly (Partition)[]; readonly config: Readonly<Record<string, string>>; readonly subject: string | null}

export type TopicList = {readonly items: readonly (TopicSummary)[]}

export type TopicSummary = {readonly topic: string; readonly partitions: number; readonly records: number | null}

export type Trace = {readonly stream: string; readonly event_id: (number) | (string); readonly stages: readonly (TraceStage)[]; readonly commit_to_visible_ms: number | null}

export type TraceStage = {readonly stage: "postgresql" | "outbox" | "kafka" | "cassandra" | "redis"; readonly found: boolean | null; readonly at: string | null; readonly note: string | null; readonly data: unknown}

export type TypicalRetention = {readonly content_id: string; readonly contents: number; readonly relative: number | null; readonly points: readonly (TypicalRetentionPoint)[]}

export type TypicalRetentionPoint = {readonly seconds: number; readonly elapsed_ratio: number; readonly audience_watch_ratio: number | null; readonly typical_watch_ratio: number | null}

export type UserDay = {readonly day: string; readonly activity_type: string; readonly count: number}

export type UserDays = {readonly user_id: string; readonly items: readonly (UserDay)[]; readonly meta: Meta}

export type UserSession = {readonly started_at: string; readonly ended_at: string; readonly seconds: number; readonly activities: number; readonly page_views: number; readonly pages: number; readonly entry_page: string | null; readonly exit_page: string | null; readonly is_bounce: boolean; readonly is_cut: boolean}

export type UserSessions = {readonly user_id: string; readonly items: readonly (UserSession)[]; readonly page: Page; readonly meta: Meta}

export type UserStats = {readonly user_id: string; readonly activities: number; readonly by_type: Readonly<Record<string, number>>; readonly last_seen_at: string | null; readonly meta: Meta}

export type Verdict = {readonly healthy: boolean; readonly state: "healthy" | "starting" | "unhealthy"; readonly findings: readonly (Finding)[]}

export type Written = {readonly status: "committed" | "processed" | "pending"; readonly event_ids: readonly (number)[]; readonly after_event: string}

export interface Operations {
  /** The process answers */
  "GET /health/live": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: Live
  }
  /** This API can serve */
  "GET /health/ready": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: Readiness
  }
  /** The whole pipeline is healthy */
  "GET /health": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: Verdict
  }
  /** What is wrong with the pipeline, and what to do */
  "GET /v1/platform/health": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: Verdict
  }
  /** Figures for Prometheus */
  "GET /metrics": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: undefined
  }
  /** All types of problems */
  "GET /problems": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: ProblemTypes
  }
  /** What a type of problem means, and what to do */
  "GET /problems/{kind}": {
    readonly path: {readonly kind: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: ProblemType
  }
  /** All keys, without their secrets */
  "GET /v1/admin/keys": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: KeyList
  }
  /** Make a key */
  "POST /v1/admin/keys": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: NewKey
    readonly answer: CreatedKey
  }
  /** Revoke a key */
  "DELETE /v1/admin/keys/{prefix}": {
    readonly path: {readonly prefix: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: undefined
  }
  /** Who am I */
  "GET /v1/session": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: Session
  }
  /** Exchange the key of this request for a cookie */
  "POST /v1/session": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: Session
  }
  /** Forget the cookie */
  "DELETE /v1/session": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: undefined
  }
  /** List and search content */
  "GET /v1/content": {
    readonly path: Readonly<Record<string, never>>
    readonly query: {readonly search?: string; readonly content_type?: "podcast" | "newsletter" | "video"; readonly order?: "-publish_ts" | "publish_ts" | "title" | "-title" | "slug" | "-slug"; readonly limit?: number; readonly cursor?: string}
    readonly body: undefined
    readonly answer: ContentList
  }
  /** Add content */
  "POST /v1/content": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: NewContent
    readonly answer: ContentAnswer
  }
  /** One content */
  "GET /v1/content/{id}": {
    readonly path: {readonly id: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: ContentAnswer
  }
  /** Change content */
  "PATCH /v1/content/{id}": {
    readonly path: {readonly id: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: ContentChange
    readonly answer: ContentAnswer
  }
  /** Delete content that has no events */
  "DELETE /v1/content/{id}": {
    readonly path: {readonly id: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: undefined
  }
  /** Write one event, or up to 1,000 that are written all or not at all */
  "POST /v1/engagement-events": {
    readonly path: Readonly<Record<string, never>>
    readonly query: {readonly wait?: "committed" | "processed"; readonly wait_ms?: number}
    readonly body: (NewEngagementEvent) | (NewEngagementEvents)
    readonly answer: Written
  }
  /** Write an activity of a user, at once or in the background */
  "POST /v1/activity-events": {
    readonly path: Readonly<Record<string, never>>
    readonly query: {readonly wait?: "committed" | "processed"; readonly wait_ms?: number}
    readonly body: NewActivity
    readonly answer: Written
  }
  /** @deprecated Write an activity of a user, at once or in the background */
  "POST /api/activity": {
    readonly path: Readonly<Record<string, never>>
    readonly query: {readonly wait?: "committed" | "processed"; readonly wait_ms?: number}
    readonly body: NewActivity
    readonly answer: Written
  }
  /** How far an asynchronous write is */
  "GET /v1/activity-requests/{id}": {
    readonly path: {readonly id: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: ActivityRequest
  }
  /** @deprecated How far an asynchronous write is */
  "GET /api/activity/requests/{id}": {
    readonly path: {readonly id: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: ActivityRequest
  }
  /** Figures of one content, in total or for a period */
  "GET /v1/content/{id}/metrics": {
    readonly path: {readonly id: string}
    readonly query: {readonly metrics?: readonly (string)[]; readonly period?: string; readonly from?: string; readonly to?: string; readonly timezone?: string; readonly decimals?: number; readonly after_event?: string; readonly wait_ms?: number}
    readonly body: undefined
    readonly answer: ContentMetrics
  }
  /** Figures of one content by minute, hour, day, week or month */
  "GET /v1/content/{id}/timeseries": {
    readonly path: {readonly id: string}
    readonly query: {readonly metrics?: readonly (string)[]; readonly granularity?: "minute" | "hour" | "day" | "week" | "month"; readonly period?: string; readonly from?: string; readonly to?: string; readonly timezone?: string; readonly decimals?: number; readonly after_event?: string; readonly wait_ms?: number}
    readonly body: undefined
    readonly answer: ContentSeries
  }
  /** Figures of one content by event type, device or content type */
  "GET /v1/content/{id}/breakdowns/{dimension}": {
    readonly path: {readonly id: string; readonly dimension: "event_type" | "device" | "content_type"}
    readonly query: {readonly metrics?: readonly (string)[]; readonly period?: string; readonly from?: string; readonly to?: string; readonly timezone?: string; readonly decimals?: number; readonly after_event?: string; readonly wait_ms?: number}
    readonly body: undefined
    readonly answer: ContentBreakdown
  }
  /** How many still watch at each hundredth of a content, where they leave, what they watch again */
  "GET /v1/content/{id}/retention": {
    readonly path: {readonly id: string}
    readonly query: {readonly decimals?: number; readonly after_event?: string; readonly wait_ms?: number}
    readonly body: undefined
    readonly answer: ContentRetention
  }
  /** How long people stay: percentiles of engagement_seconds */
  "GET /v1/content/{id}/percentiles": {
    readonly path: {readonly id: string}
    readonly query: {readonly period?: string; readonly from?: string; readonly to?: string; readonly timezone?: string; readonly decimals?: number; readonly after_event?: string; readonly wait_ms?: number}
    readonly body: undefined
    readonly answer: ContentPercentiles
  }
  /** One event with what was computed for it */
  "GET /v1/events/{id}": {
    readonly path: {readonly id: number}
    readonly query: {readonly decimals?: number}
    readonly body: undefined
    readonly answer: EngagementEventAnswer
  }
  /** Events of a content, newest first */
  "GET /v1/content/{id}/events": {
    readonly path: {readonly id: string}
    readonly query: {readonly event_type?: "play" | "pause" | "finish" | "click"; readonly from?: string; readonly to?: string; readonly limit?: number; readonly cursor?: string; readonly decimals?: number; readonly after_event?: string; readonly wait_ms?: number}
    readonly body: undefined
    readonly answer: EngagementEventList
  }
  /** Most engaging content: the last ten minutes, or any period */
  "GET /v1/top": {
    readonly path: Readonly<Record<string, never>>
    readonly query: {readonly by?: "events" | "plays" | "pauses" | "finishes" | "clicks" | "events_with_duration" | "engagement_seconds" | "engagement_seconds_avg" | "engagement_pct_sum" | "engagement_pct_avg" | "completion_rate" | "unique_viewers" | "engagement_seconds_p50" | "engagement_seconds_p75" | "engagement_seconds_p90" | "engagement_seconds_p95" | "engagement_seconds_p99" | "first_event_at" | "last_event_at"; readonly limit?: number; readonly metrics?: readonly (string)[]; readonly period?: string; readonly from?: string; readonly to?: string; readonly timezone?: string; readonly decimals?: number; readonly after_event?: string; readonly wait_ms?: number}
    readonly body: undefined
    readonly answer: Top
  }
  /** Users with an event in the last five minutes */
  "GET /v1/active": {
    readonly path: Readonly<Record<string, never>>
    readonly query: {readonly after_event?: string; readonly wait_ms?: number}
    readonly body: undefined
    readonly answer: ActiveUsers
  }
  /** Metrics of a stream by dimensions, filtered, for a period */
  "POST /v1/query": {
    readonly path: Readonly<Record<string, never>>
    readonly query: {readonly decimals?: number; readonly after_event?: string; readonly wait_ms?: number}
    readonly body: Query
    readonly answer: QueryAnswer
  }
  /** Segments of a stream */
  "GET /v1/segments": {
    readonly path: Readonly<Record<string, never>>
    readonly query: {readonly stream?: string}
    readonly body: undefined
    readonly answer: SegmentList
  }
  /** Give filters of a stream a name */
  "POST /v1/segments": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: NewSegment
    readonly answer: Segment
  }
  /** Give a segment other filters */
  "PATCH /v1/segments/{name}": {
    readonly path: {readonly name: string}
    readonly query: {readonly stream?: string}
    readonly body: SegmentChange
    readonly answer: Segment
  }
  /** Delete a segment */
  "DELETE /v1/segments/{name}": {
    readonly path: {readonly name: string}
    readonly query: {readonly stream?: string}
    readonly body: undefined
    readonly answer: undefined
  }
  /** What has more than its own past and its kind let expect */
  "GET /v1/insight/rising": {
    readonly path: Readonly<Record<string, never>>
    readonly query: {readonly stream?: string; readonly metric?: string; readonly by?: string; readonly hours?: number; readonly limit?: number; readonly decimals?: number}
    readonly body: undefined
    readonly answer: Rising
  }
  /** The changes of the last day or week that are most worth a look */
  "GET /v1/insight/changes": {
    readonly path: Readonly<Record<string, never>>
    readonly query: {readonly span?: "day" | "week"; readonly limit?: number; readonly decimals?: number}
    readonly body: undefined
    readonly answer: Changes
  }
  /** Distinct users of each day, of its week and of its month, and how many come daily */
  "GET /v1/insight/active-users": {
    readonly path: Readonly<Record<string, never>>
    readonly query: {readonly stream?: string; readonly metric?: string; readonly days?: number; readonly decimals?: number}
    readonly body: undefined
    readonly answer: ActiveUsersByDay
  }
  /** Who stays and who leaves: users by their first week, and how they stand now */
  "GET /v1/insight/cohorts": {
    readonly path: Readonly<Record<string, never>>
    readonly query: {readonly stream?: string; readonly by?: string; readonly metric?: string; readonly weeks?: number; readonly limit?: number}
    readonly body: undefined
    readonly answer: Cohorts
  }
  /** How many still watch a content, beside contents of its type and about its length */
  "GET /v1/content/{id}/retention/typical": {
    readonly path: {readonly id: string}
    readonly query: {readonly decimals?: number}
    readonly body: undefined
    readonly answer: TypicalRetention
  }
  /** Alerts, the newest first */
  "GET /v1/alerts": {
    readonly path: Readonly<Record<string, never>>
    readonly query: {readonly status?: "open" | "resolved"; readonly severity?: "info" | "warning" | "critical"; readonly source?: string; readonly limit?: number; readonly cursor?: string}
    readonly body: undefined
    readonly answer: AlertList
  }
  /** One alert */
  "GET /v1/alerts/{id}": {
    readonly path: {readonly id: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: Alert
  }
  /** Say that somebody has seen it */
  "POST /v1/alerts/{id}/acknowledge": {
    readonly path: {readonly id: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: Alert
  }
  /** Send nothing of this row until then */
  "POST /v1/alerts/{id}/mute": {
    readonly path: {readonly id: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: AlertMute
    readonly answer: Alert
  }
  /** What is open, and what was resolved last, as it changes */
  "GET /v1/alerts/live": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: undefined
    readonly messages: AlertsStreamMessage
  }
  /** All rules of alerts */
  "GET /v1/alerts/rules": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: AlertRuleList
  }
  /** Watch a measure of a stream */
  "POST /v1/alerts/rules": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: NewAlertRule
    readonly answer: AlertRule
  }
  /** One rule, with why it is not judged */
  "GET /v1/alerts/rules/{id}": {
    readonly path: {readonly id: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: AlertRule
  }
  /** Change a rule, or mute it */
  "PATCH /v1/alerts/rules/{id}": {
    readonly path: {readonly id: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: AlertRuleChange
    readonly answer: AlertRule
  }
  /** Delete a rule */
  "DELETE /v1/alerts/rules/{id}": {
    readonly path: {readonly id: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: undefined
  }
  /** All channels, without their secrets */
  "GET /v1/alerts/channels": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: AlertChannelList
  }
  /** Make a channel that rules can send to */
  "POST /v1/alerts/channels": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: NewAlertChannel
    readonly answer: CreatedAlertChannel
  }
  /** Delete a channel, with what waits for it */
  "DELETE /v1/alerts/channels/{name}": {
    readonly path: {readonly name: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: undefined
  }
  /** Messages, the newest first */
  "GET /v1/alerts/deliveries": {
    readonly path: Readonly<Record<string, never>>
    readonly query: {readonly state?: "waiting" | "sent" | "dead" | "discarded"; readonly channel?: string; readonly limit?: number; readonly cursor?: string}
    readonly body: undefined
    readonly answer: AlertDeliveryList
  }
  /** Send a dead letter again, under its id */
  "POST /v1/alerts/deliveries/{id}/redrive": {
    readonly path: {readonly id: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: AlertDelivery
  }
  /** Decide that a dead letter needs nothing more */
  "POST /v1/alerts/deliveries/{id}/discard": {
    readonly path: {readonly id: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: AlertDelivery
  }
  /** Activity of a user, newest first */
  "GET /v1/users/{id}/activity": {
    readonly path: {readonly id: string}
    readonly query: {readonly limit?: number; readonly cursor?: string; readonly after_event?: string; readonly wait_ms?: number}
    readonly body: undefined
    readonly answer: ActivityList
  }
  /** Sessions of a user, newest first: activities without a gap between them */
  "GET /v1/users/{id}/sessions": {
    readonly path: {readonly id: string}
    readonly query: {readonly gap_minutes?: number; readonly limit?: number; readonly cursor?: string; readonly after_event?: string; readonly wait_ms?: number}
    readonly body: undefined
    readonly answer: UserSessions
  }
  /** How much a user did, by type, and when last */
  "GET /v1/users/{id}/stats": {
    readonly path: {readonly id: string}
    readonly query: {readonly after_event?: string; readonly wait_ms?: number}
    readonly body: undefined
    readonly answer: UserStats
  }
  /** Activities of a user per day and type */
  "GET /v1/users/{id}/days": {
    readonly path: {readonly id: string}
    readonly query: {readonly from?: string; readonly to?: string; readonly after_event?: string; readonly wait_ms?: number}
    readonly body: undefined
    readonly answer: UserDays
  }
  /** Views per page, most seen first */
  "GET /v1/pages": {
    readonly path: Readonly<Record<string, never>>
    readonly query: {readonly limit?: number; readonly after_event?: string; readonly wait_ms?: number}
    readonly body: undefined
    readonly answer: PageViewsList
  }
  /** Streams that are counted, and what can be asked of them */
  "GET /v1/streams": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: StreamList
  }
  /** Figures of one key of a stream, in total or for a period */
  "GET /v1/streams/{stream}/metrics": {
    readonly path: {readonly stream: string}
    readonly query: {readonly by?: string; readonly key?: readonly (string)[]; readonly metrics?: readonly (string)[]; readonly period?: string; readonly from?: string; readonly to?: string; readonly timezone?: string; readonly decimals?: number; readonly after_event?: string; readonly wait_ms?: number}
    readonly body: undefined
    readonly answer: StreamFigures
  }
  /** Figures of one key of a stream by minute, hour, day, week or month */
  "GET /v1/streams/{stream}/timeseries": {
    readonly path: {readonly stream: string}
    readonly query: {readonly by?: string; readonly key?: readonly (string)[]; readonly metrics?: readonly (string)[]; readonly granularity?: "minute" | "hour" | "day" | "week" | "month"; readonly period?: string; readonly from?: string; readonly to?: string; readonly timezone?: string; readonly decimals?: number; readonly after_event?: string; readonly wait_ms?: number}
    readonly body: undefined
    readonly answer: StreamSeries
  }
  /** Figures of one key of a stream by the values of a split */
  "GET /v1/streams/{stream}/breakdown/{dimension}": {
    readonly path: {readonly stream: string; readonly dimension: string}
    readonly query: {readonly by?: string; readonly key?: readonly (string)[]; readonly metrics?: readonly (string)[]; readonly period?: string; readonly from?: string; readonly to?: string; readonly timezone?: string; readonly decimals?: number; readonly after_event?: string; readonly wait_ms?: number}
    readonly body: undefined
    readonly answer: StreamBreakdown
  }
  /** Keys with the most of a metric: in the live window, or in any period */
  "GET /v1/streams/{stream}/top": {
    readonly path: {readonly stream: string}
    readonly query: {readonly by: string; readonly metric?: string; readonly limit?: number; readonly metrics?: readonly (string)[]; readonly period?: string; readonly from?: string; readonly to?: string; readonly timezone?: string; readonly decimals?: number; readonly after_event?: string; readonly wait_ms?: number}
    readonly body: undefined
    readonly answer: StreamTop
  }
  /** Distinct values in the live window */
  "GET /v1/streams/{stream}/active": {
    readonly path: {readonly stream: string}
    readonly query: {readonly after_event?: string; readonly wait_ms?: number}
    readonly body: undefined
    readonly answer: StreamActive
  }
  /** Events of one key of a stream, newest first */
  "GET /v1/streams/{stream}/events": {
    readonly path: {readonly stream: string}
    readonly query: {readonly key: string; readonly from?: string; readonly to?: string; readonly limit?: number; readonly cursor?: string; readonly after_event?: string; readonly wait_ms?: number}
    readonly body: undefined
    readonly answer: StreamEventList
  }
  /** One event of a stream, with what was looked up and computed for it */
  "GET /v1/streams/{stream}/events/{id}": {
    readonly path: {readonly stream: string; readonly id: string}
    readonly query: {readonly after_event?: string; readonly wait_ms?: number}
    readonly body: undefined
    readonly answer: StreamEvent
  }
  /** The whole platform now */
  "GET /v1/platform": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: Platform
  }
  /** The last half hour of the platform */
  "GET /v1/platform/history": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: PlatformHistory
  }
  /** Figures of one content as they change */
  "GET /v1/live/content/{id}": {
    readonly path: {readonly id: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: undefined
    readonly messages: ContentStreamMessage
  }
  /** The ten most engaging contents of the last ten minutes */
  "GET /v1/live/leaderboard": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: undefined
    readonly messages: LeaderboardStreamMessage
  }
  /** Figures of the whole platform, each second */
  "GET /v1/live/platform": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: undefined
    readonly messages: PlatformStreamMessage
  }
  /** Every record of engagement and activity as it arrives */
  "GET /v1/live/activity": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: undefined
    readonly messages: ActivityStreamMessage
  }
  /** Tells when an asynchronous write is done */
  "GET /v1/live/requests/{id}": {
    readonly path: {readonly id: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: undefined
    readonly messages: RequestStreamMessage
  }
  /** Figures of one key of a stream, in total, as they change */
  "GET /v1/streams/{stream}/live": {
    readonly path: {readonly stream: string}
    readonly query: {readonly by?: string; readonly key?: readonly (string)[]; readonly metrics?: readonly (string)[]}
    readonly body: undefined
    readonly answer: undefined
    readonly messages: FiguresStreamMessage
  }
  /** Keys with the most of a metric in a live window, as they change */
  "GET /v1/streams/{stream}/top/live": {
    readonly path: {readonly stream: string}
    readonly query: {readonly by: string; readonly metric?: string; readonly limit?: number; readonly metrics?: readonly (string)[]}
    readonly body: undefined
    readonly answer: undefined
    readonly messages: TopStreamMessage
  }
  /** All topics */
  "GET /v1/admin/topics": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: TopicList
  }
  /** Partitions and configuration of a topic */
  "GET /v1/admin/topics/{topic}": {
    readonly path: {readonly topic: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: Topic
  }
  /** Records of a topic, decoded, with their bytes */
  "GET /v1/admin/topics/{topic}/messages": {
    readonly path: {readonly topic: string}
    readonly query: {readonly partition?: number; readonly offset?: number; readonly since?: string; readonly key?: string; readonly order?: "newest" | "oldest"; readonly limit?: number}
    readonly body: undefined
    readonly answer: MessageList
  }
  /** Subjects of the registry */
  "GET /v1/admin/schemas": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: SubjectList
  }
  /** All versions of a subject */
  "GET /v1/admin/schemas/{subject}": {
    readonly path: {readonly subject: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: Subject
  }
  /** Consumer groups and their lag */
  "GET /v1/admin/groups": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: ConsumerGroupList
  }
  /** Every stage: what waits, who owns, how far behind */
  "GET /v1/admin/pipeline": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: Pipeline
  }
  /** What could not be published or applied, newest first */
  "GET /v1/admin/dead-letters": {
    readonly path: Readonly<Record<string, never>>
    readonly query: {readonly topic?: string; readonly reason?: string; readonly from?: string; readonly to?: string; readonly state?: "open" | "resolved" | "all"; readonly limit?: number}
    readonly body: undefined
    readonly answer: DeadLetterList
  }
  /** One dead letter, with what could not be handled */
  "GET /v1/admin/dead-letters/{id}": {
    readonly path: {readonly id: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: DeadLetterWithPayload
  }
  /** Read the row again and publish it through the outbox */
  "POST /v1/admin/dead-letters/{id}/redrive": {
    readonly path: {readonly id: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: DeadLetterOutcome
  }
  /** Read the row again and publish it through the outbox, for all open ones that match */
  "POST /v1/admin/dead-letters/redrive": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: DeadLetterFilter
    readonly answer: ResolvedDeadLetters
  }
  /** Decide that the dead letter needs nothing more */
  "POST /v1/admin/dead-letters/{id}/discard": {
    readonly path: {readonly id: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: DeadLetterOutcome
  }
  /** Decide that the dead letter needs nothing more, for all open ones that match */
  "POST /v1/admin/dead-letters/discard": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: DeadLetterFilter
    readonly answer: ResolvedDeadLetters
  }
  /** Tables that are read again, newest first */
  "GET /v1/admin/backfills": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: BackfillList
  }
  /** Let a backfill stand where it is */
  "POST /v1/admin/backfills/{id}/pause": {
    readonly path: {readonly id: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: Backfill
  }
  /** Let a paused backfill go on */
  "POST /v1/admin/backfills/{id}/resume": {
    readonly path: {readonly id: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: Backfill
  }
  /** End a backfill for good */
  "POST /v1/admin/backfills/{id}/cancel": {
    readonly path: {readonly id: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: Backfill
  }
  /** The way of one event, with the time at each stage */
  "GET /v1/admin/trace/{stream}/{id}": {
    readonly path: {readonly stream: string; readonly id: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: Trace
  }
  /** Jobs that run by themselves, with their last run */
  "GET /v1/admin/schedules": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: ScheduleList
  }
  /** Runs of a job, newest first */
  "GET /v1/admin/schedules/{job}/runs": {
    readonly path: {readonly job: string}
    readonly query: {readonly limit?: number; readonly cursor?: string}
    readonly body: undefined
    readonly answer: JobRunList
  }
  /** Run a job now */
  "POST /v1/admin/schedules/{job}/run": {
    readonly path: {readonly job: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: JobRun
  }
  /** Let a job not run by itself */
  "POST /v1/admin/schedules/{job}/pause": {
    readonly path: {readonly job: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: Schedule
  }
  /** Let a paused job run by itself again */
  "POST /v1/admin/schedules/{job}/resume": {
    readonly path: {readonly job: string}
    readonly query: Readonly<Record<string, never>>
    readonly body: undefined
    readonly answer: Schedule
  }
  /** Ask in GraphQL */
  "POST /graphql": {
    readonly path: Readonly<Record<string, never>>
    readonly query: Readonly<Record<string, never>>
    readonly body: GraphqlRequest
    readonly answer: GraphqlAnswer
  }
}

/** Operations by their names. */
export const OPERATIONS = {
  getLiveness: "GET /health/live",
  getReadiness: "GET /health/ready",
  getHealth: "GET /health",
  getPlatformHealth: "GET /v1/platform/health",
  getPrometheusMetrics: "GET /metrics",
  listProblemTypes: "GET /problems",
  getProblemType: "GET /problems/{kind}",
  listKeys: "GET /v1/admin/keys",
  createKey: "POST /v1/admin/keys",
  revokeKey: "DELETE /v1/admin/keys/{prefix}",
  getSession: "GET /v1/session",
  openSession: "POST /v1/session",
  closeSession: "DELETE /v1/session",
  listContent: "GET /v1/content",
  createContent: "POST /v1/content",
  getContent: "GET /v1/content/{id}",
  updateContent: "PATCH /v1/content/{id}",
  deleteContent: "DELETE /v1/content/{id}",
  createEngagementEvents: "POST /v1/engagement-events",
  createActivity: "POST /v1/activity-events",
  createActivityDeprecated: "POST /api/activity",
  getActivityRequest: "GET /v1/activity-requests/{id}",
  getActivityRequestDeprecated: "GET /api/activity/requests/{id}",
  getContentMetrics: "GET /v1/content/{id}/metrics",
  getContentTimeseries: "GET /v1/content/{id}/timeseries",
  getContentBreakdown: "GET /v1/content/{id}/breakdowns/{dimension}",
  getContentRetention: "GET /v1/content/{id}/retention",
  getContentPercentiles: "GET /v1/content/{id}/percentiles",
  getEvent: "GET /v1/events/{id}",
  listContentEvents: "GET /v1/content/{id}/events",
  getTop: "GET /v1/top",
  getActiveUsers: "GET /v1/active",
  query: "POST /v1/query",
  listSegments: "GET /v1/segments",
  createSegment: "POST /v1/segments",
  updateSegment: "PATCH /v1/segments/{name}",
  deleteSegment: "DELETE /v1/segments/{name}",
  getRising: "GET /v1/insight/rising",
  getChanges: "GET /v1/insight/changes",
  getActiveUsersByDay: "GET /v1/insight/active-users",
  getCohorts: "GET /v1/insight/cohorts",
  getTypicalRetention: "GET /v1/content/{id}/retention/typical",
  listAlerts: "GET /v1/alerts",
  getAlert: "GET /v1/alerts/{id}",
  acknowledgeAlert: "POST /v1/alerts/{id}/acknowledge",
  muteAlert: "POST /v1/alerts/{id}/mute",
  streamAlerts: "GET /v1/alerts/live",
  listAlertRules: "GET /v1/alerts/rules",
  createAlertRule: "POST /v1/alerts/rules",
  getAlertRule: "GET /v1/alerts/rules/{id}",
  updateAlertRule: "PATCH /v1/alerts/rules/{id}",
  deleteAlertRule: "DELETE /v1/alerts/rules/{id}",
  listAlertChannels: "GET /v1/alerts/channels",
  createAlertChannel: "POST /v1/alerts/channels",
  deleteAlertChannel: "DELETE /v1/alerts/channels/{name}",
  listAlertDeliveries: "GET /v1/alerts/deliveries",
  redriveAlertDelivery: "POST /v1/alerts/deliveries/{id}/redrive",
  discardAlertDelivery: "POST /v1/alerts/deliveries/{id}/discard",
  listUserActivity: "GET /v1/users/{id}/activity",
  listUserSessions: "GET /v1/users/{id}/sessions",
  getUserStats: "GET /v1/users/{id}/stats",
  getUserDays: "GET /v1/users/{id}/days",
  listPageViews: "GET /v1/pages",
  listStreams: "GET /v1/streams",
  getStreamMetrics: "GET /v1/streams/{stream}/metrics",
  getStreamTimeseries: "GET /v1/streams/{stream}/timeseries",
  getStreamBreakdown: "GET /v1/streams/{stream}/breakdown/{dimension}",
  getStreamTop: "GET /v1/streams/{stream}/top",
  getStreamActive: "GET /v1/streams/{stream}/active",
  listStreamEvents: "GET /v1/streams/{stream}/events",
  getStreamEvent: "GET /v1/streams/{stream}/events/{id}",
  getPlatform: "GET /v1/platform",
  getPlatformHistory: "GET /v1/platform/history",
  streamContent: "GET /v1/live/content/{id}",
  streamLeaderboard: "GET /v1/live/leaderboard",
  streamPlatform: "GET /v1/live/platform",
  streamActivity: "GET /v1/live/activity",
  streamRequest: "GET /v1/live/requests/{id}",
  streamFigures: "GET /v1/streams/{stream}/live",
  streamTop: "GET /v1/streams/{stream}/top/live",
  listTopics: "GET /v1/admin/topics",
  getTopic: "GET /v1/admin/topics/{topic}",
  listMessages: "GET /v1/admin/topics/{topic}/messages",
  listSubjects: "GET /v1/admin/schemas",
  getSubject: "GET /v1/admin/schemas/{subject}",
  listConsumerGroups: "GET /v1/admin/groups",
  getPipeline: "GET /v1/admin/pipeline",
  listDeadLetters: "GET /v1/admin/dead-letters",
  getDeadLetter: "GET /v1/admin/dead-letters/{id}",
  redriveDeadLetter: "POST /v1/admin/dead-letters/{id}/redrive",
  redriveDeadLetters: "POST /v1/admin/dead-letters/redrive",
  discardDeadLetter: "POST /v1/admin/dead-letters/{id}/discard",
  discardDeadLetters: "POST /v1/admin/dead-letters/discard",
  listBackfills: "GET /v1/admin/backfills",
  pauseBackfill: "POST /v1/admin/backfills/{id}/pause",
  resumeBackfill: "POST /v1/admin/backfills/{id}/resume",
  cancelBackfill: "POST /v1/admin/backfills/{id}/cancel",
  getTrace: "GET /v1/admin/trace/{stream}/{id}",
  listSchedules: "GET /v1/admin/schedules",
  listJobRuns: "GET /v1/admin/schedules/{job}/runs",
  runJob: "POST /v1/admin/schedules/{job}/run",
  pauseJob: "POST /v1/admin/schedules/{job}/pause",
  resumeJob: "POST /v1/admin/schedules/{job}/resume",
  graphql: "POST /graphql",
} as const satisfies Readonly<Record<string, keyof Operations>>
