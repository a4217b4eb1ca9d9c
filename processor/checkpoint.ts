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
import {fenceOf, type Identity, type PartitionState} from './partition-state.ts'
import type {AggregateStore, PartitionStore, RegisterStore} from './projections/projection.ts'
import type {Row} from './state-cache.ts'
import {createTurns, type Turns} from './turns.ts'

export interface CheckpointDeps<Event, Derived> {
  readonly save: AggregateStore['save']
  readonly write: RegisterStore<Event, Derived>['write']
  readonly partitions: PartitionStore
  /** Resolves when every new event's raw row up to the offset is durable. */
  readonly whenRawDurable: (offset: number, signal: AbortSignal) => Promise<void>
  readonly patience: (signal: AbortSignal) => RetryOptions
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
export async function runCheckpoint<Event, Derived>(
  state: PartitionState<Event, Derived>,
  deps: CheckpointDeps<Event, Derived>,
  limits: CheckpointLimits,
  signal: AbortSignal,
): Promise<DurablePoint> {
  const point = {offset: state.foldedOffset, identity: state.foldedIdentity}
  const epochs = state.epochs.entries()
  const {maxPeriod, stale} = state.cache
  const late = state.late.toJSON()
  // A stale mark is no function of the offset: an owner that was overtaken must not leave one behind.
  if (stale.length > 0) {
    const hold = () => holdPartition(state, deps.partitions, state.ownership.ceiling)
    await retry(hold, deps.patience(signal))
  }
  if (state.needsGeneration) {
    await retry(() => prepareFence(state, deps, limits), deps.patience(signal))
  }
  await saveDirtyRows(state, deps, limits, signal)
  await releaseCorrections(state, deps, point.offset, signal)
  await deps.whenRawDurable(point.offset, signal)
  signal.throwIfAborted()
  const progress = {
    offset: point.offset + 1,
    outboxId: point.identity?.outboxId ?? null,
    createdAt: point.identity?.createdAt ?? null,
    epochs,
    maxPeriod,
    stale,
    late,
  }
  const fence = fenceOf(state, point.offset)
  await retry(() => deps.partitions.save(state.topic, progress, fence), deps.patience(signal))
  return point
}

/** Saves the rows that are dirty now; each chunk is fenced by what is folded when it is sent. */
async function saveDirtyRows<Event, Derived>(
  state: PartitionState<Event, Derived>,
  deps: CheckpointDeps<Event, Derived>,
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
      deps.onSaved(rows.length)
    }
  }
  // What is on its way is neither dirty nor durable: the last checkpoint must not overtake it.
  await settleAll(Array.from({length: limits.concurrency}, lane))
}

async function saveRows<Event, Derived>(
  state: PartitionState<Event, Derived>,
  rows: readonly Row<Event>[],
  {turns, ...deps}: CheckpointDeps<Event, Derived> & {readonly turns: Turns},
  limits: CheckpointLimits,
  signal: AbortSignal,
): Promise<void> {
  const attempt = async (): Promise<void> => {
    await deps.slice()
    // One at a time: a hold under a generation that was just renewed would look like a newer owner.
    do await turns.run(() => prepareFence(state, deps, limits))
    while (needsHold(state))
    signal.throwIfAborted()
    // States are those of this very moment, so the fence is too: also when this is a repetition.
    await deps.save(
      rows.map(row => ({projection: row.projection.name, key: row.key, state: row.state})),
      fenceOf(state, state.foldedOffset),
    )
  }
  try {
    await retry(attempt, deps.patience(signal))
  } catch (error) {
    // Not durable: a last checkpoint, while stopping, must not pass over them.
    state.cache.restoreDirty(rows)
    throw error
  }
  state.cache.release(rows)
}

/** Makes sure that values of the present offset may be written, and win over earlier ones. */
async function prepareFence<Event, Derived>(
  state: PartitionState<Event, Derived>,
  {partitions}: CheckpointDeps<Event, Derived>,
  {ceilingStep}: CheckpointLimits,
): Promise<void> {
  if (state.needsGeneration) {
    const {topic, partition} = state
    state.ownership =
      (await partitions.renew(topic, partition, state.ownership)) ?? throwFenced(state)
    state.needsGeneration = false
  }
  while (needsHold(state)) {
    state.unconfirmed = false
    const {ceiling} = state.ownership
    const isBelow = state.foldedOffset > ceiling
    await holdPartition(state, partitions, isBelow ? state.foldedOffset + ceilingStep : ceiling)
  }
}

const needsHold = (
  state: Pick<PartitionState<unknown, unknown>, 'unconfirmed' | 'foldedOffset' | 'ownership'>,
): boolean => state.unconfirmed || state.foldedOffset > state.ownership.ceiling

function throwFenced({topic, partition}: PartitionName): never {
  throw new PipelineError('FENCED', `${topic}/${partition} has a newer owner`, {
    disposition: 'stop',
  })
}

type PartitionName = Pick<PartitionState<unknown, unknown>, 'topic' | 'partition'>

/** @throws `FENCED` when the partition has a newer owner */
export async function holdPartition(
  state: PartitionName & Pick<PartitionState<unknown, unknown>, 'ownership'>,
  partitions: Pick<PartitionStore, 'hold'>,
  ceiling: number,
): Promise<void> {
  const wanted = {generation: state.ownership.generation, ceiling}
  if (!(await partitions.hold(state.topic, state.partition, wanted))) throwFenced(state)
  state.ownership = wanted
}

/**
 * Writes the raw effects of corrections up to `offset`. The ownership is confirmed right before: a
 * successor takes a register that is ahead of it as proof that the aggregates are durable, and it
 * may have read those before this owner wrote them.
 */
async function releaseCorrections<Event, Derived>(
  state: PartitionState<Event, Derived>,
  deps: CheckpointDeps<Event, Derived>,
  offset: number,
  signal: AbortSignal,
): Promise<void> {
  if (state.pending.deferredCount === 0) return
  const group = state.pending.takeDeferred(offset)
  const attempt = async (): Promise<void> => {
    await holdPartition(state, deps.partitions, state.ownership.ceiling)
    signal.throwIfAborted()
    await deps.write(group.writes)
  }
  await retry(attempt, deps.patience(signal))
  if (group.taken.length > 0) state.pending.settle(group)
}
