/** What a simulation writes: the streams, and the rows of their tables. */

export const STREAM_NAMES = [
  'engagement',
  'activity',
  'users',
  'orders',
  'readings',
  'logs',
] as const

export type StreamName = (typeof STREAM_NAMES)[number]

export interface ContentRow {
  readonly id: string
  readonly slug: string
  readonly title: string
  readonly content_type: 'podcast' | 'newsletter' | 'video'
  readonly length_seconds: number | null
  readonly published_days_ago: number
}

export interface EngagementRow {
  readonly content_id: string
  readonly user_id: string | null
  readonly event_type: 'play' | 'pause' | 'finish' | 'click'
  readonly event_ts: string
  readonly duration_ms: number | null
  readonly device: string
  readonly raw_payload: Readonly<Record<string, unknown>> | null
}

export interface PageViewRow {
  readonly user_id: string
  readonly activity_type: 'page_view'
  readonly occurred_at: string
  readonly metadata: Readonly<Record<string, unknown>>
}

export interface UserRow {
  readonly id: string
  readonly name: string
  readonly email: string
  readonly gender: string
  readonly age: number | null
  readonly country: string
  readonly city: string
  readonly registered_at: string
}

export interface OrderLineRow {
  readonly order_id: string
  readonly user_id: string | null
  readonly product: string
  readonly category: string
  readonly price: number
  readonly quantity: number
  readonly place: string
  readonly ordered_at: string
}

export interface ReadingRow {
  readonly device: string
  readonly sensor: string
  readonly value: number
  readonly unit: string
  readonly measured_at: string
}

export interface LogRow {
  readonly service: string
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'fatal'
  readonly message: string
  readonly logged_at: string
}

/** A line of an order that was written earlier, found by what no other line has. */
export type LineKey = Pick<OrderLineRow, 'order_id' | 'product'>

export type Change =
  | {readonly stream: 'engagement'; readonly op: 'insert'; readonly row: EngagementRow}
  | {readonly stream: 'activity'; readonly op: 'insert'; readonly row: PageViewRow}
  | {readonly stream: 'users'; readonly op: 'insert'; readonly row: UserRow}
  | {readonly stream: 'orders'; readonly op: 'insert'; readonly row: OrderLineRow}
  | {
      readonly stream: 'orders'
      readonly op: 'update'
      readonly row: LineKey & Pick<OrderLineRow, 'price' | 'quantity'>
    }
  | {readonly stream: 'orders'; readonly op: 'delete'; readonly row: LineKey}
  | {readonly stream: 'readings'; readonly op: 'insert'; readonly row: ReadingRow}
  | {readonly stream: 'logs'; readonly op: 'insert'; readonly row: LogRow}

/** Rows of one or several streams, one thing after the other. */
export interface Source {
  /**
   * What happens next, at that moment, in milliseconds since 1970: nothing where somebody is silent, several
   * changes where they belong together.
   */
  next(atMs: number): readonly Change[]
}

export const momentOf = (atMs: number): string => new Date(atMs).toISOString()
