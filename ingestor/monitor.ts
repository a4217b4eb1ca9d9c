/** What the relay knows about its own flow: for metrics and for readiness. */
import type {Metrics} from '../platform/metrics.ts'
import type {Taken} from './leases.ts'
import {createRelayMetrics} from './metrics.ts'
import type {EpochObserver} from './relay.ts'

export interface LaneState {
  readonly lane: number
  readonly epoch: number
  /** Last time something was published or nothing was waiting, milliseconds, monotonic. */
  readonly flowedAt: number
}

export interface LaneMonitor {
  taken(taken: Taken): void
  left(lane: number): void
  failed(lane: number, end: {readonly code: string; readonly message: string}): void
  buried(reason: string): void
  observer(lane: number): EpochObserver
  /** Lanes owned now. */
  states(): readonly LaneState[]
  /** The slowest of the lanes that are owned or failed: when it flowed last; undefined without any. */
  flowedAt(): number | undefined
  /** Why lanes ended that are not owned again yet. */
  failures(): readonly string[]
}

/** @param now milliseconds, monotonic */
export function createLaneMonitor(
  metrics: Metrics,
  now: () => number,
): LaneMonitor & {readonly metrics: ReturnType<typeof createRelayMetrics>} {
  const m = createRelayMetrics(metrics)
  const states = new Map<number, {lane: number; epoch: number; flowedAt: number}>()
  const failures = new Map<number, string>()
  /** Of lanes that were left or could not be taken. */
  const flowedBefore = new Map<number, number>()
  const flowed = (lane: number): void => {
    const state = states.get(lane)
    if (state !== undefined) state.flowedAt = now()
  }
  const observerOf = (lane: number): EpochObserver => ({
    read({rows}) {
      if (rows.length === 0) return
      m.rowsRead.inc(rows.length)
      m.deadLetterShare.note(rows.length, 0)
      let chars = 0
      for (const row of rows) chars += row.payload.length
      m.bytesRead.inc(chars)
    },
    published(batch, rows, sendMs, redelivered) {
      flowed(lane)
      failures.delete(lane)
      m.rowsPublished.inc(batch.records)
      m.bytesPublished.inc(batch.bytes)
      m.sendSeconds.observe(sendMs / 1_000)
      if (redelivered) m.redelivered.inc(batch.records)
      const oldest = rows[0]
      if (oldest !== undefined) {
        m.publishLatency.observe(Math.max(0, Date.now() / 1_000 - oldest.createdAt / 1e6))
      }
    },
    caughtUp() {
      flowed(lane)
      failures.delete(lane)
    },
    woken: cause => m.wakeUps.inc({cause}),
  })
  const observers = new Map<number, EpochObserver>()
  return {
    metrics: m,
    taken({lane, epoch}) {
      // A lane that fails and is taken again, over and over, does not flow for all that.
      const flowedAt = failures.has(lane) ? flowedBefore.get(lane) : undefined
      states.set(lane, {lane, epoch, flowedAt: flowedAt ?? now()})
      m.laneEpoch.set({lane}, epoch)
    },
    left(lane) {
      const state = states.get(lane)
      if (state !== undefined) flowedBefore.set(lane, state.flowedAt)
      states.delete(lane)
      m.laneEpoch.set({lane}, 0)
    },
    failed(lane, {code, message}) {
      // Also one that could never be taken.
      if (!flowedBefore.has(lane)) flowedBefore.set(lane, now())
      failures.set(lane, `lane ${lane}: ${message}`)
      m.failures.inc({code})
    },
    buried(reason) {
      m.deadLetters.inc({reason})
      m.deadLetterShare.note(0, 1)
    },
    observer(lane) {
      const known = observers.get(lane) ?? observerOf(lane)
      observers.set(lane, known)
      return known
    },
    states: () => [...states.values()],
    flowedAt() {
      const owned = [...states.values()].map(state => state.flowedAt)
      const failed = [...failures.keys()].filter(lane => !states.has(lane))
      const all = [...owned, ...failed.map(lane => flowedBefore.get(lane)!)]
      return all.length === 0 ? undefined : Math.min(...all)
    },
    failures: () => [...failures.values()],
  }
}
