/**
 * Reads the topic of a reference stream from where its rows are durable, and keeps them durable and in
 * memory.
 *
 * Every processor reads all of it, in a group of its own that never commits: how far the rows in
 * Cassandra go is kept beside them.
 */
import type {Logger} from 'pino'
import type {StreamRecord} from '../contracts/record.ts'
import type {Stream} from '../contracts/stream.ts'
import type {Decoder} from '../platform/avro-codec.ts'
import type {ConsumedRecord, KafkaAdmin, Subscriber} from '../platform/kafka.ts'
import {untilAborted, type Loop} from '../platform/lifecycle.ts'
import {retry, type RetryOptions} from '../platform/retry.ts'
import {dispositionOf, messageOf} from '../platform/errors.ts'
import type {DeadLetter} from './dead-letters.ts'
import type {Fields} from '../readmodel/fields.ts'
import {barePosition, type Positions} from '../readmodel/positions.ts'
import type {Reference, ReferenceTable} from '../readmodel/reference-table.ts'
import {toReference, type References} from './references.ts'
import {createWake} from './wake.ts'

export interface ReferenceReaderDeps {
  readonly stream: Stream
  readonly topic: string
  readonly subscriber: Subscriber
  readonly admin: Pick<KafkaAdmin, 'offsets'>
  readonly decoder: Decoder<unknown>
  readonly references: Pick<References, 'learn'>
  readonly save: ReferenceTable['save']
  readonly partitions: Pick<Positions, 'load' | 'save'>
  readonly publishDeadLetters: (letters: readonly DeadLetter[]) => Promise<void>
  readonly patience: (signal: AbortSignal) => RetryOptions
  readonly onLearned: (references: readonly Reference[]) => void
  readonly log: Logger
}

export interface ReferenceReader extends Loop {
  /** Resolves when everything is learned that the topic holds now, or after `waitMs`. */
  whenCaughtUp(waitMs: number): Promise<void>
}

export function createReferenceReader(deps: ReferenceReaderDeps): ReferenceReader {
  /** Next offset to read, by partition. */
  const positions = new Map<number, number>()
  const moved = createWake()
  const failure = Promise.withResolvers<never>()

  const decode = async (record: ConsumedRecord): Promise<Reference | DeadLetter> => {
    const {value} = record
    try {
      if (value === null) return {source: record, reason: 'DECODE_FAILED', message: 'no value'}
      await deps.decoder.prepare(value)
      return toReference(deps.stream, deps.decoder.decode(value) as StreamRecord<Fields>)
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
    const references: Reference[] = []
    const letters: DeadLetter[] = []
    for (const record of records) {
      const decoded = await retry(() => decode(record), patience)
      if ('reason' in decoded) letters.push(decoded)
      else references.push(decoded)
    }
    if (letters.length > 0) await retry(() => deps.publishDeadLetters(letters), patience)
    // Memory last: what it holds may be forgotten, and is then looked up where it is durable.
    await retry(() => deps.save(references), patience)
    const news = deps.references.learn(references)
    const next = records.at(-1)!.offset + 1
    const fence = {partition, offset: next, takeover: 0}
    await retry(() => deps.partitions.save(deps.topic, barePosition(next), fence), patience)
    positions.set(partition, next)
    moved.ring()
    deps.onLearned(news)
  }

  return {
    name: `references ${deps.stream.name}`,
    async run(signal) {
      const aborted = untilAborted(signal)
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
        await Promise.race([running.then(() => aborted), failure.promise, aborted])
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
      } catch {
        deps.log.warn({waitMs}, `${deps.stream.name} is not read up to its end: going on without`)
      }
    },
  }
}
