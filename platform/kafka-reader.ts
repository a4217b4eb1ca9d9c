/** Reading of records outside any consumer group: to look at topics, not to process them. */
import type {ConsumedRecord, TopicPartition} from './kafka.ts'

export interface FetchedRecords extends TopicPartition {
  /** Records from the asked offset on, in order; fewer than there are when the answer is full. */
  readonly records: readonly ConsumedRecord[]
  /** Where the next fetch goes on: behind the records and what no reader is shown. */
  readonly next: number
  /** The asked offset is not in the log, which begins and ends elsewhere. */
  readonly isGone: boolean
  /** First offset still there. */
  readonly begin: number
  /** Next offset to be written. */
  readonly end: number
}

export interface FetchFrom extends TopicPartition {
  readonly offset: number
}

export interface RecordReader {
  /**
   * One request: answers as soon as there is a record, else after `waitMs` with none. An offset that
   * is gone or not there yet gives no records; `begin` and `end` say where they are.
   *
   * @throws `TOPIC_UNKNOWN`, `UPSTREAM_UNAVAILABLE` (retry)
   */
  fetch(
    from: readonly FetchFrom[],
    options: {readonly bytesMax: number; readonly waitMs: number},
  ): Promise<readonly FetchedRecords[]>
  /** First offset whose record is not older, per partition; the end where there is none. */
  offsetsAt(topic: string, timestampMs: number): Promise<ReadonlyMap<number, number>>
  close(): Promise<void>
}
