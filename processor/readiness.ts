/**
 * Whether the flow through the processor is as it should be.
 *
 * Does not      judge a backlog that is being worked off, nor Redis being away: Cassandra goes on.
 */
import type {TopicPartition} from '../platform/kafka.ts'
import type {Readiness} from '../platform/status-server.ts'
import {nameOf} from './partition-state.ts'

/** Records may wait so long without any being folded before that counts as stuck. */
export const STUCK_MS = 30_000
/** A server may fail so long before it counts as away. */
export const AWAY_MS = 10_000

/** Told by what folds into one keyspace. */
export interface ReadinessProbe {
  owned(partitions: readonly TopicPartition[]): void
  /** Records came; the partition's log ends there. */
  received(partition: TopicPartition, endOffset: number): void
  folded(partition: TopicPartition, offset: number): void
  /** The partition stands still, and why; null: it goes on. */
  standing(partition: TopicPartition, cause: string | null): void
  /** Nothing is folded into it any more. */
  over(): void
}

export interface ProcessorReadiness {
  /** @param keyspace '' for the one that people know */
  of(keyspace: string): ReadinessProbe
  /**
   * Streams that are not folded into what is served, and why; null: none. What mends that needs this service: it is
   * as ready as it can be, and the verdict on the whole (`/health`) is not healthy.
   */
  missing(problem: string | null): void
  /** Worth a look, though everything flows; null: no more. */
  warned(what: string, warning: string | null): void
  /** A call failed and is repeated. */
  retried(): void
  judge(): Readiness
}

interface Flow {
  endOffset: number
  foldedOffset: number
  /** When a record was folded last, or when the first one that waits came. */
  movedMs: number
}

const waitingOf = ({endOffset, foldedOffset}: Flow): number =>
  Math.max(0, endOffset - foldedOffset - 1)

export function createReadiness(now: () => number): ProcessorReadiness {
  /** Partitions by keyspaces, as they are called here. */
  const assigned = new Map<string, readonly string[]>()
  const flows = new Map<string, Flow>()
  const causes = new Map<string, string>()
  const warnings = new Map<string, string>()
  const failing = {sinceMs: 0, lastMs: Number.NEGATIVE_INFINITY}
  let problem: string | null = null

  const reasonsOf = (): readonly string[] => {
    const reasons: string[] = []
    if (assigned.size === 0 && problem === null) {
      reasons.push('no answer of the consumer group yet')
    }
    for (const [name, cause] of causes) {
      reasons.push(`${name} stands still: ${cause}. See RUNBOOK, "A partition stands still"`)
    }
    for (const [name, flow] of flows) {
      if (causes.has(name)) continue
      const waiting = waitingOf(flow)
      const ms = now() - flow.movedMs
      if (waiting === 0 || ms < STUCK_MS) continue
      reasons.push(
        `${name}: ${waiting} records wait, none was folded for ${Math.floor(ms / 1000)} s`,
      )
    }
    const failingMs = failing.lastMs - failing.sinceMs
    if (now() - failing.lastMs < AWAY_MS && failingMs >= AWAY_MS) {
      reasons.push(`calls of a store fail for ${Math.floor(failingMs / 1000)} s`)
    }
    return reasons
  }

  const forget = (): void => {
    const known = new Set([...assigned.values()].flat())
    for (const all of [flows, causes]) {
      for (const name of all.keys()) if (!known.has(name)) all.delete(name)
    }
  }

  return {
    of(keyspace) {
      const called = (partition: TopicPartition): string =>
        keyspace === '' ? nameOf(partition) : `${nameOf(partition)} of ${keyspace}`
      return {
        owned(partitions) {
          assigned.set(keyspace, partitions.map(called))
          forget()
        },
        received(partition, endOffset) {
          const flow = flows.get(called(partition))
          if (flow === undefined) {
            flows.set(called(partition), {endOffset, foldedOffset: -1, movedMs: now()})
            return
          }
          if (waitingOf(flow) === 0) flow.movedMs = now()
          flow.endOffset = endOffset
        },
        folded(partition, offset) {
          const flow = flows.get(called(partition))
          if (flow === undefined) return
          flow.foldedOffset = offset
          flow.movedMs = now()
        },
        standing(partition, cause) {
          if (cause === null) causes.delete(called(partition))
          else causes.set(called(partition), cause)
        },
        over() {
          assigned.delete(keyspace)
          forget()
        },
      }
    },
    missing(what) {
      problem = what
    },
    warned(what, warning) {
      if (warning === null) warnings.delete(what)
      else warnings.set(what, warning)
    },
    retried() {
      if (now() - failing.lastMs >= AWAY_MS) failing.sinceMs = now()
      failing.lastMs = now()
    },
    judge() {
      const reasons = reasonsOf()
      const waiting = [...flows.values()].reduce((sum, flow) => sum + waitingOf(flow), 0)
      return {
        ready: reasons.length === 0,
        reasons,
        details: {
          partitions: [...assigned.values()].flat(),
          waiting,
          standing: Object.fromEntries(causes),
          warnings: Object.fromEntries(warnings),
          incomplete: problem,
        },
      }
    },
  }
}
