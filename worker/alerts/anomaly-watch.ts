/**
 * Looks at every reading as it arrives, by a consumer group of its own, and tells odd ones within a second.
 *
 * Guarantees    INV-160; an odd reading is in an incident before its offset is committed, and one that is read again
 *               is listed once.
 * Does not      judge corrections: a reading is judged by the value that it came with.
 */
import {LRUCache} from 'lru-cache'
import type {Stream} from '../../contracts/stream.ts'
import type {Decoder} from '../../platform/avro-codec.ts'
import {dispositionOf, messageOf} from '../../platform/errors.ts'
import type {ConsumedRecord, KafkaAdmin, Subscriber, TopicPartition} from '../../platform/kafka.ts'
import {pause, untilAborted, type Loop} from '../../platform/lifecycle.ts'
import type {Logger} from '../../platform/log.ts'
import {retry, type RetryOptions} from '../../platform/retry.ts'
import {oddOf, readingOf, subjectOf, type OddReading} from './anomaly-readings.ts'
import type {AnomalyTable} from './anomaly-table.ts'
import {createDetector, type Detector} from './detector.ts'
import type {AlertMetrics} from './metrics.ts'

export interface AnomalyDeps {
  readonly stream: Stream
  readonly openSubscriber: () => Subscriber
  readonly openAdmin: () => Promise<KafkaAdmin>
  readonly decoder: Decoder<unknown>
  readonly table: AnomalyTable
  readonly metrics: AlertMetrics
  readonly log: Logger
}

export interface AnomalyWatchOptions {
  /** With prefix. */
  readonly topic: string
  readonly groupId: string
  /** So many records before the committed one are read again, to learn from. */
  readonly learnedRecords: number
  /** Sensors that are remembered. */
  readonly sensorsMax: number
  readonly resolveEveryMs: number
}

/** What this worker remembers of one partition. */
interface Watched {
  /** Records before this one are learned from only. */
  readonly from: number
  readonly detectors: LRUCache<string, Detector>
}

const AGAIN_MS = 1000

const PATIENCE: Omit<RetryOptions, 'signal'> = {
  attempts: Number.POSITIVE_INFINITY,
  firstDelayMs: 100,
  maxDelayMs: 5000,
}

export function createAnomalyWatch(deps: AnomalyDeps, options: AnomalyWatchOptions): Loop {
  const {stream, decoder, table, metrics} = deps
  const log = deps.log.child({component: 'anomalies'})

  const decode = async (value: Buffer): Promise<unknown> => {
    try {
      const known = decoder.decode(value)
      if (known !== undefined) return known
      await decoder.prepare(value)
      return decoder.decode(value)
    } catch (error) {
      // What cannot be read is a dead letter of the processor's.
      if (dispositionOf(error) === 'dead-letter') return undefined
      throw error
    }
  }

  const judge = async (
    {from, detectors}: Watched,
    {offset, value}: ConsumedRecord,
  ): Promise<OddReading | undefined> => {
    const record = value === null ? undefined : await decode(value)
    const reading = record === undefined ? undefined : readingOf(stream, record as never)
    if (reading === undefined) return undefined
    const subject = subjectOf(reading)
    const detector = detectors.get(subject) ?? createDetector()
    detectors.set(subject, detector)
    const judgement = detector.judge(reading.value)
    if (offset < from) return undefined
    metrics.readings.inc({verdict: judgement.verdict})
    return oddOf(reading, judgement)
  }

  /** Where a partition goes on, and where it begins to learn. */
  const startOf = async (
    admin: KafkaAdmin,
    subscriber: Subscriber,
    partition: TopicPartition,
  ): Promise<Watched> => {
    const committed = await admin.groupOffsets(options.groupId, options.topic)
    const ends = await admin.offsets(options.topic)
    const {begin, end} = ends.find(one => one.partition === partition.partition)!
    const known = committed.find(one => one.partition === partition.partition)?.offset ?? -1
    // What was there before anybody looked is history, and learned from.
    const from = known >= begin ? known : end
    subscriber.seek(partition, Math.max(begin, from - options.learnedRecords))
    return {from, detectors: new LRUCache({max: options.sensorsMax})}
  }

  const watchOnce = async (signal: AbortSignal): Promise<void> => {
    await using resources = new AsyncDisposableStack()
    const admin = await deps.openAdmin()
    resources.defer(() => admin.close())
    const subscriber = deps.openSubscriber()
    resources.defer(() => subscriber.close())
    const failure = Promise.withResolvers<never>()
    const watched = new Map<number, Watched>()
    await subscriber.run({
      async onAssigned(partitions) {
        for (const partition of partitions) {
          const start = () => startOf(admin, subscriber, partition)
          watched.set(partition.partition, await retry(start, {...PATIENCE, signal}))
        }
      },
      async onRevoked(partitions) {
        for (const {partition} of partitions) watched.delete(partition)
        await Promise.resolve()
      },
      async onBatch(partition, records) {
        const of = watched.get(partition.partition)
        if (of === undefined) return
        const odd: OddReading[] = []
        for (const record of records) {
          const found = await retry(() => judge(of, record), {...PATIENCE, signal})
          if (found !== undefined) odd.push(found)
        }
        if (odd.length > 0) await retry(() => table.add(odd), {...PATIENCE, signal})
        // What was learned from was looked at before; of a new group, it is history from now on.
        const offset = Math.max(of.from, records.at(-1)!.offset + 1)
        await subscriber.commit([{...partition, offset}]).catch((error: unknown) => {
          // Somebody else's by now, or committed with the next batch: it may be read again.
          log.debug({reason: messageOf(error)}, 'readings were not committed')
        })
      },
      onError: error => failure.reject(error),
    })
    await Promise.race([untilAborted(signal), failure.promise])
  }

  const watchOn = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      try {
        await watchOnce(signal)
      } catch (error) {
        if (signal.aborted) return
        if (dispositionOf(error) !== 'retry') throw error
        log.warn({reason: messageOf(error)}, 'readings cannot be watched, trying again')
        await pause(AGAIN_MS, signal)
      }
    }
  }

  const resolveOn = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      await table.resolve().catch((error: unknown) => {
        log.warn({reason: messageOf(error)}, 'incidents of readings cannot be looked at')
      })
      await pause(options.resolveEveryMs, signal)
    }
  }

  return {
    name: 'anomaly-watch',
    async run(signal) {
      const own = new AbortController()
      const all = AbortSignal.any([signal, own.signal])
      const resolving = resolveOn(all)
      try {
        await watchOn(signal)
      } finally {
        own.abort()
        await resolving
      }
    },
  }
}
