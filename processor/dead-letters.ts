/**
 * Puts records that can never succeed aside, with the bytes as they came and the reason.
 *
 * Guarantees    INV-42: a record is put aside before the partition is committed past it; too many in
 *               a row stop the processor instead of draining the topic.
 */
import {DEAD_LETTER_HEADERS} from '../contracts/headers.ts'
import {PipelineError} from '../platform/errors.ts'

/** A record as it came. */
export interface SourceRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestampMs: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Readonly<Record<string, Buffer | string | undefined>>
}

export interface DeadLetter {
  readonly source: SourceRecord
  /** A code of `platform/errors.ts`. */
  readonly reason: string
  readonly message: string
}

export interface OutgoingDeadLetter {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Readonly<Record<string, Buffer | string>>
  readonly partition: number
}

const MESSAGE_CHARS_MAX = 1000

/** The record for `<topic>.dlq`: original key, value and headers, and why and where from. */
export function toOutgoing(
  {source, reason, message}: DeadLetter,
  nowMs: number,
): OutgoingDeadLetter {
  const headers: Record<string, Buffer | string> = {}
  for (const [name, value] of Object.entries(source.headers)) {
    if (value !== undefined) headers[name] = value
  }
  headers[DEAD_LETTER_HEADERS.reason] = reason
  headers[DEAD_LETTER_HEADERS.message] = message.slice(0, MESSAGE_CHARS_MAX)
  headers[DEAD_LETTER_HEADERS.topic] = source.topic
  headers[DEAD_LETTER_HEADERS.partition] = String(source.partition)
  headers[DEAD_LETTER_HEADERS.offset] = String(source.offset)
  headers[DEAD_LETTER_HEADERS.failedAt] = new Date(nowMs).toISOString()
  return {key: source.key, value: source.value, headers, partition: source.partition}
}

export interface Breaker {
  /** Counts outcomes in their order. Throws `LIMIT_REACHED` when too many in a row failed. */
  note(outcome: 'ok' | DeadLetter): void
}

export function createBreaker(inARowMax: number): Breaker {
  let inARow = 0
  return {
    note(outcome) {
      if (outcome === 'ok') {
        inARow = 0
        return
      }
      inARow += 1
      if (inARow <= inARowMax) return
      const {source, reason, message} = outcome
      throw new PipelineError(
        'LIMIT_REACHED',
        `${inARow} records in a row of ${source.topic}/${source.partition} cannot be processed; ` +
          `the last, at offset ${source.offset}: ${reason} ${message}`,
        {disposition: 'stop'},
      )
    },
  }
}
