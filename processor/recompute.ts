/**
 * Computes again, from raw rows, what could not be retracted.
 *
 * Guarantees    INV-41: a recomputed value includes every event up to its offset: raw rows are read
 *               once all that was folded before is durable, their minutes included, and events
 *               folded since go to both.
 * Does not      hurry: one row at a time, beside the live stream.
 */
import type {PartitionState} from './partition-state.ts'
import type {RegisterStore} from './projections/projection.ts'
import type {Row, RowId} from './state-cache.ts'
import type {StreamFold} from './stream-fold.ts'

export interface RecomputeDeps<Event, Derived> {
  readonly fold: Pick<StreamFold<never, Event, Derived>, 'projections'>
  readonly scan: RegisterStore<Event, Derived>['scan']
  /** Runs between two batches, never while one is being folded. */
  readonly betweenBatches: <T>(work: () => Promise<T>) => Promise<T>
  /**
   * Resolves when every effect up to the offset is durable, aggregates too: the hours and minutes that
   * are stored say where raw rows are looked for.
   */
  readonly whenDurable: (offset: number, signal: AbortSignal) => Promise<void>
}

/**
 * `again`: another retraction came meanwhile; the value is better than before and still stale.
 * `early`: the row was saved by an owner who was further; its raw rows are not what it includes yet.
 */
export type Recomputed = 'done' | 'again' | 'fresh' | 'early'

/** Recomputes one row. */
export async function recomputeRow<Event, Derived>(
  state: PartitionState<Event, Derived>,
  id: RowId,
  deps: RecomputeDeps<Event, Derived>,
  signal: AbortSignal,
): Promise<Recomputed> {
  const projection = deps.fold.projections.find(({name}) => name === id.projection)
  if (projection === undefined) return 'fresh'
  const begun = await deps.betweenBatches(async () => {
    const row = state.cache.rowAt(projection, id.key, state.foldedOffset)
    if (!row.loaded) await state.cache.load()
    state.cache.noteStale(row)
    if (projection.isStale?.(row.state) !== true) return null
    if (row.guard > state.foldedOffset) return 'early'
    const shadow = {state: projection.create(id.key), spoiled: false}
    row.shadow = shadow
    return {row, shadow, offset: state.foldedOffset}
  })
  if (begun === null) return 'fresh'
  if (begun === 'early') return 'early'
  const {row, shadow, offset} = begun
  try {
    await deps.whenDurable(offset, signal)
    for await (const page of deps.scan(id.projection, id.key, state.partition)) {
      signal.throwIfAborted()
      for (const event of page) projection.apply(shadow.state, event)
    }
    adopt(state, row, shadow)
  } finally {
    row.shadow = undefined
  }
  return shadow.spoiled ? 'again' : 'done'
}

/** Synchronous: the value belongs to one offset. */
function adopt<Event, Derived>(
  state: PartitionState<Event, Derived>,
  row: Row<Event>,
  shadow: {readonly state: unknown; readonly spoiled: boolean},
): void {
  row.projection.adopt?.(row.state, shadow.state)
  if (shadow.spoiled) row.projection.markStale?.(row.state)
  state.cache.noteStale(row)
  state.cache.touch(row)
  // The same offset may have been written with the stale value: the new one has to win in Cassandra,
  // and a lease in Redis without it must not be taken over (INV-46).
  state.needsGeneration = true
}
