/**
 * Publishes dead letters of the sink. Any failure ends the publisher; the next call opens another, so a letter may be
 * there twice, and is told apart by its source offset.
 */
import {sinkLetterTopic} from '../../contracts/topics.ts'
import type {Publisher} from '../../platform/kafka.ts'
import {createTurns} from '../../platform/turns.ts'
import {toOutgoing, type SinkLetter} from './dead-letters.ts'

export interface LetterPublisher {
  publish(letters: readonly SinkLetter[]): Promise<void>
  close(): Promise<void>
}

export function createLetterPublisher(
  open: () => Promise<Publisher>,
  now: () => number,
): LetterPublisher {
  const turns = createTurns()
  let publisher: Publisher | undefined
  const close = async (): Promise<void> => {
    const old = publisher
    publisher = undefined
    await old?.close()
  }
  return {
    publish: letters =>
      turns.run(async () => {
        const byTopic = Map.groupBy(letters, ({source}) => sinkLetterTopic(source.topic))
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
      }),
    close: () => turns.run(close),
  }
}
