/** Recomputes stale rows, one after another, beside the live stream. */
import {dispositionOf, messageOf} from '../platform/errors.ts'
import {pause, type Loop} from '../platform/lifecycle.ts'
import type {ProcessorConfig} from './config.ts'
import type {OwnerDeps, OwnerShared} from './owner-shared.ts'
import {recomputeRow} from './recompute.ts'
import type {RowId} from './state-cache.ts'

const LOOK_AGAIN_MS = 500
/** A row that is corrected all the time is recomputed ever more seldom, down to one in so many. */
const AGAIN_FACTOR_MAX = 64

export function createRepairs<SourceRow, Event, Derived>(
  shared: OwnerShared<Event, Derived>,
  deps: OwnerDeps<SourceRow, Event, Derived>,
  {recomputeAgainMs}: Pick<ProcessorConfig, 'recomputeAgainMs'>,
): Loop {
  const {state, between, progress} = shared
  const {fold, stores} = deps.stream
  const stream = fold.stream.name
  /** When a row may be tried again, milliseconds. */
  const notBefore = new Map<string, {readonly atMs: number; readonly delayMs: number}>()

  const recomputeDeps = {
    fold,
    scan: (projection: string, key: string, partition: number) =>
      stores.registers.scan(projection, key, partition),
    betweenBatches: <T>(work: () => Promise<T>) => between.run(work),
    whenDurable: (offset: number, signal: AbortSignal) =>
      progress.until(() => state.durableOffset >= offset, signal),
  }

  const next = (): RowId | undefined =>
    state.cache.stale.find(
      ({projection, key}) => (notBefore.get(`${projection} ${key}`)?.atMs ?? 0) <= deps.now(),
    )

  const repair = async (id: RowId, signal: AbortSignal): Promise<void> => {
    const name = `${id.projection} ${id.key}`
    const outcome = await recomputeRow(state, id, recomputeDeps, signal)
    if (outcome === 'again' || outcome === 'early') {
      const delayMs = Math.min(
        AGAIN_FACTOR_MAX * recomputeAgainMs,
        2 * (notBefore.get(name)?.delayMs ?? recomputeAgainMs / 2),
      )
      notBefore.set(name, {atMs: deps.now() + delayMs, delayMs})
      return
    }
    notBefore.delete(name)
    if (outcome === 'done') deps.metrics.recomputed.inc({stream})
  }

  return {
    name: `repairs ${state.topic}/${state.partition}`,
    async run(signal) {
      while (!signal.aborted) {
        const id = next()
        if (id === undefined) {
          await progress.wait(LOOK_AGAIN_MS, signal)
          continue
        }
        try {
          await repair(id, signal)
        } catch (error) {
          if (signal.aborted) return
          if (dispositionOf(error) !== 'retry') throw error
          deps.log.warn({...id, reason: messageOf(error)}, 'recomputation waits for a store')
          await pause(recomputeAgainMs, signal)
        }
      }
    },
  }
}
