/**
 * Sends through kafkajs.
 *
 * Does not      retry, or choose partitions.
 */
import kafkajs, {type Message} from 'kafkajs'
import type {KafkaConnection} from './connections.ts'
import {PipelineError} from './errors.ts'
import {classify, REQUEST_TIMEOUT_MS, toClient, type ClientOptions} from './kafka-kafkajs-client.ts'
import type {OutgoingRecord, Publisher} from './kafka.ts'

/** Below the broker's message.max.bytes (1 MiB), frames of the protocol included. */
const CHUNK_BYTES = 900_000

const bytesOf = (record: OutgoingRecord): number =>
  (record.value?.length ?? 0) + (record.key?.length ?? 0) + 100

/**
 * Parts of a batch that fit into one request: at most `CHUNK_BYTES` for a partition. The records of
 * one partition stay in order, since the parts are sent one after the other.
 */
export function splitBatch<R extends OutgoingRecord>(
  batch: readonly {readonly topic: string; readonly records: readonly R[]}[],
): readonly (readonly {readonly topic: string; readonly records: readonly R[]}[])[] {
  const parts: Array<Map<string, R[]>> = []
  const place = new Map<string, {part: number; bytes: number}>()
  for (const {topic, records} of batch) {
    for (const record of records) {
      const name = `${topic}/${record.partition}`
      const at = place.get(name) ?? {part: 0, bytes: 0}
      const bytes = bytesOf(record)
      if (at.bytes > 0 && at.bytes + bytes > CHUNK_BYTES) {
        at.part += 1
        at.bytes = 0
      }
      at.bytes += bytes
      place.set(name, at)
      const part = (parts[at.part] ??= new Map<string, R[]>())
      const list = part.get(topic)
      if (list === undefined) part.set(topic, [record])
      else list.push(record)
    }
  }
  return parts.map(part => [...part].map(([topic, records]) => ({topic, records})))
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
  const producer = toClient(connection, options).producer({
    allowAutoTopicCreation: false,
    idempotent: false,
    maxInFlightRequests: 1,
    retry: {retries: 0},
    createPartitioner: () => () => {
      throw new PipelineError('STATE_CONTRADICTS', 'a record has no partition', {
        disposition: 'stop',
      })
    },
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
