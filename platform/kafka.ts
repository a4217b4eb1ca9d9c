/**
 * Ports to Kafka. Two adapters stand behind them (`kafka-kafkajs-*.ts`, `kafka-platformatic-*.ts`), held
 * to one conformance suite; nothing else imports a Kafka client.
 */
import {PipelineError} from './errors.ts'

export interface OutgoingRecord {
  readonly partition: number
  readonly key: Buffer | string | null
  readonly value: Buffer | null
  readonly headers?: Readonly<Record<string, Buffer | string>>
}

export interface TopicRecords {
  readonly topic: string
  readonly records: readonly OutgoingRecord[]
}

export interface Publisher {
  /**
   * Appends the records with acks = all, those of one partition in their order.
   *
   * Resolves only when the broker has acknowledged every record. Any rejection leaves open which
   * records were appended and makes the publisher unusable: close it, take a new epoch, open another.
   * Never retries. One call at a time.
   *
   * @throws `TOPIC_UNKNOWN`, `RECORD_TOO_LARGE` (dead-letter) or `UPSTREAM_UNAVAILABLE` (retry)
   */
  send(batch: readonly TopicRecords[]): Promise<void>
  /** After this time a send that was given up on can no longer reach the broker, milliseconds. */
  readonly maxOutstandingMs: number
  close(): Promise<void>
}

export interface ConsumedRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Append or create time, milliseconds since 1970. */
  readonly timestampMs: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Readonly<Record<string, Buffer | string | undefined>>
}

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

export interface CommittedOffset extends TopicPartition {
  /** The next offset to read. */
  readonly offset: number
}

export interface SubscriberHandlers {
  /**
   * Records of one partition in order. The next batch of the partition is delivered only after the
   * promise resolves; other partitions go on meanwhile, after half a second at the latest.
   * `endOffset`: the next offset to be written.
   */
  onBatch(
    partition: TopicPartition,
    records: readonly ConsumedRecord[],
    endOffset: number,
  ): Promise<void>
  /**
   * Partitions that are now ours; batches of them follow after the promise resolves, from where they
   * were committed, or from where a `seek` made meanwhile says.
   */
  onAssigned(partitions: readonly TopicPartition[]): Promise<void>
  /** Partitions that are no longer ours: stop writing for them. */
  onRevoked(partitions: readonly TopicPartition[]): Promise<void>
  /** The subscriber cannot go on: an offset that is gone, or a handler that failed. */
  onError(error: Error): void
}

/** A member of a consumer group that commits by hand. */
export interface Subscriber {
  /** Joins the group and delivers until closed. */
  run(handlers: SubscriberHandlers): Promise<void>
  /** @throws `FENCED` when a partition is no longer ours */
  commit(offsets: readonly CommittedOffset[]): Promise<void>
  /** Delivers from `offset` on instead; what is being delivered now is not taken back. */
  seek(partition: TopicPartition, offset: number): void
  close(): Promise<void>
}

export interface TopicSpec {
  readonly topic: string
  readonly partitions: number
  readonly config?: Readonly<Record<string, string>>
}

export interface PartitionOffsets {
  readonly partition: number
  /** First offset still there. */
  readonly begin: number
  /** Next offset to be written. */
  readonly end: number
}

export interface TopicDescription {
  readonly topic: string
  readonly partitions: number
}

export interface KafkaAdmin {
  /**
   * Creates what is missing.
   *
   * @returns the topics created
   * @throws `STATE_CONTRADICTS` when a topic exists with another number of partitions
   */
  ensureTopics(specs: readonly TopicSpec[]): Promise<readonly string[]>
  listTopics(): Promise<readonly TopicDescription[]>
  topicConfig(topic: string): Promise<Readonly<Record<string, string>>>
  /** @throws `TOPIC_UNKNOWN` */
  offsets(topic: string): Promise<readonly PartitionOffsets[]>
  listGroups(): Promise<readonly string[]>
  /** Next offset to read per partition; -1 where nothing was committed. */
  groupOffsets(group: string, topic: string): Promise<readonly CommittedOffset[]>
  /** For a group without members. @throws `UPSTREAM_REFUSED` or `UPSTREAM_UNAVAILABLE` when it has some */
  setGroupOffsets(group: string, topic: string, offsets: readonly CommittedOffset[]): Promise<void>
  deleteTopics(topics: readonly string[]): Promise<void>
  close(): Promise<void>
}

/** Reading on elsewhere would leave records out, or count them twice. */
export const offsetGone = (at: TopicPartition): PipelineError =>
  new PipelineError(
    'STATE_CONTRADICTS',
    `the next offset of ${at.topic}/${at.partition} is not in its log: records were deleted before they were read, or the topic was made again`,
    {disposition: 'stop'},
  )
