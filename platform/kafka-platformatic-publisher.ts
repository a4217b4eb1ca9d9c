/**
 * Sends through @platformatic/kafka.
 *
 * Does not      retry, or choose partitions.
 */
import {ProduceAcks, Producer, type BaseOptions} from '@platformatic/kafka'
import type {KafkaConnection} from './connections.ts'
import {messageOf, PipelineError} from './errors.ts'
import {requireAnswers, splitBatch} from './kafka-chunks.ts'
import type {OutgoingRecord, Publisher, TopicRecords} from './kafka.ts'

const REQUEST_TIMEOUT_MS = 10_000

const MECHANISMS = {
  plain: 'PLAIN',
  'scram-sha-256': 'SCRAM-SHA-256',
  'scram-sha-512': 'SCRAM-SHA-512',
} as const

export function toPlatformaticOptions(
  {brokers, tls, sasl}: KafkaConnection,
  clientId: string,
  requestTimeoutMs: number,
): BaseOptions {
  const base = {
    clientId,
    bootstrapBrokers: [...brokers],
    connectTimeout: 5_000,
    requestTimeout: requestTimeoutMs,
    timeout: requestTimeoutMs,
    autocreateTopics: false,
    ...(tls ? {tls: {}} : {}),
  }
  if (sasl === undefined) return base
  const {mechanism, username, password} = sasl
  return {...base, sasl: {mechanism: MECHANISMS[mechanism], username, password}}
}

/** Every error and what it is made of: the client wraps answers of several brokers. */
function parts(error: unknown): readonly unknown[] {
  const inner = (error as {errors?: readonly unknown[]} | null)?.errors ?? []
  const cause = (error as {cause?: unknown} | null)?.cause
  return [error, ...inner.flatMap(parts), ...(cause === undefined ? [] : parts(cause))]
}

export function classifyPlatformatic(error: unknown, what: string): PipelineError {
  if (error instanceof PipelineError) return error
  const all = parts(error)
  const ids = all.map(one => (one as {apiId?: string} | null)?.apiId ?? '')
  const text = all.map(messageOf).join(' ')
  const message = `Kafka ${what}: ${messageOf(all.at(-1))}`
  const has = (pattern: RegExp): boolean => ids.some(id => pattern.test(id)) || pattern.test(text)
  if (has(/UNKNOWN_TOPIC|INVALID_TOPIC|Unknown topic/)) {
    return new PipelineError('TOPIC_UNKNOWN', message, {disposition: 'dead-letter', cause: error})
  }
  if (has(/MESSAGE_TOO_LARGE|RECORD_LIST_TOO_LARGE/)) {
    return new PipelineError('RECORD_TOO_LARGE', message, {
      disposition: 'dead-letter',
      cause: error,
    })
  }
  if (has(/AUTHORIZATION|SASL|AUTHENTICATION/)) {
    return new PipelineError('UPSTREAM_REFUSED', message, {disposition: 'stop', cause: error})
  }
  return new PipelineError('UPSTREAM_UNAVAILABLE', message, {disposition: 'retry', cause: error})
}

type Key = Buffer | string | undefined

const toMessage = (topic: string, record: OutgoingRecord) => ({
  topic,
  partition: record.partition,
  ...(record.key === null ? {} : {key: record.key}),
  ...(record.value === null ? {} : {value: record.value}),
  ...(record.headers === undefined ? {} : {headers: toHeaders(record.headers)}),
})

const toHeaders = (headers: Readonly<Record<string, Buffer | string>>): Map<Buffer, Buffer> =>
  new Map(
    Object.entries(headers).map(([name, value]) => [
      Buffer.from(name),
      typeof value === 'string' ? Buffer.from(value) : value,
    ]),
  )

const asIs = (value?: Buffer): Buffer | undefined => value
const textOrBytes = (value: Key): Buffer | undefined =>
  typeof value === 'string' ? Buffer.from(value) : value

/** The client takes a partition number modulo the count: the record would land in another one. */
async function requirePartitions(
  producer: Producer<Key>,
  request: readonly TopicRecords[],
): Promise<void> {
  const {topics} = await producer.metadata({topics: request.map(({topic}) => topic)})
  for (const {topic, records} of request) {
    const count = topics.get(topic)?.partitionsCount ?? 0
    const outside = records.find(({partition}) => partition >= count)
    if (outside === undefined) continue
    throw new PipelineError(
      'UPSTREAM_UNAVAILABLE',
      `topic ${topic} has ${count} partitions, none of them is ${outside.partition}`,
      {disposition: 'retry'},
    )
  }
}

/** @throws `UPSTREAM_UNAVAILABLE` when no broker answers */
export async function openPlatformaticPublisher(
  connection: KafkaConnection,
  options: {readonly clientId: string; readonly requestTimeoutMs?: number},
): Promise<Publisher> {
  const timeoutMs = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS
  const producer = new Producer<Key>({
    ...toPlatformaticOptions(connection, options.clientId, timeoutMs),
    acks: ProduceAcks.ALL,
    idempotent: false,
    retries: 0,
    repeatOnStaleMetadata: false,
    serializers: {key: textOrBytes, value: asIs, headerKey: asIs, headerValue: asIs},
  })
  // Told by every call as well; without a listener it would end the process.
  producer.on('error' as never, () => undefined)
  try {
    await producer.metadata({topics: []})
  } catch (error) {
    await producer.close().catch(() => undefined)
    throw classifyPlatformatic(error, 'producer')
  }
  let broken: PipelineError | undefined
  return {
    maxOutstandingMs: timeoutMs,
    async send(batch) {
      if (broken !== undefined) throw broken
      try {
        for (const part of splitBatch(batch)) {
          const messages = part.flatMap(({topic, records}) =>
            records.map(record => toMessage(topic, record)),
          )
          await requirePartitions(producer, part)
          const {offsets = []} = await producer.send({messages})
          requireAnswers(part, offsets)
        }
      } catch (error) {
        broken = classifyPlatformatic(error, 'send')
        throw broken
      }
    },
    close: () => producer.close(),
  }
}
