/** The pipeline from inside, as the admin routes of the API describe it. */

export interface Pipeline {
  readonly outbox: {
    readonly unpublished: number | null
    readonly oldest_seconds: number | null
  }
  readonly lanes: readonly Lane[]
  readonly partitions: readonly PartitionLag[]
  readonly lag_records: number | null
  readonly stores: readonly Store[]
  readonly services: readonly Service[]
  readonly dead_letters: {readonly outbox: number | null; readonly topics: number | null}
}

export interface Lane {
  readonly lane: number
  readonly lanes: number
  readonly epoch: string
  readonly owner: string | null
  readonly updated_at: string | null
}

export interface PartitionLag {
  readonly topic: string
  readonly partition: number
  /** -1: nothing committed yet. */
  readonly committed: number
  readonly end: number
  readonly lag: number
}

export interface Store {
  readonly name: string
  readonly ok: boolean
  readonly milliseconds: number | null
}

export interface Service {
  readonly name: string
  readonly url: string
  /** Null when it does not answer. */
  readonly ready: boolean | null
  readonly reasons: readonly string[]
  readonly details: unknown
}

export interface TopicSummary {
  readonly topic: string
  readonly partitions: number
  readonly records: number | null
}

export interface PartitionRange {
  readonly partition: number
  readonly begin: number
  readonly end: number
}

export interface Topic {
  readonly topic: string
  readonly partitions: readonly PartitionRange[]
  readonly config: Readonly<Record<string, string>>
  readonly subject: string | null
}

export interface Group {
  readonly group: string
  readonly lag: number
  readonly partitions: readonly PartitionLag[]
}

export interface Message {
  readonly partition: number
  readonly offset: number
  readonly timestamp: string
  readonly key: string | null
  readonly value: unknown
  readonly schema_id: number | null
  /** Why the value could not be decoded. */
  readonly error: string | null
  readonly headers: Readonly<Record<string, string>>
  readonly value_bytes: number
  /** Base64, at most the first 64 KiB. */
  readonly raw: string | null
}

export interface MessageList {
  readonly items: readonly Message[]
  readonly partitions: readonly PartitionRange[]
  /** A search by key stopped before it saw everything. */
  readonly incomplete: boolean
}

export interface Subject {
  readonly subject: string
  readonly versions: readonly number[]
}

export interface SubjectVersions {
  readonly subject: string
  readonly versions: readonly {
    readonly version: number
    readonly id: number
    readonly schema: unknown
  }[]
}

export interface DeadLetter {
  readonly id: string
  readonly origin: string
  readonly topic: string
  readonly key: string | null
  readonly reason: string
  readonly message: string
  readonly failed_at: string | null
  readonly resolution: string | null
  readonly payload: unknown
}

export interface TraceStage {
  readonly stage: string
  /** Null when the store does not answer. */
  readonly found: boolean | null
  readonly at: string | null
  readonly note: string | null
  readonly data: unknown
}

export interface Trace {
  readonly stream: string
  readonly event_id: number
  readonly stages: readonly TraceStage[]
  readonly commit_to_visible_ms: number | null
}
