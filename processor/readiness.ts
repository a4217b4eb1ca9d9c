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

export interface ReadinessProbe {
  owned(partitions: readonly TopicPartition[]): void
  /** Records came; the partition's log ends there. */
  received(partition: TopicPartition, endOffset: number): void
  folded(partition: TopicPartition, offset: number): void
  /** The partition stands still, and why; null: it goes on. */
  standing(partition: TopicPartition, cause: string | null): void
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

export function createReadiness(now: () => number): ReadinessProbe {
  let assigned: ReadonlySet<string> | undefined
  const flows = new Map<string, Flow>()
  const causes = new Map<string, string>()
  const warnings = new Map<string, string>()
  const failing = {sinceMs: 0, lastMs: Number.NEGATIVE_INFINITY}

  const reasonsOf = (): readonly string[] => {
    const reasons: string[] = []
    if (assigned === undefined) reasons.push('no answer of the consumer group yet')
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

  return {
    owned(partitions) {
      assigned = new Set(partitions.map(nameOf))
      for (const all of [flows, causes]) {
        for (const name of all.keys()) if (!assigned.has(name)) all.delete(name)
      }
    },
    received(partition, endOffset) {
      const flow = flows.get(nameOf(partition))
      if (flow === undefined) {
        flows.set(nameOf(partition), {endOffset, foldedOffset: -1, movedMs: now()})
        return
      }
      if (waitingOf(flow) === 0) flow.movedMs = now()
      flow.endOffset = endOffset
    },
    folded(partition, offset) {
      const flow = flows.get(nameOf(partition))
      if (flow === undefined) return
      flow.foldedOffset = offset
      flow.movedMs = now()
    },
    standing(partition, cause) {
      if (cause === null) causes.delete(nameOf(partition))
      else causes.set(nameOf(partition), cause)
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
          partitions: [...(assigned ?? [])],
          waiting,
          standing: Object.fromEntries(causes),
          warnings: Object.fromEntries(warnings),
        },
      }
    },
  }
}
