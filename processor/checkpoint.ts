/**
 * Makes what is folded durable: aggregates, then the raw effects of corrections, then how far the
 * partition is.
 *
 * Guarantees    INV-32 (order of writes), INV-39: what is recorded as durable is durable.
 *               INV-40: an owner that lost its partition releases no correction, and saves nothing
 *               that it folded with registers which its successor may have written.
 */
import {PipelineError} from '../platform/errors.ts'
import {retry, type RetryOptions} from '../platform/retry.ts'
import {settleAll} from '../platform/settle.ts'
import type {Fence} from '../readmodel/fence.ts'
import {dropStatements} from '../readmodel/parts.ts'
import type {Positions} from '../readmodel/positions.ts'
import type {RawTable} from '../readmodel/raw-table.ts'
import type {EncodedState, PlacedStatement} from '../readmodel/rows.ts'
import type {Identity, PartitionState} from './partition-state.ts'
import type {LoadedRow} from './state-cache.ts'
import {createTurns, type Turns} from './turns.ts'

/** Rows that are encoded without a break: about a millisecond or two. */
const ROWS_PER_SLICE = 20

export interface CheckpointDeps {
  /** Resolves when all are durable. */
  readonly write: (statements: readonly PlacedStatement[]) => Promise<void>
  readonly writeRaw: RawTable['write']
  readonly positions: Positions
  /** Resolves when every new event's raw row up to the offset is durable. */
  readonly whenRawDurable: (offset: number, signal: AbortSignal) => Promise<void>
  readonly patience: (signal: AbortSignal) => RetryOptions
  /** @param rows statements about aggregate rows */
  readonly onSaved: (rows: number) => void
  /** Resolves when it is this partition's turn to compute for long. */
  readonly slice: () => Promise<void>
}

export interface CheckpointLimits {
  /** Rows of one save. */
  readonly rowsMax: number
  readonly concurrency: number
  /** The ceiling is raised in steps of so many offsets: one lightweight transaction each. */
  readonly ceilingStep: number
}

/** How far a partition is durable. */
export interface DurablePoint {
  readonly offset: number
  readonly identity: Identity | null
}

/** Everything folded when the call starts is durable when it resolves. */
export async function runCheckpoint(
  state: PartitionState,
  deps: CheckpointDeps,
  limits: CheckpointLimits,
  signal: AbortSignal,
): Promise<DurablePoint> {
  const point = {offset: state.foldedOffset, identity: state.foldedIdentity}
  const epochs = state.epochs.entries()
  state.cache.noteStaleOfDirty()
  const {stale} = state.cache
  const late = state.late.all()
  // A row that an earlier owner wrote late could still name what was replaced in the replay.
  const dropped = state.naming.takeDropped().filter(({offset}) => offset > state.replayEnd)
  // A stale mark is no function of the offset: an owner that was overtaken must not leave one behind.
  if (stale.length > 0 || dropped.length > 0) {
    const hold = () => holdPartition(state, deps.positions, state.ownership.ceiling)
    await retry(hold, deps.patience(signal))
  }
  await saveDirtyRows(state, deps, limits, signal)
  await retry(() => state.filings.flush(), deps.patience(signal))
  await releaseCorrections(state, deps, point.offset, signal)
  await deps.whenRawDurable(point.offset, signal)
  signal.throwIfAborted()
  const position = {
    offset: point.offset + 1,
    outboxId: point.identity?.outboxId ?? null,
    createdAt: point.identity?.createdAt ?? null,
    epochs,
    stale,
    late,
  }
  const fence = {partition: state.partition, offset: Math.max(0, point.offset)}
  await retry(() => deps.positions.save(state.topic, position, fence), deps.patience(signal))
  // Rows that do not name them are durable since the checkpoint before, and nobody has taken the partition.
  const drops = dropStatements(dropped, state.partition)
  await retry(() => deps.write(drops), deps.patience(signal))
  return point
}

/** Saves the rows that are dirty now; each chunk is fenced by what is folded when it is sent. */
async function saveDirtyRows(
  state: PartitionState,
  deps: CheckpointDeps,
  limits: CheckpointLimits,
  signal: AbortSignal,
): Promise<void> {
  let left = state.cache.dirtyCount
  const turns = createTurns()
  const lane = async (): Promise<void> => {
    while (left > 0) {
      const rows = state.cache.takeDirty(Math.min(left, limits.rowsMax))
      left -= rows.length
      await saveRows(state, rows, {...deps, turns}, limits, signal)
    }
  }
  // What is on its way is neither dirty nor durable: the last checkpoint must not overtake it.
  await settleAll(Array.from({length: limits.concurrency}, lane))
}

async function saveRows(
  state: PartitionState,
  rows: readonly LoadedRow[],
  {turns, ...deps}: CheckpointDeps & {readonly turns: Turns},
  limits: CheckpointLimits,
  signal: AbortSignal,
): Promise<void> {
  const attempt = async (): Promise<void> => {
    const encoded: EncodedState[] = []
    for (let first = 0; first < rows.length; first += ROWS_PER_SLICE) {
      await deps.slice()
      // One at a time: whoever raises the ceiling does so for all.
      do await turns.run(() => prepareFence(state, deps, limits))
      while (needsHold(state))
      signal.throwIfAborted()
      // States are those of this very moment, so the fence is too: also when this is a repetition.
      const fence: Fence = {partition: state.partition, offset: state.foldedOffset}
      for (const {projection, key, state: own} of rows.slice(first, first + ROWS_PER_SLICE)) {
        encoded.push(projection.table.encode(key, own, fence, state.naming))
      }
    }
    await state.filings.flush()
    // A root that says a bucket is closed comes after the bucket's row.
    const before = encoded.flatMap(one => one.before)
    if (before.length > 0) await deps.write(before)
    await deps.write(encoded.flatMap(one => one.rows))
    for (const {commit} of encoded) commit()
    deps.onSaved(before.length + rows.length)
  }
  try {
    await retry(attempt, deps.patience(signal))
  } catch (error) {
    // Not durable: a last checkpoint, while stopping, must not pass over them.
    state.cache.restoreDirty(rows)
    throw error
  }
  state.cache.saved(rows)
}

/** Makes sure that values of the present offset may be written, and that nobody has taken the partition. */
async function prepareFence(
  state: PartitionState,
  {positions}: CheckpointDeps,
  {ceilingStep}: CheckpointLimits,
): Promise<void> {
  while (needsHold(state)) {
    state.unconfirmed = false
    const {ceiling} = state.ownership
    const isBelow = state.foldedOffset > ceiling
    await holdPartition(state, positions, isBelow ? state.foldedOffset + ceilingStep : ceiling)
  }
}

const needsHold = (
  state: Pick<PartitionState, 'unconfirmed' | 'foldedOffset' | 'ownership'>,
): boolean => state.unconfirmed || state.foldedOffset > state.ownership.ceiling

type PartitionName = Pick<PartitionState, 'topic' | 'partition'>

/** @throws `FENCED` when the partition has a newer owner */
export async function holdPartition(
  state: PartitionName & Pick<PartitionState, 'ownership'>,
  positions: Pick<Positions, 'hold'>,
  ceiling: number,
): Promise<void> {
  const {topic, partition} = state
  const wanted = {takeover: state.ownership.takeover, ceiling}
  if (!(await positions.hold(topic, partition, wanted))) {
    throw new PipelineError('FENCED', `${topic}/${partition} has a newer owner`, {
      disposition: 'stop',
    })
  }
  state.ownership = wanted
}

/**
 * Writes the raw effects of corrections up to `offset`. The ownership is confirmed right before: a
 * successor takes a register that is ahead of it as proof that the aggregates are durable, and it
 * may have read those before this owner wrote them.
 */
async function releaseCorrections(
  state: PartitionState,
  deps: CheckpointDeps,
  offset: number,
  signal: AbortSignal,
): Promise<void> {
  if (state.pending.deferredCount === 0) return
  const group = state.pending.takeDeferred(offset)
  const attempt = async (): Promise<void> => {
    await holdPartition(state, deps.positions, state.ownership.ceiling)
    signal.throwIfAborted()
    await deps.writeRaw(group.writes, state.partition)
  }
  await retry(attempt, deps.patience(signal))
  if (group.taken.length > 0) state.pending.settle(group)
}
