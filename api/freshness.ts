/**
 * How far the stores are, looked at once a second for all who ask: the age of answers, the speed of
 * the flow, and whether it stands.
 *
 * A store was caught up at a moment when it holds everything that was in Kafka at that moment; what
 * still waits in the outbox makes that moment older by the age of its oldest row.
 */
import type {Logger} from '../platform/log.ts'
import {pause, type Loop} from '../platform/lifecycle.ts'
import type {Source} from '../readmodel/stream-reads.ts'
import type {LagView} from './pipeline/lag.ts'

/** Where a partition ended at a moment. */
interface Ends {
  readonly at: number
  readonly ends: ReadonlyMap<string, number>
}

const LOOKS_KEPT = 120

/**
 * The latest moment whose ends have all been reached.
 *
 * @param reached next offset that the store does not hold yet, by partition
 */
export function caughtUpAt(
  looks: readonly Ends[],
  reached: ReadonlyMap<string, number>,
): number | undefined {
  return looks.findLast(({ends}) =>
    [...ends].every(([key, end]) => Math.max(0, reached.get(key) ?? 0) >= end),
  )?.at
}

export interface Freshness extends Loop {
  ageMs(store: Source, stream: string): number | null
  /** Whether every partition's owner kept Redis up to date when last looked at. */
  isLive(stream: string): boolean
  /** Records a second that became visible lately, and when that was measured. */
  readonly ratePerSecond: number | null
}

export interface FreshnessDeps {
  readonly lag: () => Promise<LagView>
  /** Highest offset that Redis holds, by partition; null where it says nothing. */
  readonly applied: (stream: string) => Promise<readonly (number | null)[]>
  /** Topics by stream. */
  readonly topics: ReadonlyMap<string, string>
  readonly log: Logger
}

export function createFreshness(
  deps: FreshnessDeps,
  options: {readonly everyMs: number},
): Freshness {
  const looks = new Map<string, Ends[]>()
  const caughtUp = new Map<string, number>()
  const alive = new Map<string, boolean>()
  let before: {at: number; sum: number} | undefined
  let rate: number | null = null

  const look = async (): Promise<void> => {
    const view = await deps.lag()
    const waiting = (view.outboxOldestSeconds ?? 0) * 1000
    let sum = 0
    for (const [stream, topic] of deps.topics) {
      const partitions = view.partitions.filter(one => one.topic === topic)
      if (partitions.length === 0 || view.outboxUnpublished === null) continue
      const list = looks.get(stream) ?? []
      list.push({
        at: view.at - waiting,
        ends: new Map(partitions.map(one => [String(one.partition), one.end])),
      })
      looks.set(stream, list.slice(-LOOKS_KEPT))
      const committed = new Map(partitions.map(one => [String(one.partition), one.committed]))
      const applied = await deps.applied(stream).catch((): (number | null)[] => [])
      alive.set(stream, applied.length > 0 && !applied.includes(null))
      // Where Redis says nothing, Cassandra answers; where it does, as of its own offset, even an older one.
      const live = new Map(
        partitions.map(({partition, committed: stored}) => {
          const offset = applied[partition] ?? null
          return [String(partition), offset === null ? stored : offset + 1]
        }),
      )
      sum += [...live.values()].reduce((total, next) => total + Math.max(next, 0), 0)
      for (const [store, reached] of [
        ['redis', live],
        ['cassandra', committed],
      ] as const) {
        const at = caughtUpAt(looks.get(stream)!, reached)
        if (at !== undefined) caughtUp.set(`${store}:${stream}`, at)
      }
    }
    const at = Date.now()
    if (before !== undefined && at > before.at) {
      rate = Math.max(0, ((sum - before.sum) * 1000) / (at - before.at))
    }
    before = {at, sum}
  }

  return {
    name: 'freshness',
    ageMs(store, stream) {
      const at = caughtUp.get(`${store}:${stream}`)
      return at === undefined ? null : Math.max(0, Date.now() - at)
    },
    isLive: stream => alive.get(stream) === true,
    get ratePerSecond() {
      return rate
    },
    async run(signal) {
      while (!signal.aborted) {
        await look().catch((error: unknown) => {
          deps.log.debug({err: error}, 'freshness is not known')
        })
        await pause(options.everyMs, signal)
      }
    },
  }
}
