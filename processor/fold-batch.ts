/**
 * Folds a batch of one partition's records: everything they need is loaded first, then all of them
 * are folded without waiting, so that state is always that of an offset.
 *
 * Guarantees    INV-30, INV-31 (see admit.ts), INV-35: after a failure nothing of the batch is in
 *               the state, and it can be folded again.
 */
import assert from 'node:assert/strict'
import type {StreamRecord} from '../contracts/record.ts'
import {settleAll} from '../platform/settle.ts'
import {decide, effectsOf, isFresh, type Effect} from './admit.ts'
import type {MetadataCache} from './enrich.ts'
import {fenceOf, type PartitionState} from './partition-state.ts'
import type {RegisterStore, Register} from './projections/projection.ts'
import type {Row} from './state-cache.ts'
import type {StreamFold} from './stream-fold.ts'

/** A record that was decoded and belongs to the stream's history. */
export interface AdmittedRecord<SourceRow> {
  readonly offset: number
  readonly record: StreamRecord<SourceRow>
}

export interface FoldCounts {
  applied: number
  stale: number
  corrected: number
  unenriched: number
}

export interface FoldBatchDeps<SourceRow, Event, Derived> {
  readonly fold: StreamFold<SourceRow, Event, Derived>
  readonly registers: Pick<RegisterStore<Event, Derived>, 'locationOf' | 'read'>
  readonly metadata: MetadataCache
  readonly now: () => number
  /**
   * While more records wait, new events get no hash: a backlog would spend a quarter of its time on what
   * few look up.
   */
  readonly hashLagMax: number
  /** Events of a content that nothing is known about. */
  readonly onUnenriched: (contentId: string, event: Event) => void
}

interface PlannedEffect<Event, Derived> {
  readonly effect: Effect<Event>
  /** Rows of the event that is put; none for a delete. */
  readonly rows: readonly Row<Event>[]
  /** What the location held when the batch was planned. */
  readonly found: Register<Event, Derived> | null
}

interface PlannedRecord<Event, Derived, SourceRow> {
  readonly offset: number
  readonly record: StreamRecord<SourceRow>
  readonly fresh: boolean
  readonly effects: readonly PlannedEffect<Event, Derived>[]
}

/**
 * @throws whatever a store throws; then nothing was folded and the call may be repeated
 */
export async function foldBatch<SourceRow, Event, Derived>(
  state: PartitionState<Event, Derived>,
  batch: readonly AdmittedRecord<SourceRow>[],
  deps: FoldBatchDeps<SourceRow, Event, Derived>,
): Promise<FoldCounts> {
  const planned = await planBatch(state, batch, deps)
  await loadRows(state, planned, deps)
  const counts: FoldCounts = {applied: 0, stale: 0, corrected: 0, unenriched: 0}
  for (const item of planned) foldRecord(state, item, deps, counts)
  return counts
}

/** Effects of every record, and the registers of those that correct something. */
async function planBatch<SourceRow, Event, Derived>(
  state: PartitionState<Event, Derived>,
  batch: readonly AdmittedRecord<SourceRow>[],
  {fold, registers}: FoldBatchDeps<SourceRow, Event, Derived>,
): Promise<readonly PlannedRecord<Event, Derived, SourceRow>[]> {
  const {cache, pending} = state
  const wanted = new Map<string, Event>()
  const found = new Map<string, Register<Event, Derived> | null>()
  const waiting = new Map<string, Register<Event, Derived> | null>()
  const drafts = batch.map(({offset, record}) => {
    const event = fold.toEvent(record)
    const before = record.before === null ? null : fold.toEvent(record.before)
    const effects = effectsOf(record, event, before, registers.locationOf)
    const fresh = isFresh(record)
    // An earlier owner may have written what this record leaves at its location, and died before it
    // recorded which rows that made stale: they say so themselves once they are loaded.
    if (!fresh && offset <= state.replayEnd) {
      cache.rowsOf(event, offset)
      if (before !== null) cache.rowsOf(before, offset)
    }
    for (const effect of effects) {
      // Taken now: it may become durable, and leave the pending writes, before the fold.
      const last = pending.registerAt(effect.location)
      if (last !== undefined) waiting.set(effect.location, last.register)
      else if (!fresh) wanted.set(effect.location, effect.event)
    }
    return {offset, record, fresh, effects}
  })
  if (wanted.size > 0) {
    state.unconfirmed = true
    const read = await registers.read([...wanted.values()])
    state.unconfirmed = true
    for (const [i, location] of [...wanted.keys()].entries()) found.set(location, read[i] ?? null)
  }
  return drafts.map(({offset, record, fresh, effects}) => ({
    offset,
    record,
    fresh,
    effects: effects.map(effect => {
      // A new event's row may be stored by an earlier owner who did not get further: it is new still.
      const stored = fresh ? undefined : found.get(effect.location)
      const register = waiting.get(effect.location) ?? stored ?? null
      if (register !== null) cache.rowsOf(register.event, offset)
      return {
        effect,
        rows: effect.kind === 'put' ? cache.rowsOf(effect.event, offset) : [],
        found: register,
      }
    }),
  }))
}

async function loadRows<SourceRow, Event, Derived>(
  state: PartitionState<Event, Derived>,
  planned: readonly PlannedRecord<Event, Derived, SourceRow>[],
  {fold, metadata}: FoldBatchDeps<SourceRow, Event, Derived>,
): Promise<void> {
  const unknown = new Set<string>()
  for (const {effects} of planned) {
    for (const {effect} of effects) {
      const contentId = effect.kind === 'put' ? fold.contentOf(effect.event) : null
      if (contentId !== null && metadata.peek(contentId) === undefined) unknown.add(contentId)
    }
  }
  if (unknown.size === 0 && state.cache.missingCount === 0) return
  await settleAll([
    unknown.size > 0 ? metadata.resolve([...unknown]) : undefined,
    state.cache.missingCount > 0 ? state.cache.load() : undefined,
  ])
}

/** Synchronous: no save can see half of a record. */
function foldRecord<SourceRow, Event, Derived>(
  state: PartitionState<Event, Derived>,
  item: PlannedRecord<Event, Derived, SourceRow>,
  deps: FoldBatchDeps<SourceRow, Event, Derived>,
  counts: FoldCounts,
): void {
  const {offset, record} = item
  assert(offset > state.foldedOffset, 'records are folded in the order of their offsets')
  for (const planned of item.effects) {
    const {effect} = planned
    const pending = state.pending.registerAt(effect.location)
    const stored = pending === undefined ? planned.found : pending.register
    const decision = decide(effect, record, stored)
    if (decision.kind === 'stale') {
      counts.stale += 1
      if (stored?.outboxId === record.outbox_id)
        repeatLive(state, item, {effect, derived: stored.derived}, deps)
      continue
    }
    if (decision.retract !== null) {
      counts.corrected += 1
      retractEvent(state, decision.retract, offset)
    }
    if (decision.apply !== null) {
      counts.applied += 1
      for (const row of planned.rows) state.cache.apply(row, decision.apply, offset)
    }
    if (decision.apply !== null || stored !== null) {
      queueWrites(state, item, {effect, stored, counts}, deps)
    } else repeatLive(state, item, {effect, derived: null}, deps)
  }
  if (!item.fresh && offset <= state.replayEnd) state.replayedCorrection = offset
  state.foldedOffset = offset
  state.foldedIdentity = {outboxId: record.outbox_id, createdAt: record.created_at}
  if (record.created_at > state.newestCreatedAt) state.newestCreatedAt = record.created_at
}

function retractEvent<Event, Derived>(
  {cache}: PartitionState<Event, Derived>,
  event: Event,
  offset: number,
): void {
  // The rows were loaded with the batch: what is stored was read, or put by this very batch.
  for (const row of cache.rowsOf(event, offset)) {
    assert(row.loaded, 'rows of a stored event are loaded before it is retracted')
    cache.retract(row, event, offset)
  }
}

interface Outcome<Event, Derived> {
  readonly effect: Effect<Event>
  readonly stored: Register<Event, Derived> | null
  readonly counts: FoldCounts
}

/**
 * What an earlier owner stored it may not have told Redis. A hash that a later change wrote stays:
 * it carries the higher outbox id.
 */
function repeatLive<SourceRow, Event, Derived>(
  state: PartitionState<Event, Derived>,
  {offset, record}: PlannedRecord<Event, Derived, SourceRow>,
  {effect: {kind, event}, derived}: {effect: Effect<Event>; derived: Derived | null},
  {now}: Pick<FoldBatchDeps<SourceRow, Event, Derived>, 'now'>,
): void {
  if (offset > state.replayEnd) return
  const change = {
    kind,
    event,
    // As the raw row has it: metadata may have changed since.
    derived: kind === 'put' ? derived : null,
    outboxId: record.outbox_id,
    createdAt: record.created_at,
    processedAt: now(),
  }
  const {generation} = state.ownership
  state.liveEvents.push({...change, offset, generation, correction: true})
}

function queueWrites<SourceRow, Event, Derived>(
  state: PartitionState<Event, Derived>,
  {offset, record, fresh}: PlannedRecord<Event, Derived, SourceRow>,
  {effect, stored, counts}: Outcome<Event, Derived>,
  {fold, metadata, now, hashLagMax, onUnenriched}: FoldBatchDeps<SourceRow, Event, Derived>,
): void {
  const {kind, event} = effect
  const contentId = kind === 'put' ? fold.contentOf(event) : null
  const known = contentId === null ? null : (metadata.peek(contentId) ?? null)
  if (contentId !== null && known === null) {
    counts.unenriched += 1
    onUnenriched(contentId, event)
  }
  const write = {
    kind,
    event,
    derived: kind === 'put' ? fold.derive(event, known) : null,
    outboxId: record.outbox_id,
    createdAt: record.created_at,
    fresh: record.op === 'c' && stored === null,
    mayRepeat: offset <= state.replayEnd,
    fence: fenceOf(state, offset),
    processedAt: now(),
  }
  state.pending.add(effect.location, write, fresh)
  // A hash that may stand must not outlive a change of its event, or an earlier owner's view of it.
  const withHash = !fresh || write.mayRepeat || state.lag <= hashLagMax
  const {generation} = write.fence
  state.liveEvents.push({...write, offset, generation, correction: !fresh, withHash})
}
