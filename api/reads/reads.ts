/** What can be read, whichever store answers. Routes, GraphQL and live streams know only this. */
import type {EventId} from '../../readmodel/raw-table.ts'
import type {Bucket} from '../calendar.ts'
import type {ContentTable} from '../content-table.ts'
import type {MetricName, MetricValues} from '../measures.ts'
import type {Period} from '../period.ts'
import type {Query} from '../query/read.ts'
import type {Meta} from '../schemas/common.ts'
import type {Content} from '../schemas/content.ts'
import type {EventView} from '../schemas/events.ts'
import type {BREAKDOWNS, MetricsView, RetentionView} from '../schemas/metrics.ts'
import type {ActivityView} from '../schemas/users.ts'
import type {ListPosition, ListRequest} from './events.ts'

export interface Answered<T> {
  readonly value: T
  readonly meta: Meta
}

export interface SeriesBucket extends Bucket {
  readonly metrics: MetricValues
}

export interface PageOf<T, Position> {
  readonly items: readonly T[]
  /** Where the next page starts, or null on the last. */
  readonly next: Position | null
}

export interface EventPageRequest extends ListRequest {
  readonly eventType: string | undefined
}

export interface TopRow {
  readonly rank: number
  readonly content: Content
  readonly value: number | string | null
  /** Those that were asked for. */
  readonly metrics?: MetricsView
}

export interface TopOptions {
  /** Read now, not shared with who asked a moment ago. */
  readonly after?: boolean
  /** Figures of each content, beside what is compared. */
  readonly metrics?: readonly MetricName[] | undefined
}

export interface Reads {
  /** Their table, as it is in PostgreSQL. */
  readonly contents: Pick<ContentTable, 'list' | 'read'>
  /** One content, or undefined. From a short memory, PostgreSQL, or Cassandra when it is away. */
  content(id: string): Promise<Content | undefined>
  /**
   * Totals when the period is everything.
   *
   * @param metrics that are wanted; all when left out. Others are null then, in series and breakdowns too
   */
  metrics(
    content: Content,
    period: Period,
    metrics?: readonly MetricName[],
  ): Promise<Answered<MetricValues>>
  /** Totals of many contents, for lists. */
  totals(contents: readonly Content[]): Promise<Answered<ReadonlyMap<string, MetricValues>>>
  series(
    content: Content,
    buckets: readonly Bucket[],
    metrics?: readonly MetricName[],
  ): Promise<Answered<readonly SeriesBucket[]>>
  breakdown(
    content: Content,
    dimension: (typeof BREAKDOWNS)[number],
    period: Period,
    metrics?: readonly MetricName[],
  ): Promise<Answered<readonly {readonly value: string | null; readonly metrics: MetricValues}[]>>
  retention(content: Content): Promise<Answered<RetentionView>>
  events(
    content: Content,
    request: EventPageRequest,
  ): Promise<Answered<PageOf<EventView, ListPosition>>>
  event(id: EventId): Promise<Answered<EventView> | undefined>
  top(
    by: MetricName,
    period: Period | 'window',
    limit: number,
    options?: TopOptions,
  ): Promise<Answered<readonly TopRow[]>>
  activeUsers(): Promise<Answered<{readonly users: number; readonly windowSeconds: number}>>
  readonly query: Query
  userActivity(
    user: string,
    request: {readonly limit: number; readonly after: ListPosition | undefined},
  ): Promise<Answered<PageOf<ActivityView, ListPosition>>>
  userDays(
    user: string,
    range: {readonly from: string | null; readonly to: string | null},
  ): Promise<
    Answered<
      readonly {readonly day: string; readonly activity_type: string; readonly count: number}[]
    >
  >
  /** How often a user did what, over all time. */
  userTypes(user: string): Promise<Answered<ReadonlyMap<string, number>>>
  /** Microseconds since 1970. */
  userLastSeen(user: string): Promise<number | null>
  pages(): Promise<Answered<ReadonlyMap<string, number>>>
}
