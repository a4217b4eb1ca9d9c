/** Events that the other system never takes, beside the topic they came from: `<topic>.sink.dlq`. Pure. */
import {DEAD_LETTER_HEADERS} from '../../contracts/headers.ts'
import type {ConsumedRecord, OutgoingRecord} from '../../platform/kafka.ts'

export interface SinkLetter {
  /** The record as it came. */
  readonly source: ConsumedRecord
  /** A code of `platform/errors.ts`. */
  readonly reason: string
  readonly message: string
}

const MESSAGE_CHARS_MAX = 1000

/** Original key, value and headers, with why and where from. */
export function toOutgoing(letter: SinkLetter, nowMs: number): OutgoingRecord {
  const {source, reason, message} = letter
  const kept = Object.entries(source.headers).filter(([, value]) => value !== undefined)
  return {
    key: source.key,
    value: source.value,
    partition: source.partition,
    headers: {
      ...(Object.fromEntries(kept) as Record<string, Buffer | string>),
      [DEAD_LETTER_HEADERS.reason]: reason,
      [DEAD_LETTER_HEADERS.message]: message.slice(0, MESSAGE_CHARS_MAX),
      [DEAD_LETTER_HEADERS.topic]: source.topic,
      [DEAD_LETTER_HEADERS.partition]: String(source.partition),
      [DEAD_LETTER_HEADERS.offset]: String(source.offset),
      [DEAD_LETTER_HEADERS.failedAt]: new Date(nowMs).toISOString(),
    },
  }
}
