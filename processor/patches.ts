/**
 * Writes the raw rows and hashes of events again whose content came after them, beside the live
 * stream. No aggregate changes: none depends on metadata.
 *
 * Guarantees    INV-47: a patch wins over the row it was read from, and loses against every later
 *               record of that row: its timestamp is that of the row's offset, of a new generation.
 * Does not      follow an edit of a content that was known: `npm run reenrich` does.
 */
import {dispositionOf, messageOf} from '../platform/errors.ts'
import {pause, type Loop} from '../platform/lifecycle.ts'
import {EVENT_TTL_S} from '../readmodel/live-windows.ts'
import type {ProcessorConfig} from './config.ts'
import type {OwnerDeps, OwnerShared} from './owner-shared.ts'
import type {LateRows, StoredRow} from './projections/projection.ts'

const LOOK_AGAIN_MS = 500
/** A generation is taken for each round, and there are a million of them. */
const ROUND_MS = 5000
/** Contents of one round. */
const CONTENTS_MAX = 20
/** Contents that nothing was heard of lately are looked up so many at a time. */
const LOOKUPS_MAX = 100
const LOOKUP_MS = 30_000
/** Rows of one turn: so long does the live stream wait at most. */
const ROWS_MAX = 200

export function createPatches<SourceRow, Event, Derived>(
  {state, between, progress, work}: OwnerShared<Event, Derived>,
  {
    lateRows,
    stream,
    metadata,
    metrics,
    log,
    now,
  }: OwnerDeps<SourceRow, Event, Derived> & {readonly lateRows: LateRows<Event, Derived>},
  {retryMs}: Pick<ProcessorConfig, 'retryMs'>,
): Loop {
  const {fold, stores} = stream
  const labels = {stream: fold.stream.name}
  const {late} = state
  let lookedUpMs = now()
  let firstLookup = 0

  /** Contents that have come. */
  const ready = (): readonly string[] =>
    late
      .ids()
      .filter(id => (metadata.peek(id) ?? null) !== null)
      .slice(0, CONTENTS_MAX)

  /** What the memory of metadata has forgotten again, or learned before this owner came. */
  const lookUp = async (): Promise<void> => {
    if (late.size === 0 || now() - lookedUpMs < LOOKUP_MS) return
    lookedUpMs = now()
    const ids = late.ids()
    firstLookup = firstLookup >= ids.length ? 0 : firstLookup
    const some = ids.slice(firstLookup, firstLookup + LOOKUPS_MAX)
    firstLookup += LOOKUPS_MAX
    await metadata.resolve(some)
  }

  /** Everything folded so far is durable, under an older generation than the present one. */
  const whenBehind = async (signal: AbortSignal): Promise<void> => {
    const offset = state.foldedOffset
    const {generation} = state.ownership
    state.needsGeneration = true
    await progress.until(
      () => state.durableOffset >= offset && state.ownership.generation > generation,
      signal,
    )
  }

  /** The rows of one turn. A row with a pending write is written by that, with what is known now. */
  const patchRows = async (page: readonly StoredRow<Event>[], id: string): Promise<void> => {
    const known = metadata.peek(id) ?? null
    const patches = page
      .filter(
        ({event}) => state.pending.registerAt(stores.registers.locationOf(event)) === undefined,
      )
      .map(row => ({...row, derived: fold.derive(row.event, known)}))
    const {generation} = state.ownership
    await lateRows.patch(patches, generation)
    metrics.patched.inc(labels, patches.length)
    // The hash of an event that was changed or deleted since its row was read must not come back.
    const recent = patches.filter(({processedAt}) => now() - processedAt < 1000 * EVENT_TTL_S)
    const present = await stores.registers.read(recent.map(({event}) => event))
    const same = recent.filter(({outboxId}, i) => present[i]?.outboxId === outboxId)
    for (const row of same) {
      state.liveEvents.push({...row, kind: 'put', generation, correction: true})
    }
    work.ring()
  }

  const patch = async (id: string, signal: AbortSignal): Promise<void> => {
    const entry = late.get(id)
    if (entry === undefined) return
    for await (const page of lateRows.scan(id, entry)) {
      for (let first = 0; first < page.length; first += ROWS_MAX) {
        signal.throwIfAborted()
        await between.run(() => patchRows(page.slice(first, first + ROWS_MAX), id))
      }
    }
    late.forget(entry)
  }

  const round = async (signal: AbortSignal): Promise<void> => {
    await lookUp()
    const ids = ready()
    if (ids.length === 0) return await progress.wait(LOOK_AGAIN_MS, signal)
    await whenBehind(signal)
    for (const id of ids) await patch(id, signal)
    log.info({topic: state.topic, partition: state.partition, contents: ids.length}, 'patched')
    await pause(ROUND_MS, signal)
  }

  return {
    name: `patches ${state.topic}/${state.partition}`,
    async run(signal) {
      while (!signal.aborted) {
        try {
          await round(signal)
        } catch (error) {
          if (signal.aborted) return
          if (dispositionOf(error) !== 'retry') throw error
          log.warn({reason: messageOf(error)}, 'patching waits for a store')
          await pause(20 * retryMs, signal)
        }
      }
    },
  }
}
