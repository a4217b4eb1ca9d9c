/**
 * Folds a batch of one partition's records: everything they need is loaded first, then all of them
 * are folded without waiting, so that state is always that of an offset.
 *
 * Guarantees    INV-30 (see admit.ts), INV-33: after a failure nothing of the batch is in
 *               the state, and it can be folded again.
 */
import assert from 'node:assert/strict'
import type {StreamRecord} from '../contracts/record.ts'
import type {Repair} from '../contracts/repair.ts'
import {settleAll} from '../platform/settle.ts'
import {createComparer, eventColumns} from '../readmodel/event-columns.ts'
import {toKeyText, type Fields} from '../readmodel/fields.ts'
import type {StreamPlan} from '../readmodel/plan.ts'
import type {DoubtedRow} from '../readmodel/projection.ts'
import type {EventId, RawTable, RawWrite, Register} from '../readmodel/raw-table.ts'
import type {ShownPlan} from '../readmodel/shown.ts'
import {decide, effectsOf, effectsOfRefused, isFresh, isNewer, type Effect} from './admit.ts'
import {identityOf, type PartitionState} from './partition-state.ts'
import type {ReferenceCache} from './references.ts'
import {createHorizon} from '../readmodel/rules.ts'
import {isLoaded, type LoadedRow, type Row} from './state-cache.ts'

/** A record that was decoded and belongs to the stream's history. */
export interface AdmittedRecord {
  /** `refused`: it breaks a rule, and takes its event out. */
  readonly kind: 'record' | 'refused'
  readonly offset: number
  readonly record: StreamRecord<Fields>
  /** A rebuild reads the row again for this generation: it may be as old as it is. */
  readonly isFilling?: boolean
  /** A backfill read the row: nobody changed it. */
  readonly isReread?: boolean
  /** It was sent only to mend something: its row is put and folded into nothing. */
  readonly repair?: Repair
}

export interface FoldCounts {
  applied: number
  stale: number
  corrected: number
  unenriched: number
  /** Unenriched events that are not remembered: there are too many. */
  forgotten: number
  /** Changes that no number follows. */
  tooOld: number
}

export interface FoldDeps {
  readonly plan: StreamPlan
  readonly shown: ShownPlan
  readonly raw: Pick<RawTable, 'registers'>
  /** By the names of reference streams. */
  readonly references: ReadonlyMap<string, ReferenceCache>
  readonly now: () => number
  /** The stream has hashes of single events. */
  readonly hasHashes: boolean
  /**
   * While more records wait, new events get no hash: a backlog would spend a quarter of its time on what
   * few look up.
   */
  readonly hashLagMax: number
}

/**
 * Folds a batch.
 *
 * @throws whatever a store throws; then nothing was folded and the call may be repeated
 */
export type Fold = (batch: readonly AdmittedRecord[]) => Promise<FoldCounts>

interface PlannedEffect {
  readonly effect: Effect
  /** Rows of the event that is put; none for a delete. */
  readonly rows: readonly Row[]
  /** What the raw row held when the batch was planned. */
  readonly found: Register | null
  /** Rows of what it held. */
  readonly foundRows: readonly Row[]
}

interface PlannedRecord extends Omit<AdmittedRecord, 'kind' | 'isFilling'> {
  readonly fresh: boolean
  readonly isTooOld: boolean
  readonly effects: readonly PlannedEffect[]
  /** Rows of the event before a change that an earlier owner may have folded. */
  readonly replayed: readonly Row[]
  readonly doubted: readonly {readonly part: DoubtedRow; readonly row: Row}[]
}

export function createFold(
  state: PartitionState,
  {plan, shown, raw, references, now, hasHashes, hashLagMax}: FoldDeps,
): Fold {
  const {cache, pending, replayEnd} = state
  const isTooOld = createHorizon(plan.stream)
  const areSame = createComparer(eventColumns(plan.stream, shown))

  /** Parts that a record says are wrong. */
  const doubtedOf = (repair: Repair | undefined): PlannedRecord['doubted'] =>
    (repair?.parts ?? []).flatMap(([projection, key, level, start, oldestUs, newestUs]) => {
      const of = cache.projection(projection)
      if (of?.doubt === undefined) return []
      const part = {projection, key, level, start, oldestUs, newestUs}
      return [{part, row: cache.rowAt(of, key)}]
    })

  /** Effects of every record, and the registers of those that correct something. */
  const planBatch = async (batch: readonly AdmittedRecord[]): Promise<readonly PlannedRecord[]> => {
    const wanted = new Set<EventId>()
    const found = new Map<EventId, Register | null>()
    const waiting = new Map<EventId, Register>()
    const drafts = batch.map(
      ({kind, offset, record, isFilling = false, isReread = false, repair}) => {
        const {before} = record
        plan.readPaths(record)
        if (before !== null) plan.readPaths(before)
        const find = kind === 'refused' ? effectsOfRefused : effectsOf
        const effects = find(record, record, before, plan.idOf)
        const fresh = isFresh(record)
        for (const {id} of effects) {
          // Taken now: it may become durable, and leave the pending writes, before the fold.
          const last = pending.registerAt(id)
          if (last !== undefined) waiting.set(id, last)
          else if (!fresh) wanted.add(id)
        }
        return {offset, record, isFilling, isReread, fresh, effects, repair}
      },
    )
    if (wanted.size > 0) {
      const ids = [...wanted]
      const read = await raw.registers(ids, state.partition)
      state.registerReads += 1
      for (const [i, id] of ids.entries()) found.set(id, read[i] ?? null)
    }
    return drafts.map(({offset, record, isFilling, isReread, fresh, effects, repair}) => ({
      offset,
      record,
      isReread,
      fresh,
      ...(repair === undefined ? {} : {repair}),
      doubted: doubtedOf(repair),
      isTooOld: !isFilling && isTooOld(record),
      // An earlier owner may have written what this record leaves behind, and died before it recorded what
      // that made stale: rows and buckets say so themselves once they are loaded.
      replayed: record.before !== null && offset <= replayEnd ? cache.rowsOf(record.before) : [],
      effects: effects.map(effect => {
        // A new event's row may be stored by an earlier owner who did not get further: it is new still.
        const stored = fresh ? undefined : found.get(effect.id)
        const register = waiting.get(effect.id) ?? stored ?? null
        return {
          effect,
          rows: effect.kind === 'put' ? cache.rowsOf(effect.event) : [],
          found: register,
          foundRows:
            register === null || register.event === null ? [] : cache.rowsOf(register.event),
        }
      }),
    }))
  }

  const loadRows = async (planned: readonly PlannedRecord[]): Promise<void> => {
    const unknown = new Map<string, Set<string>>()
    for (const {effects} of planned) {
      for (const {effect} of effects) {
        if (effect.kind === 'delete') continue
        for (const {stream, id} of shown.referencesOf(effect.event)) {
          if (references.get(stream)?.peek(id) !== undefined) continue
          const ids = unknown.get(stream) ?? new Set()
          unknown.set(stream, ids.add(id))
        }
      }
    }
    if (unknown.size > 0 || cache.missingCount > 0) {
      await settleAll([
        ...Array.from(unknown, ([stream, ids]) => references.get(stream)?.resolve([...ids])),
        cache.missingCount > 0 ? cache.load() : undefined,
      ])
    }
  }

  const foldInto = (
    how: 'apply' | 'retract',
    rows: readonly Row[],
    event: Fields,
    offset: number,
  ): void => {
    plan.inputs.read(event, {timeUs: plan.timeOf(event), id: plan.idOf(event)})
    for (const row of rows) {
      // Rows of what is stored were loaded with the batch: it was read, or put by this very batch.
      assert(isLoaded(row), 'rows of an event are loaded before it is folded')
      cache[how](row, event, offset)
    }
  }

  /** An event is filed where it is looked for: when it is new, and when its key or time has changed. */
  const file = (event: Fields, stored: Register | null, {offset, repair}: PlannedRecord): void => {
    const [key, timeUs] = [plan.keyOf(event), plan.timeOf(event)]
    const before = stored?.event ?? null
    const isFiled = before !== null && plan.keyOf(before) === key && plan.timeOf(before) === timeUs
    // Its filing may be what is missing.
    if (isFiled && repair === undefined) return
    state.filings.add({id: plan.idOf(event), timeUs, key: toKeyText(key), offset})
  }

  /**
   * A replay finds what an earlier owner left of later records: the hash that it wrote of an earlier one must
   * not stay.
   */
  const showStored = (effect: Effect, stored: Register, offset: number): void => {
    if (!hasHashes || offset > replayEnd) return
    const {event} = stored
    const kind = event === null ? 'delete' : 'put'
    state.liveEvents.push({...stored, kind, event: event ?? effect.event})
  }

  const find = (stream: string, id: string): Fields | null =>
    references.get(stream)?.peek(id) ?? null

  /**
   * INV-138: whether a backfill read what is stored already. The register stays at the record before: what is
   * repeated of older ones is behind that, too. What else tells a row again does so to be newer than what another
   * partition has of it; what an earlier owner began is not judged.
   */
  const changesNothing = (
    {offset, record, isReread, repair}: PlannedRecord,
    stored: Register | null,
    write: RawWrite,
  ): boolean =>
    isReread === true &&
    stored !== null &&
    stored.event !== null &&
    write.kind === 'put' &&
    repair === undefined &&
    offset > replayEnd &&
    isNewer(identityOf(record), stored) &&
    plan.timeOf(stored.event) === plan.timeOf(write.event) &&
    areSame({event: stored.event, shown: stored.shown}, write)

  const queueWrites = (
    planned: PlannedRecord,
    {kind, event, id}: Effect,
    {stored, isOutside}: {readonly stored: Register | null; readonly isOutside: boolean},
    counts: FoldCounts,
  ): void => {
    const {offset, record, fresh} = planned
    const isPut = kind === 'put' && !isOutside
    for (const reference of isPut ? shown.referencesOf(event) : []) {
      if (find(reference.stream, reference.id) !== null) continue
      counts.unenriched += 1
      const timeUs = plan.timeOf(event)
      if (timeUs !== null && !state.late.note(reference, timeUs)) counts.forgotten += 1
    }
    const mayRepeat = offset < state.rawEnd
    const write = {
      kind: isPut ? ('put' as const) : ('delete' as const),
      isOutside: isOutside && record.op !== 'd',
      event,
      shown: isPut ? shown.valuesOf(event, find) : {},
      outboxId: record.outbox_id,
      createdAt: record.created_at,
      processedAt: now(),
      offset,
      takeover: state.ownership.takeover,
      fresh: record.op === 'c' && stored === null,
      mayRepeat,
    }
    if (changesNothing(planned, stored, write)) return
    pending.add(id, write, fresh)
    // A hash that may stand must not outlive a change of its event.
    const withHash = hasHashes && (!fresh || state.lag <= hashLagMax)
    if (withHash) state.liveEvents.push(write)
  }

  /** Synchronous: no save can see half of a record. */
  const foldRecord = (item: PlannedRecord, counts: FoldCounts): void => {
    const {offset, record, repair} = item
    assert(offset > state.foldedOffset, 'records are folded in the order of their offsets')
    for (const {effect, rows, found} of item.effects) {
      const stored = pending.registerAt(effect.id) ?? found
      const decision = decide(effect, item, stored)
      if (decision.kind === 'stale') {
        counts.stale += 1
        if (stored !== null) showStored(effect, stored, offset)
        continue
      }
      const {retract, apply, isOutside} = decision
      if (isOutside) counts.tooOld += 1
      // What is being counted again has to hear of it: whether the raw row was read before, nobody knows.
      const isRecounted = rows.some(row => row.isRecounted)
      const countsSame = retract !== null && apply !== null && plan.countsSame(retract, apply)
      const isSame = repair !== undefined || (countsSame && !isRecounted)
      if (repair !== undefined) state.unfoldedOffset = offset
      if (retract !== null) counts.corrected += 1
      if (retract !== null && !isSame) foldInto('retract', cache.rowsOf(retract), retract, offset)
      if (apply !== null) {
        counts.applied += 1
        if (!isSame) foldInto('apply', rows, apply, offset)
        file(apply, stored, item)
      }
      queueWrites(item, effect, {stored, isOutside}, counts)
    }
    for (const {part, row} of item.doubted) {
      assert(isLoaded(row), 'rows of a part are loaded before it is doubted')
      row.projection.doubt!(row.state, part, offset)
      cache.renew(row)
    }
    state.foldedOffset = offset
    state.foldedIdentity = identityOf(record)
    state.unshownSince ??= record.created_at
  }

  return async batch => {
    const planned = await planBatch(batch)
    await loadRows(planned)
    // What is loaded may be gone again when it was not used at once: looked at until nothing is missing.
    for (;;) {
      const incomplete = incompleteRows(planned)
      if (incomplete.size === 0) break
      await cache.loadInside(incomplete)
    }
    const counts: FoldCounts = {
      applied: 0,
      stale: 0,
      corrected: 0,
      unenriched: 0,
      forgotten: 0,
      tooOld: 0,
    }
    for (const item of planned) foldRecord(item, counts)
    return counts
  }
}

/** Rows that lack something stored before the batch can be folded into them. */
function incompleteRows(planned: readonly PlannedRecord[]): ReadonlySet<LoadedRow> {
  const incomplete = new Set<LoadedRow>()
  const prepare = (rows: readonly Row[], event: Fields): void => {
    for (const row of rows) {
      if (row.projection.prepare === undefined) continue
      assert(isLoaded(row), 'rows of a batch are loaded before it is folded')
      if (row.projection.prepare(row.state, event)) incomplete.add(row)
    }
  }
  for (const {effects, record, replayed, doubted} of planned) {
    for (const {part, row} of doubted) {
      assert(isLoaded(row), 'rows of a batch are loaded before it is folded')
      if (row.projection.want?.(row.state, part) === false) incomplete.add(row)
    }
    if (record.before !== null) prepare(replayed, record.before)
    for (const {effect, rows, found, foundRows} of effects) {
      prepare(rows, effect.event)
      if (found !== null && found.event !== null) prepare(foundRows, found.event)
    }
  }
  return incomplete
}
