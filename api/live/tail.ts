/**
 * The newest records of the source topics, as they arrive, while somebody listens.
 *
 * A listener that was away goes on from the offsets in its Last-Event-ID: from what is remembered
 * here, or, after a restart of this process, from Kafka; what is too far back is counted as missed.
 */
import {findRole, type Stream} from '../../contracts/stream.ts'
import {topicName} from '../../contracts/topics.ts'
import {pause, type Loop} from '../../platform/lifecycle.ts'
import type {KafkaAdmin} from '../../platform/kafka.ts'
import type {RecordReader} from '../../platform/kafka-reader.ts'
import type {Logger} from '../../platform/log.ts'
import {msToIso} from '../times.ts'
import type {AnyDecoder} from '../pipeline/decode-any.ts'
import type {LiveRecord} from '../schemas/live.ts'
import type {Hub} from './hub.ts'
import {createRecall, formatPositions, type Positions, type Recall} from './positions.ts'
import type {LiveMessage} from './stream.ts'

/** Letter of a stream's topic in positions. */
const LETTERS = [
  {letter: 'e', stream: 'engagement'},
  {letter: 'a', stream: 'activity'},
] as const

const RECALL_MAX = 5000
/** Further back than this a listener that comes again does not get. */
const RESUME_MAX = 1000
const PRIME_MS_MAX = 3000
const IDLE_MS = 100
const IDLE_LOOKS_MAX = 300
const FETCH = {bytesMax: 1_048_576, waitMs: 500}

export interface Tail extends Loop {
  /** Names of those that are followed; none where they are not declared. */
  readonly streams: readonly string[]
  /** Resolves when the records before now are remembered, or after a while without Kafka. */
  primed(): Promise<void>
  /** What a listener missed since its positions. */
  since(positions: Positions): {
    readonly messages: readonly LiveMessage[]
    readonly missed: number | null
  }
}

export function createTail(
  deps: {
    readonly hub: Hub
    readonly log: Logger
    readonly reader: RecordReader
    readonly admin: () => Promise<Pick<KafkaAdmin, 'offsets'>>
    readonly decoder: AnyDecoder
  },
  options: {readonly topicPrefix: string; readonly streams: readonly Stream[]},
): Tail {
  const topics = LETTERS.flatMap(({letter, stream}) => {
    const found = findRole(options.streams, stream)
    return found === undefined ? [] : [{letter, stream, topic: found.topic}]
  })
  const log = deps.log.child({component: 'live-activity'})
  let recall: Recall<LiveMessage> = createRecall(RECALL_MAX)
  let priming = Promise.withResolvers<void>()
  let isPrimed = false
  const at = new Map<string, {topic: string; letter: string; partition: number; offset: number}>()

  /** Begins a little before the end, so that a listener from before a restart can go on. */
  const begin = async (): Promise<void> => {
    const admin = await deps.admin()
    for (const {letter, topic} of topics) {
      const name = topicName(options.topicPrefix, topic)
      const offsets = await admin.offsets(name)
      const share = Math.ceil(RESUME_MAX / offsets.length)
      for (const {partition, begin: first, end} of offsets) {
        const offset = Math.max(first, end - share)
        at.set(`${letter}${partition}`, {topic: name, letter, partition, offset})
        ends.set(`${letter}${partition}`, end)
      }
    }
  }

  /** Where each partition ended when reading began: up to there is remembered, not published. */
  let ends = new Map<string, number>()
  const isCaughtUp = (): boolean =>
    [...ends].every(([key, end]) => (at.get(key)?.offset ?? end) >= end)

  /** With no listener nothing is read: later ones begin anew instead of getting all since then. */
  const forget = (): void => {
    if (!isPrimed && at.size === 0) return
    at.clear()
    ends = new Map()
    recall = createRecall(RECALL_MAX)
    isPrimed = false
    priming = Promise.withResolvers<void>()
  }

  /** Of every partition, also of one that had no record yet: its first one must not be missed. */
  const nextOffsets = (): Positions => new Map([...at].map(([key, {offset}]) => [key, offset]))

  const read = async (): Promise<void> => {
    const answers = await deps.reader.fetch([...at.values()], FETCH)
    for (const {topic, partition, records, begin: first} of answers) {
      const place = [...at.values()].find(
        one => one.topic === topic && one.partition === partition,
      )!
      const key = `${place.letter}${partition}`
      if (records.length === 0 && place.offset < first) place.offset = first
      for (const record of records) {
        place.offset = record.offset + 1
        const {value, error} = await deps.decoder.decode(record.value)
        const data: LiveRecord = {
          partition,
          offset: record.offset,
          at: msToIso(record.timestampMs),
          value: value ?? null,
          error,
        }
        const message: LiveMessage = {
          id: formatPositions(nextOffsets()),
          event: topics.find(one => one.letter === place.letter)!.stream,
          data,
        }
        recall.add(key, record.offset, message)
        if (isPrimed) deps.hub.publish('activity', message)
      }
    }
  }

  return {
    name: 'live-activity',
    streams: topics.map(({stream}) => stream),
    async primed() {
      const late = new AbortController()
      await Promise.race([priming.promise, pause(PRIME_MS_MAX, late.signal)])
      late.abort()
    },
    since(positions) {
      const {records, missed} = recall.since(positions)
      return {messages: records, missed}
    },
    async run(signal) {
      let failing = false
      let idle = 0
      while (!signal.aborted) {
        if (deps.hub.channels('activity').length === 0) {
          if (++idle > IDLE_LOOKS_MAX) forget()
          await pause(IDLE_MS, signal)
          continue
        }
        idle = 0
        try {
          if (at.size === 0) await begin()
          if (!isCaughtUp() || isPrimed) await read()
          if (!isPrimed && isCaughtUp()) {
            isPrimed = true
            priming.resolve()
          }
          failing = false
        } catch (error) {
          if (!failing) log.warn({err: error}, 'live records are not available')
          if (!failing) deps.hub.publish('activity', {event: 'stale', data: {reason: 'Kafka'}})
          failing = true
          await pause(1000, signal)
        }
      }
    },
  }
}
