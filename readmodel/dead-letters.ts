/** Records that can never succeed, with the bytes as they came, beside the topic they came from: of any reader. */
import {DEAD_LETTER_HEADERS} from '../contracts/headers.ts'
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

/** Original key, value and headers, with why and where from. */
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

export interface DeadLetterPublisher {
  publish(letters: readonly DeadLetter[]): Promise<void>
  close(): Promise<void>
}

export interface DeadLetterDeps {
  readonly open: () => Promise<Publisher>
  readonly now: () => number
  /** Where letters of a topic go. */
  readonly topicOf: (topic: string) => string
}

/**
 * Publishes dead letters beside the topics they came from. Any failure ends the publisher; the next call opens
 * another, so a letter may be there twice, and is told apart by its source offset.
 */
export function createDeadLetterPublisher({
  open,
  now,
  topicOf,
}: DeadLetterDeps): DeadLetterPublisher {
  const turns = createTurns()
  let publisher: Publisher | undefined
  const close = async (): Promise<void> => {
    const old = publisher
    publisher = undefined
    await old?.close()
  }
  const send = async (letters: readonly DeadLetter[]): Promise<void> => {
    const byTopic = Map.groupBy(letters, ({source}) => topicOf(source.topic))
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
