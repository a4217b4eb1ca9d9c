/**
 * Makes what is folded durable: aggregates, then the raw effects of corrections, then how far the
 * partition is.
 *
 * Guarantees    INV-32 (order of writes), INV-43: what is recorded as durable is durable.
 *               INV-40: an owner that lost its partition releases no correction, and saves nothing
 *               that it folded with registers which its successor may have written.
 */
import {PipelineError} from '../platform/errors.ts'
import type {TopicPartition} from '../platform/kafka.ts'
import {retry} from '../platform/retry.ts'
import {settleAll} from '../platform/settle.ts'
import type {Fence} from '../readmodel/fence.ts'
import {dropStatements} from '../readmodel/parts.ts'
import type {Positions} from '../readmodel/positions.ts'
import type {EncodedState} from '../readmodel/rows.ts'
import {dropBlock, staleStatements} from '../readmodel/stale-table.ts'
import type {ProcessorConfig} from './config.ts'
import type {OwnerDeps, OwnerShared} from './owner-shared.ts'
import {nameOf, type PartitionState} from './partition-state.ts'
import type {LoadedRow} from './state-cache.ts'

/** Rows that are encoded without a break: about a millisecond or two. */
const ROWS_PER_SLICE = 20
/**
 * Offsets by which the ceiling is raised: a lightweight transaction for so many records, beside that of each
 * checkpoint. What a successor replaces below it is dropped by nobody.
 */
const CEILING_STEP = 10_000

/**
 * Makes a checkpoint: everything folded when it is called is durable when it resolves.
 *
 * @returns the offset up to which the partition is durable
 */
export function createCheckpoint(
  {state, progress, patience}: OwnerShared,
  {write, stores, positions, slices, metrics, space}: OwnerDeps,
  config: Pick<ProcessorConfig, 'aggregateRowsMax' | 'aggregateConcurrency'>,
): (signal: AbortSignal) => Promise<number> {
  const {topic, partition} = state
  const labels = {stream: stores.plan.stream.name}
  /** Reads of registers that the ownership was confirmed after. */
  let confirmed = 0
  /**
   * Makes sure, after rows were encoded and before they are sent, that values of their offset may be written
   * and that nobody has taken the partition. What is stale is no function of the offset: an owner that was
   * overtaken must not leave it behind, and what comes late of it includes nothing that was not in the log yet
   * when the next one came.
   *
   * @param mustAsk whatever was folded since: a keyspace that was made again has nobody's ownership, and must not
   *   be written to as if it had what was there before
   */
  const confirm = async (mustAsk: boolean): Promise<void> => {
    const {registerReads, foldedOffset, ownership, stale} = state
    const isBelow = foldedOffset > ownership.ceiling
    if (!mustAsk && !isBelow && registerReads === confirmed && stale.size === 0) return
    const ceiling = isBelow ? foldedOffset + CEILING_STEP : ownership.ceiling
    await holdPartition(state, positions, ceiling)
    confirmed = Math.max(confirmed, registerReads)
  }

  const saveRows = async (rows: readonly LoadedRow[], signal: AbortSignal): Promise<void> => {
    let isRepeated = false
    const attempt = async (): Promise<void> => {
      const encoded: EncodedState[] = []
      for (let first = 0; first < rows.length; first += ROWS_PER_SLICE) {
        await slices.next()
        signal.throwIfAborted()
        // States are those of this very moment, so the fence is too: also when this is a repetition.
        const fence: Fence = {partition, offset: state.foldedOffset}
        for (const {projection, key, state: own} of rows.slice(first, first + ROWS_PER_SLICE)) {
          encoded.push(projection.table.encode(key, own, fence, state.naming))
        }
      }
      await confirm(isRepeated)
      isRepeated = true
      await state.filings.flush()
      // Parts come before the row that names them, a bucket's row before the root that says it is closed.
      const parts = encoded.flatMap(one => one.parts)
      if (parts.length > 0) await write(parts)
      const before = encoded.flatMap(one => one.before)
      if (before.length > 0) await write(before)
      await write(encoded.flatMap(one => one.rows))
      for (const {commit} of encoded) commit()
      // Readers of Redis must not look for parts under names that are dropped soon.
      for (const [i, row] of rows.entries())
        if (encoded[i]!.parts.length > 0) state.cache.touchLive(row)
      metrics.aggregateRows.inc(labels, before.length + rows.length)
    }
    try {
      await retry(attempt, patience(signal))
    } catch (error) {
      // Not durable: a last checkpoint, while stopping, must not pass over them.
      state.cache.restoreDirty(rows)
      throw error
    }
    state.cache.saved(rows)
  }

  /** Saves the rows that are dirty now; each chunk is fenced by what is folded when it is encoded. */
  const saveDirtyRows = async (signal: AbortSignal): Promise<void> => {
    let left = state.cache.dirtyCount
    const lane = async (): Promise<void> => {
      while (left > 0) {
        const rows = state.cache.takeDirty(Math.min(left, config.aggregateRowsMax))
        left -= rows.length
        await saveRows(rows, signal)
      }
    }
    // What is on its way is neither dirty nor durable: the last checkpoint must not overtake it.
    await settleAll(Array.from({length: config.aggregateConcurrency}, lane))
  }

  /**
   * Writes the raw effects of corrections up to `offset`. The ownership is confirmed right before: a
   * successor takes a register that is ahead of it as proof that the aggregates are durable, and it
   * may have read those before this owner wrote them.
   */
  const releaseCorrections = async (offset: number, signal: AbortSignal): Promise<void> => {
    if (state.pending.deferredCount === 0) return
    const group = state.pending.takeDeferred(offset)
    const attempt = async (): Promise<void> => {
      await holdPartition(state, positions)
      signal.throwIfAborted()
      await stores.raw.write(group.writes, partition)
    }
    await retry(attempt, patience(signal))
    state.pending.settle(group)
  }

  return async signal => {
    const {foldedOffset, foldedIdentity} = state
    state.epochs.prune(foldedOffset + 1)
    const epochs = state.epochs.entries()
    state.cache.noteStaleOfDirty()
    const stale = state.stale.save()
    const late = state.late.all()
    // A row that an earlier owner wrote late could still name what was replaced in the replay.
    const dropped = state.naming.takeDropped().filter(({offset}) => offset > state.replayEnd)
    await retry(() => confirm(true), patience(signal))
    await saveDirtyRows(signal)
    await retry(() => state.filings.flush(), patience(signal))
    const blocks = stale.rows.flatMap(({at, rows}) => staleStatements({topic, partition, at}, rows))
    await retry(() => write(blocks), patience(signal))
    const {takeover} = state.ownership
    if (state.pending.deferredCount > 0) {
      // Whoever reads these corrections again finds them done, and not all of the rows that they were taken out of.
      const at = {topic, partition, takeover}
      const save = () => positions.saveStale(at, foldedOffset + 1, stale.blocks)
      await retry(save, patience(signal))
    }
    await releaseCorrections(foldedOffset, signal)
    // Every new event's raw row, too.
    await progress.until(() => state.pending.isDurable(foldedOffset), signal)
    signal.throwIfAborted()
    const position = {
      offset: foldedOffset + 1,
      space,
      outboxId: foldedIdentity?.outboxId ?? null,
      createdAt: foldedIdentity?.createdAt ?? null,
      epochs,
      stale: stale.blocks,
      late,
    }
    await retry(() => positions.save({topic, partition, takeover}, position), patience(signal))
    stale.commit()
    // Rows that do not name them are durable since the checkpoint before, and nobody has taken the partition.
    const drops = [
      ...dropStatements(dropped, partition),
      ...stale.dropped.map(at => dropBlock({topic, partition, at})),
    ]
    await retry(() => write(drops), patience(signal))
    return foldedOffset
  }
}

/** @throws `FENCED` when the partition has a newer owner */
export async function holdPartition(
  state: TopicPartition & Pick<PartitionState, 'ownership'>,
  positions: Pick<Positions, 'hold'>,
  ceiling = state.ownership.ceiling,
): Promise<void> {
  const {topic, partition} = state
  const wanted = {...state.ownership, ceiling}
  if (!(await positions.hold(topic, partition, wanted))) {
    throw new PipelineError('FENCED', `${nameOf(state)} has a newer owner`, {disposition: 'stop'})
  }
  state.ownership = wanted
}
