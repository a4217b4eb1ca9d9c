/** Header names on records, in one place for both sides of Kafka. */

/** Why and where from, on every record of a dead-letter topic. */
export const DEAD_LETTER_HEADERS = {
  reason: 'dlq-reason',
  message: 'dlq-message',
  topic: 'dlq-source-topic',
  partition: 'dlq-source-partition',
  offset: 'dlq-source-offset',
  failedAt: 'dlq-failed-at',
} as const

export const TRACEPARENT = 'traceparent'

/**
 * On records that a rebuild writes: which generation of the read model they fill, by its space. Every other
 * one has counted the row when it changed, and passes them over.
 */
export const GENERATION = 'generation'

/** On records that a backfill read, by its number: rows that nobody changed. */
export const BACKFILL = 'backfill'

/**
 * On a record that was sent only because something was found wrong: its row is put, and it changes no number.
 * Its value is JSON, see `readRepair`.
 */
export const REPAIR = 'repair'
