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
import {dispositionOf, messageOf, PipelineError} from '../platform/errors.ts'
import type {DeadLetter} from '../readmodel/dead-letters.ts'
import {identify} from './decode.ts'
import type {Identity} from './partition-state.ts'
import {beforeOf, problemOfBefore} from './start-check.ts'
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
  /** What the keyspace calls itself. */
  readonly space: string
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
  /** What has to stand in the first record of a partition, and where the log begins if it does not. */
  const expected = new Map<number, {readonly before: Identity; readonly begin: number}>()
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
      const reason = error instanceof PipelineError ? error.code : 'DECODE_FAILED'
      return {source: record, reason, message: messageOf(error)}
    }
  }

  /** A topic that was made again is read from its start: newer records win by themselves. */
  const isAnother = async (
    partition: number,
    first: ConsumedRecord,
    patience: RetryOptions,
  ): Promise<boolean> => {
    const {before, begin} = expected.get(partition) ?? {}
    expected.delete(partition)
    if (before === undefined || begin === undefined) return false
    const found = await retry(() => identify(first, deps.decoder), patience)
    const problem = found === null ? undefined : problemOfBefore(before, found)
    if (problem === undefined) return false
    deps.log.warn({partition, problem}, `${deps.topic} is another one: reading it from its start`)
    positions.set(partition, begin)
    deps.subscriber.seek({topic: deps.topic, partition}, begin)
    return true
  }

  const learn = async (
    partition: number,
    records: readonly ConsumedRecord[],
    signal: AbortSignal,
  ): Promise<void> => {
    const patience = deps.patience(signal)
    if (await isAnother(partition, records[0]!, patience)) return
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
    const last = records.at(-1)!
    const next = last.offset + 1
    const identity = await retry(() => identify(last, deps.decoder), patience)
    const at = {topic: deps.topic, partition, takeover: 0}
    await retry(
      () => deps.partitions.save(at, {...barePosition(next, deps.space), ...identity}),
      patience,
    )
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
            const known = progress?.offset ?? begin
            const isHere = known > begin && known <= end
            const next = isHere ? known : begin
            const before = isHere ? beforeOf(progress) : null
            if (before === null) expected.delete(partition.partition)
            else expected.set(partition.partition, {before, begin})
            deps.subscriber.seek(partition, before === null ? next : next - 1)
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
