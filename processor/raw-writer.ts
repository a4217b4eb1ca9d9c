/**
 * Writes the raw rows of new events: the first at once, those that follow closely together, when the
 * write before has returned (group commit) and its time is over.
 *
 * Does not      write corrections: they wait for the checkpoint (INV-32).
 */
import {pause, type Loop} from '../platform/lifecycle.ts'
import {retry} from '../platform/retry.ts'
import type {ProcessorConfig} from './config.ts'
import {loopOf, type OwnerDeps, type OwnerShared} from './owner-shared.ts'

const IDLE_MS = 5000
/** A group of so many rows tells that more follow closely. */
const BUSY_ROWS = 50

export function createRawWriter(
  {state, work, progress, patience}: OwnerShared,
  {stores, slices, metrics, now}: OwnerDeps,
  config: ProcessorConfig,
): Loop {
  const {pending, partition} = state
  const labels = {stream: stores.plan.stream.name}
  return loopOf('raw', state, async signal => {
    if (pending.immediateCount === 0) return await work.wait(IDLE_MS, signal)
    const startedAt = performance.now()
    await slices.next()
    const group = pending.takeImmediate(config.rawRowsMax)
    await retry(() => stores.raw.write(group.writes, partition), patience(signal))
    pending.settle(group)
    progress.ring()
    metrics.rawRows.inc(labels, group.writes.length)
    metrics.rawWrite.observe(labels, (performance.now() - startedAt) / 1000)
    const oldest = group.writes[0]
    if (oldest !== undefined) {
      const seconds = now() / 1000 - oldest.createdAt / 1e6
      metrics.freshness.observe({...labels, store: 'cassandra'}, seconds)
    }
    const isBusy = group.writes.length >= BUSY_ROWS
    const everyMs = isBusy ? config.rawBusyMs : config.rawEveryMs
    await pause(everyMs - (performance.now() - startedAt), signal)
  })
}
