/**
 * Runs checkpoints as often as they are worth it, and tells Kafka how far the partition is.
 *
 * Guarantees    INV-43: a partition is committed only up to what is durable in Cassandra.
 */
import {messageOf} from '../platform/errors.ts'
import type {Loop} from '../platform/lifecycle.ts'
import {retry} from '../platform/retry.ts'
import {createCheckpoint} from './checkpoint.ts'
import type {ProcessorConfig} from './config.ts'
import {checkpointWaitMs} from './flush.ts'
import {loopOf, type OwnerDeps, type OwnerShared} from './owner-shared.ts'

/** How long a clean stop may take to make durable what is folded. */
const FINISH_MS = 4000

export interface Checkpointer {
  readonly loops: readonly Loop[]
  /** One last checkpoint after the loops have ended; what it does not reach is read again. */
  finish(): Promise<void>
}

export function createCheckpointer(
  shared: OwnerShared,
  deps: OwnerDeps,
  config: ProcessorConfig,
): Checkpointer {
  const {state, progress, awaited} = shared
  const {stores} = deps
  const stream = stores.plan.stream.name
  const labels = {stream, partition: String(state.partition)}

  const isDue = (): boolean =>
    state.foldedOffset > state.durableOffset ||
    state.cache.dirtyCount > 0 ||
    state.pending.deferredCount > 0

  const saveAll = createCheckpoint(shared, deps, config)
  const checkpoint = async (signal: AbortSignal): Promise<void> => {
    state.durableOffset = await saveAll(signal)
    progress.ring()
  }

  // Told at the start, too: a group that Kafka has forgotten shows no lag that is none.
  let committed = -1
  const commit = async (signal: AbortSignal): Promise<void> => {
    const offset = state.durableOffset
    if (offset <= committed) return
    await retry(() => deps.commit(offset + 1), shared.patience(signal))
    committed = offset
    deps.metrics.committedOffset.set(labels, offset + 1)
  }

  const waitForTurn = async (lastMs: number, signal: AbortSignal): Promise<void> => {
    const sinceMs = performance.now()
    for (;;) {
      const load = {
        lastMs,
        dirty: state.cache.dirtyCount,
        filings: state.filings.size,
        isAwaited: awaited.isAwaited,
        isFull: state.pending.deferredCount >= config.rawBacklogMax || state.cache.isCrowded,
      }
      const leftMs = checkpointWaitMs(load, config, state.partition) + sinceMs - performance.now()
      if (leftMs <= 0 || signal.aborted) return
      // Rows come meanwhile: looked at again before long.
      await awaited.wait(Math.min(leftMs, config.checkpointMs), signal)
    }
  }

  let lastMs = 0
  const checkpoints = loopOf('checkpoints', state, async signal => {
    await waitForTurn(lastMs, signal)
    if (signal.aborted) return
    lastMs = 0
    if (!isDue()) return
    const startedAt = performance.now()
    await checkpoint(signal)
    lastMs = performance.now() - startedAt
    deps.metrics.checkpoint.observe({stream}, lastMs / 1000)
  })

  /** Apart: Kafka being away must not hold back what is saved. */
  const commits = loopOf('commits', state, async signal => {
    await commit(signal)
    if (state.durableOffset <= committed) await progress.wait(1000, signal)
  })

  return {
    loops: [checkpoints, commits],
    async finish() {
      const signal = AbortSignal.timeout(FINISH_MS)
      try {
        const group = state.pending.takeImmediate(Number.POSITIVE_INFINITY)
        if (group.taken.length > 0) {
          const write = () => stores.raw.write(group.writes, state.partition)
          await retry(write, shared.patience(signal))
          state.pending.settle(group)
        }
        if (isDue()) await checkpoint(signal)
        await commit(signal)
      } catch (error) {
        const {topic, partition} = state
        deps.log.warn(
          {topic, partition, reason: messageOf(error)},
          'stopped before all was durable',
        )
      }
    },
  }
}
