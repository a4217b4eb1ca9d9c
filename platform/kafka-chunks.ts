/** Parts a batch into requests that a broker accepts, and checks what it answered. Pure. */
import {PipelineError} from './errors.ts'
import type {OutgoingRecord, TopicPartition, TopicRecords} from './kafka.ts'

/** Below the broker's message.max.bytes (1 MiB), frames of the protocol included. */
const CHUNK_BYTES = 900_000
/** Of all partitions: below the broker's socket.request.max.bytes (100 MiB), and little enough to be sent in time. */
const REQUEST_BYTES = 16_000_000

const bytesOf = (record: OutgoingRecord): number =>
  (record.value?.length ?? 0) + (record.key?.length ?? 0) + 100

interface Place {
  part: number
  bytes: number
}

/**
 * Parts of a batch that fit into one request: at most `CHUNK_BYTES` for a partition, `REQUEST_BYTES` for all of them.
 * The records of one partition stay in order, since the parts are sent one after the other.
 */
export function splitBatch<R extends OutgoingRecord>(
  batch: readonly {readonly topic: string; readonly records: readonly R[]}[],
): readonly (readonly {readonly topic: string; readonly records: readonly R[]}[])[] {
  const parts: Array<Map<string, R[]>> = []
  const sizes: number[] = []
  const fillOf = (part: number): number => sizes[part] ?? 0
  for (const {topic, records} of batch) {
    /** By partition: the part its next record goes to, and its bytes there. */
    const places: Place[] = []
    for (const record of records) {
      const at = (places[record.partition] ??= {part: 0, bytes: 0})
      const bytes = bytesOf(record)
      if (at.bytes > 0 && at.bytes + bytes > CHUNK_BYTES) {
        at.part += 1
        at.bytes = 0
      }
      for (; fillOf(at.part) > 0 && fillOf(at.part) + bytes > REQUEST_BYTES; at.part++) at.bytes = 0
      at.bytes += bytes
      sizes[at.part] = fillOf(at.part) + bytes
      const part = (parts[at.part] ??= new Map<string, R[]>())
      const list = part.get(topic)
      if (list === undefined) part.set(topic, [record])
      else list.push(record)
    }
  }
  return parts.map(part => [...part].map(([topic, records]) => ({topic, records})))
}

/**
 * A client may leave out a partition that it knows nothing of and still report success.
 *
 * @throws `UPSTREAM_UNAVAILABLE` when a partition of the request has no answer
 */
export function requireAnswers(
  request: readonly TopicRecords[],
  answered: readonly TopicPartition[],
): void {
  const byTopic = Map.groupBy(answered, one => one.topic)
  for (const {topic, records} of request) {
    const known = new Set(byTopic.get(topic)?.map(one => one.partition))
    const missing = records.find(({partition}) => !known.has(partition))
    if (missing === undefined) continue
    throw new PipelineError(
      'UPSTREAM_UNAVAILABLE',
      `nobody has acknowledged the records of ${topic}/${missing.partition}`,
      {disposition: 'retry'},
    )
  }
}
