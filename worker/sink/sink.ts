/**
 * Reads the topics of chosen streams in a group of its own and delivers every event, enriched, to one destination.
 *
 * Guarantees    INV-164: an offset is committed only when everything before it was taken or put aside: at least once,
 *               in the order of each key; what comes twice has the same id. A partition whose delivery fails holds
 *               up no other.
 * Does not      end the process: what it cannot do it tells, and tries again.
 */
import type {Logger} from 'pino'
import {messageOf} from '../../platform/errors.ts'
import type {
  ConsumedRecord,
  Subscriber,
  SubscriberHandlers,
  TopicPartition,
} from '../../platform/kafka.ts'
import {pause, untilAborted, type Loop} from '../../platform/lifecycle.ts'
import {retry, retryDelayMs, type RetryOptions} from '../../platform/retry.ts'
import type {DeadLetter} from '../../readmodel/dead-letters.ts'
import type {Destination} from './destination.ts'
import type {SinkEvent} from './event.ts'
import type {Held} from './held.ts'
import type {SinkMetrics} from './metrics.ts'
import type {EventReader} from './read-events.ts'

/** What one membership works with. */
export interface SinkSession {
  readonly destination: Destination
  /** A member of the destination's group. */
  readonly subscriber: Subscriber
  /** One for each time that a partition is taken. */
  readonly createReader: (topic: string) => EventReader
  readonly publishLetters: (letters: readonly DeadLetter[]) => Promise<void>
}

export interface SinkDeps {
  /** Name of the destination. */
  readonly name: string
  /** What it opens is closed with the resources. */
  readonly open: (resources: AsyncDisposableStack) => Promise<SinkSession>
  readonly held: Held
  readonly metrics: SinkMetrics
  readonly log: Logger
}

export interface SinkOptions {
  readonly firstDelayMs: number
  readonly maxDelayMs: number
}

interface Owned {
  readonly stop: AbortController
  readonly read: EventReader
  /** The batch in hand. */
  busy: Promise<void>
}

const nameOf = ({topic, partition}: TopicPartition): string => `${topic}/${partition}`

export function createSink(deps: SinkDeps, delays: SinkOptions): Loop {
  const {name, held, log} = deps

  /** One membership: until the signal fires, or it cannot go on. */
  const runMember = async (signal: AbortSignal): Promise<void> => {
    await using resources = new AsyncDisposableStack()
    const session = await deps.open(resources)
    const failure = Promise.withResolvers<never>()
    const member = createMember(session, deps, {delays, fail: failure.reject})
    const stopped = untilAborted(signal)
    try {
      const running = session.subscriber.run(member.handlers)
      await Promise.race([running.then(() => stopped), failure.promise, stopped])
    } finally {
      // Commits need the membership: what is in hand ends first.
      await member.end()
      await session.subscriber.close()
    }
  }

  return {
    name: `sink ${name}`,
    async run(signal) {
      for (let tries = 1; !signal.aborted; tries++) {
        try {
          await runMember(signal)
        } catch (error) {
          if (signal.aborted) return
          log.error({err: error}, 'sink stands still')
          held.stand(messageOf(error))
          await pause(retryDelayMs(tries, delays), signal)
        }
      }
    },
  }
}

/** Tells the group's protocol from what is done with records. */
function createMember(
  session: SinkSession,
  deps: SinkDeps,
  {delays, fail}: {readonly delays: SinkOptions; readonly fail: (error: Error) => void},
): {readonly handlers: SubscriberHandlers; end(): Promise<void>} {
  const {subscriber, createReader} = session
  const {name, held, metrics} = deps
  const take = createTaking(session, deps, delays)
  const assigned = new Map<string, Owned>()
  const labelsOf = ({topic, partition}: TopicPartition) => {
    return {destination: name, topic, partition: String(partition)}
  }
  const end = async (names: Iterable<string>): Promise<void> => {
    const ended = [...names].flatMap(one => assigned.get(one) ?? [])
    for (const {stop} of ended) stop.abort(new Error('revoked'))
    await Promise.all(ended.map(({busy}) => busy))
  }
  const handlers: SubscriberHandlers = {
    async onAssigned(partitions) {
      held.stand(null)
      for (const at of partitions) {
        const stop = new AbortController()
        assigned.set(nameOf(at), {stop, read: createReader(at.topic), busy: Promise.resolve()})
      }
      await Promise.resolve()
    },
    async onRevoked(partitions) {
      await end(partitions.map(nameOf))
      for (const at of partitions) {
        assigned.delete(nameOf(at))
        held.go(at)
        metrics.lag.remove(labelsOf(at))
      }
    },
    async onBatch(at, records, endOffset) {
      const owned = assigned.get(nameOf(at))
      if (owned === undefined || owned.stop.signal.aborted || records.length === 0) return
      const tell = (next: number): void => metrics.lag.set(labelsOf(at), endOffset - next)
      tell(records[0]!.offset)
      const commit = async (next: number): Promise<void> => {
        await subscriber.commit([{...at, offset: next}])
        tell(next)
      }
      const {stop, read} = owned
      const taking = take(records, {at, read, commit, signal: stop.signal}).catch(
        (error: unknown) => {
          if (!stop.signal.aborted) throw error
        },
      )
      owned.busy = taking.catch(() => undefined)
      await taking
    },
    onError: fail,
  }
  return {handlers, end: () => end(assigned.keys())}
}

/** What is done with records of one partition. */
interface Turn {
  readonly at: TopicPartition
  readonly read: EventReader
  /** Everything before the offset is delivered. */
  readonly commit: (next: number) => Promise<void>
  readonly signal: AbortSignal
}

function createTaking(
  {destination, publishLetters}: SinkSession,
  {name, held, metrics, log}: SinkDeps,
  delays: SinkOptions,
): (records: readonly ConsumedRecord[], turn: Turn) => Promise<void> {
  const patience = ({at, signal}: Turn): RetryOptions => ({
    ...delays,
    attempts: Number.POSITIVE_INFINITY,
    signal,
    onRetry: error => held.wait(at, messageOf(error)),
  })

  const putAside = async (letters: readonly DeadLetter[], turn: Turn): Promise<void> => {
    if (letters.length === 0) return
    await retry(() => publishLetters(letters), patience(turn))
    const {topic, partition} = turn.at
    for (const {reason, message, source} of letters) {
      metrics.putAside.inc({destination: name, topic, reason})
      log.warn({topic, partition, offset: source.offset, reason, message}, 'event put aside')
    }
  }

  const deliver = async (events: readonly SinkEvent[], turn: Turn): Promise<void> => {
    const {at, signal} = turn
    const refusals = await destination.deliver(events, {
      signal,
      onWait: why => held.wait(at, why),
    })
    const letters = refusals.map(({event, ...why}) => ({source: event.source, ...why}))
    await putAside(letters, turn)
    metrics.sent.inc({destination: name, topic: at.topic}, events.length - refusals.length)
  }

  return async (records, turn) => {
    const {read, signal, at} = turn
    const {events, letters} = await retry(() => read(records, signal), patience(turn))
    await putAside(letters, turn)
    const last = records.at(-1)!.offset + 1
    let committed = -1
    const commitTo = async (next: number): Promise<void> => {
      await retry(() => turn.commit(next), patience(turn))
      committed = next
      held.go(at)
    }
    for (const chunk of destination.chunksOf(events)) {
      await deliver(chunk, turn)
      await commitTo(chunk.at(-1)!.source.offset + 1)
    }
    // What is behind the last event was passed over, or put aside.
    if (committed < last) await commitTo(last)
  }
}
