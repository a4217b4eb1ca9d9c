/** Computes stale parts of rows again, one after another, beside the live stream. */
import {LEVELS} from '../contracts/stream.ts'
import {dispositionOf, messageOf} from '../platform/errors.ts'
import {pause, type Loop} from '../platform/lifecycle.ts'
import {retry} from '../platform/retry.ts'
import type {Mending, StaleRow} from '../readmodel/projection.ts'
import type {ProcessorConfig} from './config.ts'
import {loopOf, type OwnerDeps, type OwnerShared} from './owner-shared.ts'
import {isLoaded, nameOfStale, type LoadedRow} from './state-cache.ts'

const LOOK_AGAIN_MS = 500
/** What is corrected all the time is computed ever more seldom, down to one in so many. */
const AGAIN_FACTOR_MAX = 64

/**
 * `again`: something was taken out meanwhile; the value is better than before and still stale. `early`: what
 * it is made of is stale itself, and comes first.
 */
export type Mended = 'done' | 'again' | 'fresh' | 'early'

/** Mends one stale part, and takes it from the list when it is not stale any more. */
export async function mendRow(
  {state, between, progress, patience}: OwnerShared,
  stale: StaleRow,
  signal: AbortSignal,
): Promise<Mended> {
  const {cache, partition} = state
  const projection = cache.projection(stale.projection)
  if (projection?.mend === undefined) {
    cache.forgetStale(stale)
    return 'fresh'
  }
  const begun = await between.run(
    async (): Promise<{row: LoadedRow; mending: Mending | 'early' | null; offset: number}> => {
      const row = cache.rowAt(projection, stale.key)
      if (!isLoaded(row)) await cache.load()
      const loaded = row as LoadedRow
      while (projection.want?.(loaded.state, stale) === false) await cache.loadInside([loaded])
      // Pinned before anything else runs: what it belongs to must not be evicted.
      row.isPinned = true
      const {foldedOffset} = state
      const mending = projection.mend!(loaded.state, {...stale, partition, foldedOffset})
      if (mending === null) {
        // At once: what a record takes out before the next turn makes it stale again.
        cache.forgetStale(stale)
        // An earlier owner's late write has mended it: Redis may have what was stored before.
        cache.touchLive(row)
      }
      return {row: loaded, mending, offset: foldedOffset}
    },
  )
  const {row, mending, offset} = begun
  try {
    if (mending === null) return 'fresh'
    if (mending === 'early') return 'early'
    await progress.until(() => state.durableOffset >= offset, signal)
    const before = await mending.collect(read => retry(read, patience(signal)))
    if (before.length > 0) {
      for (const bucket of before) {
        cache.addStale({projection: stale.projection, key: stale.key, ...bucket})
      }
      return 'early'
    }
    // A successor may have written what was read: nothing is saved before it is known that there is none.
    state.unconfirmed = true
    const isDone = mending.adopt()
    if (isDone) cache.forgetStale(stale)
    cache.touch(row)
    return isDone ? 'done' : 'again'
  } finally {
    if (mending !== 'early') mending?.end()
    row.isPinned = false
  }
}

const orderOf = ({level}: StaleRow): number => LEVELS.findIndex(one => one === level)

export function createMender(
  shared: OwnerShared,
  deps: OwnerDeps,
  {mendAgainMs}: Pick<ProcessorConfig, 'mendAgainMs'>,
): Loop {
  const {state, progress} = shared
  const {stream} = deps.stores.plan
  /** When a part may be tried again, milliseconds. */
  const notBefore = new Map<string, {readonly atMs: number; readonly delayMs: number}>()

  /** What others are made of comes first: minutes before hours, days before totals. */
  const next = (): StaleRow | undefined => {
    const ready = state.cache.stale.filter(
      row => (notBefore.get(nameOfStale(row))?.atMs ?? 0) <= deps.now(),
    )
    return ready.toSorted((a, b) => orderOf(a) - orderOf(b))[0]
  }

  const waitMs = (): number => {
    const due = state.cache.stale.map(row => notBefore.get(nameOfStale(row))?.atMs ?? 0)
    return Math.max(1, Math.min(LOOK_AGAIN_MS, Math.min(...due) - deps.now()))
  }

  const mend = async (row: StaleRow, signal: AbortSignal): Promise<void> => {
    const name = nameOfStale(row)
    const outcome = await mendRow(shared, row, signal)
    if (outcome === 'again' || outcome === 'early') {
      const delayMs = Math.min(
        AGAIN_FACTOR_MAX * mendAgainMs,
        2 * (notBefore.get(name)?.delayMs ?? mendAgainMs / 2),
      )
      notBefore.set(name, {atMs: deps.now() + delayMs, delayMs})
      return
    }
    notBefore.delete(name)
    if (outcome === 'done') deps.metrics.mended.inc({stream: stream.name})
  }

  return loopOf('mending', state, async signal => {
    if (state.foldedOffset + 1 < state.staleEnd) return await progress.wait(LOOK_AGAIN_MS, signal)
    const row = next()
    if (row === undefined) return await progress.wait(waitMs(), signal)
    try {
      await mend(row, signal)
    } catch (error) {
      if (signal.aborted || dispositionOf(error) !== 'retry') throw error
      deps.log.warn({...row, reason: messageOf(error)}, 'mending waits for a store')
      await pause(mendAgainMs, signal)
    }
  })
}
