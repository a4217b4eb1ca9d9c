/**
 * Puts records that can never succeed aside, with the bytes as they came and the reason.
 *
 * Guarantees    INV-42: a record is put aside before the partition is committed past it; too many unreadable
 *               ones in a row stop the partition instead of draining it.
 */
import {DEAD_LETTER_HEADERS} from '../contracts/headers.ts'
import {deadLetterTopic} from '../contracts/topics.ts'
import {PipelineError} from '../platform/errors.ts'
import type {ConsumedRecord, OutgoingRecord, Publisher} from '../platform/kafka.ts'
import {createTurns} from '../platform/turns.ts'

export interface DeadLetter {
  /** The record as it came. */
  readonly source: ConsumedRecord
  /** A code of `platform/errors.ts`. */
  readonly reason: string
  readonly message: string
}

const MESSAGE_CHARS_MAX = 1000

/** The record for `<topic>.dlq`: original key, value and headers, and why and where from. */
export function toOutgoing(
  {source, reason, message}: DeadLetter,
  nowMs: number,
): Required<OutgoingRecord> {
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

/** The record was read, and cannot be accepted. */
export const RULE_BROKEN = 'RULE_BROKEN'

export interface Breaker {
  /**
   * Counts outcomes in their order. A record that breaks a rule could be read: the topic is what it should be.
   *
   * @throws `LIMIT_REACHED` when too many in a row could not be read
   */
  note(outcome: 'ok' | DeadLetter): void
}

export function createBreaker(inARowMax: number): Breaker {
  let inARow = 0
  return {
    note(outcome) {
      if (outcome === 'ok' || outcome.reason === RULE_BROKEN) {
        inARow = 0
        return
      }
      inARow += 1
      if (inARow <= inARowMax) return
      const {source, reason, message} = outcome
      throw new PipelineError(
        'LIMIT_REACHED',
        `${inARow} records in a row cannot be read; ` +
          `the last, at offset ${source.offset}: ${reason} ${message}`,
        {disposition: 'stop'},
      )
    },
  }
}

export interface DeadLetterPublisher {
  publish(letters: readonly DeadLetter[]): Promise<void>
  close(): Promise<void>
}

/**
 * Publishes dead letters to `<topic>.dlq`. Any failure ends the publisher; the next call opens
 * another, so a letter may be there twice, and is told apart by its source offset.
 */
export function createDeadLetterPublisher(
  open: () => Promise<Publisher>,
  now: () => number,
): DeadLetterPublisher {
  const turns = createTurns()
  let publisher: Publisher | undefined
  const close = async (): Promise<void> => {
    const old = publisher
    publisher = undefined
    await old?.close()
  }
  const send = async (letters: readonly DeadLetter[]): Promise<void> => {
    const byTopic = Map.groupBy(letters, ({source}) => deadLetterTopic(source.topic))
    publisher ??= await open()
    try {
      await publisher.send(
        [...byTopic].map(([topic, some]) => ({
          topic,
          records: some.map(letter => toOutgoing(letter, now())),
        })),
      )
    } catch (error) {
      await close().catch(() => undefined)
      throw error
    }
  }
  return {publish: letters => turns.run(() => send(letters)), close: () => turns.run(close)}
}
