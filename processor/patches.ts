/**
 * Writes the raw rows and hashes of events again whose reference came after them, beside the live
 * stream. No aggregate changes: none depends on references.
 *
 * Guarantees    INV-36: a patch wins over the row it was read from, and loses against every later
 *               record of that row: its timestamp is that of the row's offset, patched.
 * Does not      follow an edit of a reference that was known: `npm run reenrich` does.
 */
import {dispositionOf, messageOf} from '../platform/errors.ts'
import {pause, type Loop} from '../platform/lifecycle.ts'
import {eventsOf} from '../readmodel/event-reads.ts'
import {LONG_KEY, type Fields} from '../readmodel/fields.ts'
import type {LateReference} from '../readmodel/positions.ts'
import type {StoredEvent} from '../readmodel/raw-table.ts'
import type {ProcessorConfig} from './config.ts'
import {loopOf, type OwnerDeps, type OwnerShared} from './owner-shared.ts'

const LOOK_AGAIN_MS = 500
/** References of one round. */
const ROUND_MAX = 20
/** References that nothing was heard of lately are looked up so many at a time. */
const LOOKUPS_MAX = 100
const LOOKUP_MS = 30_000
/** Rows of one turn: so long does the live stream wait at most. */
const ROWS_MAX = 200

export function createPatches(
  {state, between, progress, work}: OwnerShared,
  {stores, references, metrics, log, now}: OwnerDeps,
  {retryMs, hashTtlS}: Pick<ProcessorConfig, 'retryMs' | 'hashTtlS'>,
): Loop {
  const {plan, shown, raw, files} = stores
  const {stream} = plan
  const labels = {stream: stream.name}
  const {late} = state
  let lookedUpMs = now()
  let firstLookup = 0

  const find = (of: string, id: string): Fields | null => references.get(of)?.peek(id) ?? null

  /** Those that have come. */
  const ready = (): readonly LateReference[] =>
    late
      .all()
      .filter(({stream: of, id}) => find(of, id) !== null)
      .slice(0, ROUND_MAX)

  /** What the memory has forgotten again, or learned before this owner came. */
  const lookUp = async (): Promise<void> => {
    if (late.size === 0 || now() - lookedUpMs < LOOKUP_MS) return
    lookedUpMs = now()
    const all = late.all()
    firstLookup = firstLookup >= all.length ? 0 : firstLookup
    const some = all.slice(firstLookup, firstLookup + LOOKUPS_MAX)
    firstLookup += LOOKUPS_MAX
    for (const [of, entries] of Map.groupBy(some, entry => entry.stream)) {
      await references.get(of)?.resolve(entries.map(({id}) => id))
    }
  }

  /** Events are found by the key they are filed under, where the reference is that; else among all. */
  const keyOf = ({stream: of, id}: LateReference): string | null => {
    const isKey = stream.shows.some(one => one.stream.name === of && one.by === stream.keyField)
    return isKey && id !== LONG_KEY ? id : null
  }

  const isWanting = ({stream: of, id}: LateReference, row: StoredEvent): boolean => {
    const refers = shown.referencesOf(row.event).some(one => one.stream === of && one.id === id)
    return refers && shown.late.every(column => (row.shown[column] ?? null) === null)
  }

  /** The rows of one turn. A row with a pending write is written by that, with what is known now. */
  const patchRows = async (page: readonly StoredEvent[]): Promise<void> => {
    const free = page.filter(({event}) => state.pending.registerAt(plan.idOf(event)) === undefined)
    const present = await raw.read(
      free.map(({event}) => plan.idOf(event)),
      state.partition,
    )
    // One that was changed since its row was read is written by that change.
    const same = free.filter(({offset}, i) => present[i]?.offset === offset)
    const {takeover} = state.ownership
    const patches = same.map(row => ({
      ...row,
      kind: 'put' as const,
      shown: shown.valuesOf(row.event, find),
      takeover,
      fresh: false,
      isPatch: true,
    }))
    await raw.write(patches, state.partition)
    metrics.patched.inc(labels, patches.length)
    if (stores.live.hashes !== undefined) {
      const recent = patches.filter(({processedAt}) => now() - processedAt < 1000 * hashTtlS)
      state.liveEvents.push(...recent)
    }
    work.ring()
  }

  const patch = async (entry: LateReference, signal: AbortSignal) => {
    const question = {partition: state.partition, key: keyOf(entry)}
    for await (const page of eventsOf({plan, raw, files}, question, entry)) {
      const wanting = page.filter(row => isWanting(entry, row))
      for (let first = 0; first < wanting.length; first += ROWS_MAX) {
        signal.throwIfAborted()
        await between.run(() => patchRows(wanting.slice(first, first + ROWS_MAX)))
      }
    }
    late.forget(entry)
  }

  const round = async (signal: AbortSignal): Promise<void> => {
    await lookUp()
    const entries = ready()
    if (entries.length === 0) return await progress.wait(LOOK_AGAIN_MS, signal)
    const offset = state.foldedOffset
    await progress.until(() => state.durableOffset >= offset, signal)
    for (const entry of entries) await patch(entry, signal)
    const {topic, partition} = state
    log.info({topic, partition, references: entries.length}, 'patched')
  }

  return loopOf('patches', state, async signal => {
    try {
      await round(signal)
    } catch (error) {
      if (signal.aborted || dispositionOf(error) !== 'retry') throw error
      log.warn({reason: messageOf(error)}, 'patching waits for a store')
      await pause(20 * retryMs, signal)
    }
  })
}
