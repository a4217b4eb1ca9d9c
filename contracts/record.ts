/** The part of a Kafka record that is the same in every stream. */

/** c insert, u update, d delete, r re-read (backfill, re-drive, re-enrichment). */
export type Op = 'c' | 'u' | 'd' | 'r'

export interface RecordMeta {
  readonly op: Op
  /** Position in the outbox. With `created_at` it is the identity of the record. */
  readonly outbox_id: number
  /** When the trigger wrote the outbox row, microseconds since 1970. */
  readonly created_at: number
  /** Number of lanes when this was published: a power of two. */
  readonly lanes: number
  /** `hash & (lanes - 1)`. */
  readonly lane: number
  /** Epoch of the lane's owner: only grows, globally. */
  readonly epoch: number
  /** True when an earlier owner may have published this row already. False means: new. */
  readonly redelivered: boolean
}

/**
 * A decoded record. The columns are the row after the change; for `d` the row that was deleted.
 * `before` is the row before the change for `u` and `d`, else null; null too where that could not be carried: of
 * a `d` then only the id and the key are those of the row.
 */
export type StreamRecord<Row> = Row & RecordMeta & {readonly before: Row | null}
