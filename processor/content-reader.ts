/**
 * Reads the `content` topic from where its metadata is durable, and keeps it durable and in memory.
 *
 * Every processor reads all of it, in a group of its own that never commits: how far the metadata in
 * Cassandra goes is kept beside it.
 */
import type {Logger} from 'pino'
import type {ContentRecord} from '../contracts/content.ts'
import type {ConsumedRecord, KafkaAdmin, Subscriber} from '../platform/kafka.ts'
import type {Loop} from '../platform/lifecycle.ts'
import {retry, type RetryOptions} from '../platform/retry.ts'
import {dispositionOf, messageOf} from '../platform/errors.ts'
import type {DeadLetter} from './dead-letters.ts'
import type {ValueDecoder} from './decode.ts'
import {toMetadata, type Metadata} from './enrich.ts'
import type {ContentMetadata, ContentStore, PartitionStore} from './projections/projection.ts'
import {createWake} from './wake.ts'

export interface ContentReaderDeps {
  readonly topic: string
  readonly subscriber: Subscriber
  readonly admin: Pick<KafkaAdmin, 'offsets'>
  readonly decoder: ValueDecoder
  readonly metadata: () => Pick<Metadata, 'learn'>
  readonly save: ContentStore['save']
  readonly partitions: Pick<PartitionStore, 'load' | 'save'>
  readonly publishDeadLetters: (letters: readonly DeadLetter[]) => Promise<void>
  readonly patience: (signal: AbortSignal) => RetryOptions
  readonly onLearned: (contents: readonly ContentMetadata[]) => void
  readonly log: Logger
}

export interface ContentReader extends Loop {
  /** Resolves when everything is learned that the topic holds now, or after `waitMs`. */
  whenCaughtUp(waitMs: number): Promise<boolean>
}

export function createContentReader(deps: ContentReaderDeps): ContentReader {
  /** Next offset to read, by partition. */
  const positions = new Map<number, number>()
  const moved = createWake()
  const failure = Promise.withResolvers<never>()

  const decode = async (record: ConsumedRecord): Promise<ContentMetadata | DeadLetter> => {
    const {value} = record
    try {
      if (value === null) return {source: record, reason: 'DECODE_FAILED', message: 'no value'}
      const decoded = deps.decoder.decode(value)
      if (decoded !== undefined) return toMetadata(decoded as ContentRecord)
      await deps.decoder.prepare(value)
      return toMetadata(deps.decoder.decode(value) as ContentRecord)
    } catch (error) {
      if (dispositionOf(error) !== 'dead-letter') throw error
      return {source: record, reason: 'DECODE_FAILED', message: messageOf(error)}
    }
  }

  const learn = async (
    partition: number,
    records: readonly ConsumedRecord[],
    signal: AbortSignal,
  ): Promise<void> => {
    const patience = deps.patience(signal)
    const contents: ContentMetadata[] = []
    const letters: DeadLetter[] = []
    for (const record of records) {
      const decoded = await retry(() => decode(record), patience)
      if ('reason' in decoded) letters.push(decoded)
      else contents.push(decoded)
    }
    if (letters.length > 0) await retry(() => deps.publishDeadLetters(letters), patience)
    // Memory last: what it holds may be forgotten, and is then looked up where it is durable.
    await retry(() => deps.save(contents), patience)
    const news = deps.metadata().learn(contents)
    const next = records.at(-1)!.offset + 1
    const progress = {
      offset: next,
      outboxId: null,
      createdAt: null,
      epochs: [],
      maxPeriod: 0,
      stale: [],
    }
    const fence = {partition, offset: next, generation: 0}
    await retry(() => deps.partitions.save(deps.topic, progress, fence), patience)
    positions.set(partition, next)
    moved.ring()
    deps.onLearned(news)
  }

  return {
    name: 'content',
    async run(signal) {
      const aborted = Promise.withResolvers<void>()
      signal.addEventListener('abort', () => aborted.resolve(), {once: true})
      const running = deps.subscriber.run({
        async onAssigned(partitions) {
          for (const partition of partitions) {
            const load = () => deps.partitions.load(deps.topic, partition.partition)
            const progress = await retry(load, deps.patience(signal))
            // After the load: another processor may record more meanwhile, and that is no topic made again.
            const offsets = await retry(() => deps.admin.offsets(deps.topic), deps.patience(signal))
            const {begin = 0, end = 0} =
              offsets.find(known => known.partition === partition.partition) ?? {}
            // A topic that was made again is read from its start: newer records win by themselves.
            const known = progress?.offset ?? begin
            const next = known > end ? begin : Math.max(begin, known)
            deps.subscriber.seek(partition, next)
            positions.set(partition.partition, next)
          }
          moved.ring()
        },
        async onRevoked(partitions) {
          for (const {partition} of partitions) positions.delete(partition)
        },
        onBatch: ({partition}, records) =>
          records.length === 0 ? Promise.resolve() : learn(partition, records, signal),
        onError: error => failure.reject(error),
      })
      try {
        await Promise.race([running.then(() => aborted.promise), failure.promise, aborted.promise])
      } finally {
        await deps.subscriber.close()
      }
    },
    async whenCaughtUp(waitMs) {
      const signal = AbortSignal.timeout(waitMs)
      const ends = await deps.admin.offsets(deps.topic)
      const isThere = (): boolean =>
        ends.every(({partition, end}) => (positions.get(partition) ?? -1) >= end)
      try {
        await moved.until(isThere, signal)
        return true
      } catch {
        deps.log.warn({waitMs}, 'content is not read up to its end: going on without')
        return false
      }
    },
  }
}
