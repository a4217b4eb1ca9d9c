/** The record reader over @platformatic/kafka, whose fetch needs no group. */
import {
  Consumer,
  ListOffsetTimestamps,
  stringDeserializer,
  type ConsumerOptions,
  type RecordsBatch,
} from '@platformatic/kafka'
import type {KafkaConnection} from './connections.ts'
import {messageOf, PipelineError} from './errors.ts'
import type {FetchedRecords, FetchFrom, RecordReader} from './kafka-reader.ts'
import type {ConsumedRecord} from './kafka.ts'

/** Attribute bits of a batch: records of transactions about themselves, and the clock that was used. */
const IS_CONTROL = 0b10_0000
const IS_LOG_APPEND_TIME = 0b1000
const OFFSET_OUT_OF_RANGE = 1

/** An offset that is gone is an answer here. */
function toOutOfRange(error: unknown): FetchResponse {
  const {errors = [], response} = error as {
    readonly errors?: readonly {readonly apiCode?: number}[]
    readonly response?: FetchResponse
  }
  const harmless = errors.length > 0 && errors.every(one => one.apiCode === OFFSET_OUT_OF_RANGE)
  if (response !== undefined && harmless) return response
  throw error
}

export function createRecordReader(connection: KafkaConnection, clientId: string): RecordReader {
  const consumer = new Consumer(toOptions(connection, clientId))
  // Told by every call as well; without a listener it would end the process.
  consumer.on('error' as never, () => undefined)

  const topicOf = async (topic: string): Promise<TopicNodes> => {
    const metadata = await consumer.metadata({topics: [topic]})
    const found = metadata.topics.get(topic)
    if (found === undefined) throw new Error('UNKNOWN_TOPIC')
    return {id: found.id, leaders: found.partitions.map(partition => partition.leader)}
  }

  const fetchFrom = async (
    node: number,
    wanted: readonly (FetchFrom & {readonly topicId: string})[],
    options: {readonly bytesMax: number; readonly waitMs: number},
  ): Promise<readonly FetchedRecords[]> => {
    const byTopic = Map.groupBy(wanted, one => one.topicId)
    const perPartition = Math.max(65_536, Math.floor(options.bytesMax / wanted.length))
    const answer = consumer.fetch({
      node,
      minBytes: 1,
      maxBytes: options.bytesMax,
      maxWaitTime: options.waitMs,
      topics: [...byTopic].map(([topicId, partitions]) => ({
        topicId,
        partitions: partitions.map(({partition, offset}) => ({
          partition,
          fetchOffset: BigInt(offset),
          currentLeaderEpoch: -1,
          lastFetchedEpoch: -1,
          partitionMaxBytes: perPartition,
        })),
      })),
    })
    return toFetched(await answer.catch(toOutOfRange), wanted)
  }
  /** The broker does not say where the log is when the asked offset is not in it. */
  const withBounds = async (answer: FetchedRecords): Promise<FetchedRecords> => {
    if (!answer.isGone) return answer
    const {topic, partition} = answer
    const ask = async (timestamp: bigint): Promise<number> => {
      const found = await consumer.listOffsets({topics: [topic], timestamp})
      return Number(found.get(topic)?.[partition] ?? -1)
    }
    const begin = await ask(ListOffsetTimestamps.EARLIEST)
    return {...answer, begin, end: await ask(ListOffsetTimestamps.LATEST)}
  }
  // The client keeps one fetch session per node: two requests at once would mix their partitions.
  let turn: Promise<unknown> = Promise.resolve()
  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work)
    turn = mine.catch(() => undefined)
    return await mine
  }

  return {
    async fetch(from, options) {
      return await guard(async () => {
        const topics = new Map<string, TopicNodes>()
        for (const {topic} of from) {
          if (!topics.has(topic)) topics.set(topic, await topicOf(topic))
        }
        const wanted = from.flatMap(one => {
          const nodes = topics.get(one.topic)!
          const leader = nodes.leaders[one.partition]
          return leader === undefined ? [] : [{...one, topicId: nodes.id, leader}]
        })
        const byNode = Map.groupBy(wanted, one => one.leader)
        const answers = [...byNode].map(([node, list]) =>
          inTurn(() => fetchFrom(node, list, options)),
        )
        const fetched = (await Promise.all(answers)).flat()
        return await Promise.all(fetched.map(withBounds))
      })
    },
    async offsetsAt(topic, timestampMs) {
      return await guard(async () => {
        const at = await consumer.listOffsetsWithTimestamps({
          topics: [topic],
          timestamp: BigInt(timestampMs),
        })
        const latest = await consumer.listOffsets({
          topics: [topic],
          timestamp: ListOffsetTimestamps.LATEST,
        })
        const ends = latest.get(topic) ?? []
        const found = at.get(topic)
        return new Map(
          ends.map((end, partition) => {
            const offset = found?.get(partition)?.offset ?? -1n
            return [partition, Number(offset < 0n ? end : offset)]
          }),
        )
      })
    },
    close: () => consumer.close(true),
  }
}

type FetchResponse = Awaited<ReturnType<Consumer['fetch']>>

interface TopicNodes {
  readonly id: string
  readonly leaders: readonly number[]
}

function toOptions(
  {brokers, tls, sasl}: KafkaConnection,
  clientId: string,
): ConsumerOptions<Buffer, Buffer, Buffer, Buffer> {
  const mechanisms = {
    plain: 'PLAIN',
    'scram-sha-256': 'SCRAM-SHA-256',
    'scram-sha-512': 'SCRAM-SHA-512',
  } as const
  const base = {
    clientId,
    // Never joined; the client asks for a name.
    groupId: `${clientId}-reader`,
    bootstrapBrokers: [...brokers],
    connectTimeout: 3000,
    requestTimeout: 10_000,
    timeout: 5000,
    retries: 1,
    metadataMaxAge: 30_000,
    autocreateTopics: false,
    ...(tls ? {tls: {}} : {}),
  }
  if (sasl === undefined) return base
  const {username, password} = sasl
  return {...base, sasl: {mechanism: mechanisms[sasl.mechanism], username, password}}
}

function toRecords(batch: RecordsBatch, {topic, partition, offset}: FetchFrom): ConsumedRecord[] {
  if ((batch.attributes & IS_CONTROL) !== 0) return []
  const appended = (batch.attributes & IS_LOG_APPEND_TIME) !== 0
  return batch.records
    .map(record => ({
      topic,
      partition,
      offset: Number(batch.firstOffset) + record.offsetDelta,
      timestampMs: Number(
        appended ? batch.maxTimestamp : batch.firstTimestamp + record.timestampDelta,
      ),
      key: record.key,
      value: record.value,
      headers: Object.fromEntries(
        record.headers.map(([name, value]) => [
          stringDeserializer(name ?? undefined) ?? '',
          value ?? undefined,
        ]),
      ),
    }))
    .filter(record => record.offset >= offset)
}

function toFetched(
  response: FetchResponse,
  wanted: readonly (FetchFrom & {readonly topicId: string})[],
): readonly FetchedRecords[] {
  return response.responses.flatMap(topic =>
    topic.partitions.flatMap(answer => {
      const asked = wanted.find(
        one => one.topicId === topic.topicId && one.partition === answer.partitionIndex,
      )
      if (asked === undefined) return []
      const isGone = answer.errorCode === OFFSET_OUT_OF_RANGE
      const batches = isGone ? [] : (answer.records ?? [])
      const last = batches.at(-1)
      return [
        {
          topic: asked.topic,
          partition: asked.partition,
          records: batches.flatMap(batch => toRecords(batch, asked)),
          next:
            last === undefined ? asked.offset : Number(last.firstOffset) + last.lastOffsetDelta + 1,
          isGone,
          begin: Number(answer.logStartOffset),
          end: Number(answer.highWatermark),
        },
      ]
    }),
  )
}

async function guard<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const causes = (error as {errors?: readonly unknown[]}).errors ?? []
    const text = [error, ...causes].map(messageOf).join(' ')
    if (/UNKNOWN_TOPIC|unknown.topic/i.test(text)) {
      throw new PipelineError('TOPIC_UNKNOWN', `Kafka: ${messageOf(error)}`, {
        disposition: 'stop',
        cause: error,
      })
    }
    throw new PipelineError('UPSTREAM_UNAVAILABLE', `Kafka: ${messageOf(error)}`, {
      disposition: 'retry',
      cause: error,
    })
  }
}
