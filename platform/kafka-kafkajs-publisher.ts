/**
 * Sends through kafkajs.
 *
 * Does not      retry, or choose partitions.
 */
import type {Message} from 'kafkajs'
import type {KafkaConnection} from './connections.ts'
import {PipelineError} from './errors.ts'
import {classify, REQUEST_TIMEOUT_MS, toClient, type ClientOptions} from './kafka-kafkajs-client.ts'
import {isKnownVersion, kafkajs} from './kafka-kafkajs-library.ts'
import {requireAnswers, splitBatch} from './kafka-chunks.ts'
import type {OutgoingRecord, Publisher} from './kafka.ts'

/** The library asks for every record; ours say where they go. */
function partitionGiven({message}: {readonly message: Message}): number {
  if (message.partition !== undefined) return message.partition
  throw new PipelineError('STATE_CONTRADICTS', 'a record has no partition', {disposition: 'stop'})
}

/**
 * The library groups the messages of a topic by copying a partition's list for every message: half of
 * the time of a send, at 300 messages a partition. Its one call of `reduce` gets groups made at once.
 */
function toMessages(records: readonly OutgoingRecord[]): Message[] {
  // Their shapes are the same, and the library changes nothing in them.
  const messages = [...records] as Message[]
  if (!isKnownVersion) return messages
  return Object.defineProperty(messages, 'reduce', {
    value: () => Object.groupBy(messages, partitionOf),
  })
}

const partitionOf = (message: Message): number => partitionGiven({message})

export async function openKafkajsPublisher(
  connection: KafkaConnection,
  options: ClientOptions,
): Promise<Publisher> {
  const producer = toClient(connection, {...options, retries: 0}).producer({
    allowAutoTopicCreation: false,
    idempotent: false,
    maxInFlightRequests: 1,
    retry: {retries: 0},
    createPartitioner: () => partitionGiven,
  })
  try {
    await producer.connect()
  } catch (error) {
    await producer.disconnect().catch(() => undefined)
    throw classify(error, 'producer')
  }
  const timeoutMs = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS
  let broken: PipelineError | undefined
  return {
    maxOutstandingMs: timeoutMs,
    async send(batch) {
      if (broken !== undefined) throw broken
      try {
        for (const part of splitBatch(batch)) {
          const answers = await producer.sendBatch({
            acks: -1,
            timeout: timeoutMs,
            compression: kafkajs.CompressionTypes.None,
            topicMessages: part.map(({topic, records}) => ({
              topic,
              messages: toMessages(records),
            })),
          })
          requireAnswers(
            part,
            answers.map(({topicName, partition}) => ({topic: topicName, partition})),
          )
        }
      } catch (error) {
        broken = classify(error, 'send')
        throw broken
      }
    },
    close: () => producer.disconnect(),
  }
}
