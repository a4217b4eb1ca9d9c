/**
 * Publishes dead letters to `<topic>.dlq`. Any failure ends the publisher; the next call opens
 * another, so a letter may be there twice, and is told apart by its source offset.
 */
import {deadLetterTopic} from '../contracts/topics.ts'
import type {Publisher} from '../platform/kafka.ts'
import {toOutgoing, type DeadLetter} from './dead-letters.ts'
import {createTurns} from './turns.ts'

export interface DeadLetterPublisher {
  publish(letters: readonly DeadLetter[]): Promise<void>
  close(): Promise<void>
}

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
