/**
 * Runs checkpoints about once a second, and commits the partition as far as both stores are.
 *
 * Guarantees    INV-43: a partition is committed only up to what is durable in Cassandra and, while
 *               Redis is there, applied in it.
 */
import {messageOf} from '../platform/errors.ts'
import type {Loop} from '../platform/lifecycle.ts'
import {retry} from '../platform/retry.ts'
import {runCheckpoint, type CheckpointDeps, type DurablePoint} from './checkpoint.ts'
import type {ProcessorConfig} from './config.ts'
import {checkpointWaitMs, commitableOffset} from './flush.ts'
import type {OwnerDeps, OwnerShared} from './owner-shared.ts'
import {openCorrection} from './partition-state.ts'

/** Offsets by which the ceiling is raised: a lightweight transaction for so many records. */
const CEILING_STEP = 100_000
/** Waiting records of a partition that make it more urgent to catch up than to show it. */
const BEHIND_RECORDS = 10_000
/** From one checkpoint to the next while a reader waits for it. */
const AWAITED_MS = 100
/** How long a clean stop may take to make durable what is folded. */
const FINISH_MS = 4000

export interface Checkpointer {
  readonly loops: readonly Loop[]
  /** One last checkpoint after the loops have ended; what it does not reach is read again. */
  finish(): Promise<void>
}

export function createCheckpointer<SourceRow, Event, Derived>(
  shared: OwnerShared<Event, Derived>,
  deps: OwnerDeps<SourceRow, Event, Derived>,
  config: ProcessorConfig,
): Checkpointer {
  const {state, lease, progress, awaited} = shared
  const {fold, stores} = deps.stream
  const stream = fold.stream.name
  const labels = {stream, partition: String(state.partition)}
  const limits = {
    rowsMax: config.aggregateRowsMax,
    concurrency: config.aggregateConcurrency,
    ceilingStep: CEILING_STEP,
  }
  const options = {
    intervalMs: config.checkpointMs,
    intervalMaxMs: config.checkpointMaxMs,
    awaitedMs: AWAITED_MS,
    dirtyMax: config.checkpointRowsMax,
  }
  let durable: DurablePoint = {offset: state.foldedOffset, identity: null}
  let committedOffset = state.foldedOffset

  const checkpointDeps: CheckpointDeps<Event, Derived> = {
    save: (rows, fence) => stores.aggregates.save(rows, fence),
    write: writes => stores.registers.write(writes),
    partitions: deps.partitions,
    whenRawDurable: (offset, signal) =>
      progress.until(() => state.pending.isDurable(offset), signal),
    patience: shared.patience,
    slice: () => deps.slices.next(),
    onSaved: rows => deps.metrics.aggregateRows.inc({stream}, rows),
  }

  const isDue = (): boolean =>
    state.foldedOffset > durable.offset ||
    state.cache.dirtyCount > 0 ||
    state.needsGeneration ||
    state.pending.deferredCount > 0

  const checkpoint = async (signal: AbortSignal): Promise<void> => {
    durable = await runCheckpoint(state, checkpointDeps, limits, signal)
    state.durableOffset = durable.offset
    progress.ring()
  }

  const commitIfAllowed = async (signal: AbortSignal): Promise<boolean> => {
    const offset = commitableOffset({
      durableOffset: durable.offset,
      committedOffset,
      openCorrection: () => openCorrection(state),
      isRawDurable: upTo => state.pending.isDurable(upTo),
      liveAllows: upTo => lease.allowsCommit(upTo, deps.now()),
    })
    if (offset === undefined) return false
    await retry(() => deps.commit(offset + 1), shared.patience(signal))
    committedOffset = offset
    deps.metrics.committedOffset.set(labels, offset + 1)
    return true
  }

  const waitForTurn = async (lastDurationMs: number, signal: AbortSignal): Promise<void> => {
    const sinceMs = performance.now()
    for (;;) {
      const load = {
        dirty: state.cache.dirtyCount,
        isBehind: state.lag > BEHIND_RECORDS,
        isAwaited: awaited.isAwaited,
      }
      const leftMs = checkpointWaitMs(lastDurationMs, load, options) + sinceMs - performance.now()
      if (leftMs <= 0 || signal.aborted) return
      await awaited.wait(leftMs, signal)
    }
  }

  const checkpoints: Loop = {
    name: `checkpoints ${state.topic}/${state.partition}`,
    async run(signal) {
      let durationMs = 0
      while (!signal.aborted) {
        await waitForTurn(durationMs, signal)
        if (signal.aborted || !isDue()) continue
        const startedAt = performance.now()
        await checkpoint(signal)
        durationMs = performance.now() - startedAt
        deps.metrics.checkpoint.observe({stream}, durationMs / 1000)
      }
    },
  }

  const commits: Loop = {
    name: `commits ${state.topic}/${state.partition}`,
    async run(signal) {
      while (!signal.aborted) {
        if (!(await commitIfAllowed(signal))) await progress.wait(200, signal)
      }
    },
  }

  return {
    loops: [checkpoints, commits],
    async finish() {
      const signal = AbortSignal.timeout(FINISH_MS)
      try {
        const group = state.pending.takeImmediate(Number.POSITIVE_INFINITY)
        if (group.taken.length > 0) {
          await retry(() => stores.registers.write(group.writes), shared.patience(signal))
          state.pending.settle(group)
        }
        if (isDue()) await checkpoint(signal)
        await commitIfAllowed(signal)
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
