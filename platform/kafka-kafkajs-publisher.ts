/**
 * Sends through kafkajs.
 *
 * Does not      retry, or choose partitions.
 */
import kafkajs, {type Message} from 'kafkajs'
import type {KafkaConnection} from './connections.ts'
import {PipelineError} from './errors.ts'
import {classify, REQUEST_TIMEOUT_MS, toClient, type ClientOptions} from './kafka-kafkajs-client.ts'
import {splitBatch} from './kafka-chunks.ts'
import type {OutgoingRecord, Publisher} from './kafka.ts'

/** The library asks for every record; ours say where they go. */
function partitionGiven({message}: {readonly message: Message}): number {
  if (message.partition !== undefined) return message.partition
  throw new PipelineError('STATE_CONTRADICTS', 'a record has no partition', {disposition: 'stop'})
}

const toMessage = (record: OutgoingRecord): Message => ({
  key: record.key,
  value: record.value,
  partition: record.partition,
  ...(record.headers === undefined ? {} : {headers: {...record.headers}}),
})

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
          await producer.sendBatch({
            acks: -1,
            timeout: timeoutMs,
            compression: kafkajs.CompressionTypes.None,
            topicMessages: part.map(({topic, records}) => ({
              topic,
              messages: records.map(toMessage),
            })),
          })
        }
      } catch (error) {
        broken = classify(error, 'send')
        throw broken
      }
    },
    close: () => producer.disconnect(),
  }
}
