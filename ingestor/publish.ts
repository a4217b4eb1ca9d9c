/**
 * Turns a page of rows into records and sorts out what cannot become one.
 *
 * Guarantees    INV-8: records of one key stay in the order of their rows; a bad row stops nothing.
 */
import {partitionFor} from '../contracts/partition.ts'
import type {Stream} from '../contracts/stream.ts'
import {topicName} from '../contracts/topics.ts'
import type {Encoder} from '../platform/avro-codec.ts'
import {PipelineError, type ErrorCode} from '../platform/errors.ts'
import type {OutgoingRecord, TopicRecords} from '../platform/kafka.ts'
import {toRecord, withoutLarge, type RecordStamp} from './encode.ts'
import {toHeaders, type HeaderOptions} from './headers.ts'
import type {OutboxRow} from './outbox-reader.ts'
import type {RowWriter} from './row-writer.ts'

/** Where a stream goes. */
export interface Route {
  readonly stream: Stream
  /** For the usual row. */
  readonly writer: RowWriter
  /** For any other. */
  readonly encoder: Encoder
  readonly recordBytesMax: number
  /** undefined: the topic does not exist. */
  readonly partitions: number | undefined
}

export interface RejectedRow {
  readonly row: OutboxRow
  readonly reason: ErrorCode
  readonly message: string
}

export interface Batch {
  readonly topics: readonly TopicRecords[]
  readonly records: number
  readonly bytes: number
  readonly rejected: readonly RejectedRow[]
  /** Of all its rows; 0 without any. */
  readonly highestId: number
}

export interface BatchOptions extends HeaderOptions {
  readonly topicPrefix: string
  /** As `partitionFor`. */
  readonly partitionOf: typeof partitionFor
}

/** Keys of which the hash is remembered: they come again and again. */
const KEYS_MAX = 20_000

/**
 * For changes that only fit without what was before: what they have more than a new row. Below what Kafka takes by
 * default, with headers.
 */
const ROOM_BYTES = 100_000

/** `partitionFor` with a memory. */
export function createPartitioner(): typeof partitionFor {
  const known = new Map<number, Map<string, number>>()
  return (key, fallback, partitions) => {
    if (key === null) return partitionFor(key, fallback, partitions)
    let keys = known.get(partitions)
    if (keys === undefined || keys.size >= KEYS_MAX) {
      keys = new Map()
      known.set(partitions, keys)
    }
    let partition = keys.get(key)
    if (partition === undefined) {
      partition = partitionFor(key, fallback, partitions)
      keys.set(key, partition)
    }
    return partition
  }
}

function toRejected(row: OutboxRow, error: unknown): RejectedRow {
  if (error instanceof PipelineError && error.disposition === 'dead-letter') {
    return {row, reason: error.code, message: error.message}
  }
  throw error
}

function encodeOther(row: OutboxRow, {stream, encoder}: Route, stamp: RecordStamp): Buffer {
  const record = toRecord(stream, row, stamp)
  try {
    return encoder.encode(record)
  } catch (error) {
    const isTooLarge = error instanceof PipelineError && error.code === 'RECORD_TOO_LARGE'
    const slim = isTooLarge ? withoutLarge(stream, row.op, record) : undefined
    if (slim === undefined) throw error
    return encoder.encode(slim, ROOM_BYTES)
  }
}

function toOutgoing(
  row: OutboxRow,
  route: Route | undefined,
  stamp: RecordStamp,
  options: BatchOptions,
): OutgoingRecord {
  if (route === undefined || route.partitions === undefined) {
    const why = route === undefined ? 'no stream has this topic' : 'the topic does not exist'
    throw new PipelineError('TOPIC_UNKNOWN', `${row.topic}: ${why}`, {disposition: 'dead-letter'})
  }
  const written = route.writer.write(row, stamp)
  const isFit = written !== undefined && written.length <= route.recordBytesMax
  const value = isFit ? written : encodeOther(row, route, stamp)
  const record = {
    partition: options.partitionOf(row.key, row.aggregateId, route.partitions),
    key: row.key,
    value,
  }
  const headers = toHeaders(route.stream, row, options)
  return headers === undefined ? record : {...record, headers}
}

export function toBatch(
  rows: readonly OutboxRow[],
  of: {
    readonly routes: ReadonlyMap<string, Route>
    /** Why the row is not to be sent although it could be encoded. */
    refuse(row: OutboxRow): PipelineError | undefined
  },
  stamp: RecordStamp,
  options: BatchOptions,
): Batch {
  const topics = new Map<string, OutgoingRecord[]>()
  const rejected: RejectedRow[] = []
  let bytes = 0
  let highestId = 0
  for (const row of rows) {
    if (row.id > highestId) highestId = row.id
    try {
      const refused = of.refuse(row)
      if (refused !== undefined) throw refused
      const record = toOutgoing(row, of.routes.get(row.topic), stamp, options)
      bytes += record.value?.length ?? 0
      const list = topics.get(row.topic)
      if (list === undefined) topics.set(row.topic, [record])
      else list.push(record)
    } catch (error) {
      rejected.push(toRejected(row, error))
    }
  }
  return {
    topics: [...topics].map(([topic, records]) => ({
      topic: topicName(options.topicPrefix, topic),
      records,
    })),
    records: rows.length - rejected.length,
    bytes,
    rejected,
    highestId,
  }
}
