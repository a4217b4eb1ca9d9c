/**
 * Waiting until an event is in the numbers.
 *
 * Guarantees    INV-67: an answer given for `after_event` includes that event: the store's watermark,
 *               which moves after all writes, is at or past the event's offset.
 */
import {setTimeout as sleep} from 'node:timers/promises'
import {LRUCache} from 'lru-cache'
import type {ApiMetrics} from './metrics.ts'

export interface AwaitedEvent {
  readonly stream: string
  readonly id: number | string
}

export type WaitedStore = 'redis' | 'cassandra'

/** Where an event was in Kafka. */
export interface EventOffset {
  readonly partition: number
  readonly offset: number
}

export interface WaitOutcome {
  readonly reached: boolean
  readonly waitedMs: number
  /** Whether any store has seen the event; if not, only PostgreSQL can know it. */
  readonly seen: boolean
  /** Records between the event and what the slowest asked store holds; null when not known. */
  readonly behind: number | null
  /**
   * Whether Redis still says what was judged by. Asked after a read: if so, it did all the while, and what
   * was read includes the event.
   */
  stands(): Promise<boolean>
}

/** How far a store is. */
export interface Mark {
  readonly offset: number
  /** Under which run of its owner Redis says so; absent: it is stored. */
  readonly run?: string
}

export interface Waits {
  /**
   * Resolves when each of `stores` holds the event and everything before it in its partition, or
   * when the time is up.
   */
  until(event: AwaitedEvent, stores: readonly WaitedStore[], waitMs: number): Promise<WaitOutcome>
}

export interface WaitDeps {
  /** Where the event was in Kafka, once a store knows it. */
  readonly locate: (event: AwaitedEvent) => Promise<EventOffset | null>
  /**
   * Every record of the partition up to and including this offset is in what the store answers;
   * null when the store cannot say. For Redis without a marker: what Cassandra holds, since it answers.
   */
  readonly watermark: (
    store: WaitedStore,
    stream: string,
    partition: number,
  ) => Promise<Mark | null>
  /** What Redis says at this moment; null without a marker. */
  readonly markNow: (stream: string, partition: number) => Promise<Mark | null>
  /** Says that somebody waits until Cassandra has what the processor has folded. Never throws. */
  readonly hurry: (stream: string, partition: number) => void
  readonly metrics: Pick<ApiMetrics, 'waits' | 'waitSeconds'>
}

/** Time until the next look: short at first, as most events are there within milliseconds. */
export const nextLookMs = (looks: number): number => Math.min(50, 2 * 1.5 ** looks)

export function createWaits(deps: WaitDeps, options: {readonly waitMsMax: number}): Waits {
  const judge = async (
    {stream}: AwaitedEvent,
    {partition, offset}: EventOffset,
    stores: readonly WaitedStore[],
  ): Promise<Pick<WaitOutcome, 'stands'> & {readonly behind: number}> => {
    const marks = await Promise.all(stores.map(store => deps.watermark(store, stream, partition)))
    const run = marks.find(mark => mark?.run)?.run
    return {
      behind: Math.max(...marks.map(mark => offset - (mark?.offset ?? -1))),
      async stands() {
        if (!stores.includes('redis')) return true
        const now = await deps.markNow(stream, partition).catch(() => null)
        // A copy of Redis from before may have the run, too: an offset that a run lost it never has again.
        return now?.run === run && (now === null || now.offset >= offset)
      },
    }
  }

  return {
    async until(event, stores, waitMs) {
      const start = performance.now()
      const until = start + Math.min(waitMs, options.waitMsMax)
      let at: EventOffset | null = null
      let judged: Awaited<ReturnType<typeof judge>> | null = null
      for (let looks = 0; ; looks++) {
        // A store that is away for a moment is no reason to give up before the time is over.
        at ??= await deps.locate(event).catch(() => null)
        if (at !== null) judged = await judge(event, at, stores).catch(() => judged)
        const waitedMs = performance.now() - start
        if (judged !== null && judged.behind <= 0) {
          deps.metrics.waits.inc({outcome: 'reached'})
          deps.metrics.waitSeconds.observe(waitedMs / 1000)
          return {reached: true, waitedMs, seen: true, behind: 0, stands: judged.stands}
        }
        if (at !== null && stores.includes('cassandra')) deps.hurry(event.stream, at.partition)
        const left = until - performance.now()
        if (left <= 0) {
          deps.metrics.waits.inc({outcome: 'time-up'})
          const behind = judged?.behind ?? null
          return {reached: false, waitedMs, seen: at !== null, behind, stands: async () => false}
        }
        await sleep(Math.min(left, nextLookMs(looks)))
      }
    },
  }
}

const SHARED_MAX = 1000

/** Asks once for all who ask at the same moment, and at most once in `lifeMs`. */
export function shareReads<K extends string | number, V>(
  read: (key: K) => Promise<V>,
  lifeMs: number,
): (key: K) => Promise<V> {
  const latest = new LRUCache<K, {readonly at: number; readonly value: Promise<V>}>({
    max: SHARED_MAX,
  })
  return async key => {
    const now = performance.now()
    const known = latest.get(key)
    if (known !== undefined && now - known.at < lifeMs) return await known.value
    const value = read(key)
    latest.set(key, {at: now, value})
    value.catch(() => {
      if (latest.get(key)?.value === value) latest.delete(key)
    })
    return await value
  }
}
