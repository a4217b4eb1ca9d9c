/**
 * Writes the raw rows of new events: the first at once, those that follow closely together, when the
 * write before has returned (group commit) and its time is over.
 *
 * Does not      write corrections: they wait for the checkpoint (INV-32).
 */
import {pause, type Loop} from '../platform/lifecycle.ts'
import {retry} from '../platform/retry.ts'
import type {ProcessorConfig} from './config.ts'
import type {OwnerDeps, OwnerShared} from './owner-shared.ts'

const IDLE_MS = 5000

export function createRawWriter<SourceRow, Event, Derived>(
  {state, work, progress, patience}: OwnerShared<Event, Derived>,
  {stream, slices, metrics, now}: OwnerDeps<SourceRow, Event, Derived>,
  config: ProcessorConfig,
): Loop {
  const {pending, topic, partition} = state
  const {registers} = stream.stores
  const labels = {stream: stream.fold.stream.name}
  return {
    name: `raw ${topic}/${partition}`,
    async run(signal) {
      while (!signal.aborted) {
        if (pending.immediateCount === 0) {
          await work.wait(IDLE_MS, signal)
          continue
        }
        const startedAt = performance.now()
        await slices.next()
        const group = pending.takeImmediate(config.rawRowsMax)
        await retry(() => registers.write(group.writes), patience(signal))
        pending.settle(group)
        progress.ring()
        metrics.rawRows.inc(labels, group.writes.length)
        metrics.rawWrite.observe(labels, (performance.now() - startedAt) / 1000)
        const oldest = group.writes[0]
        if (oldest !== undefined) {
          const seconds = now() / 1000 - oldest.createdAt / 1e6
          metrics.freshness.observe({...labels, store: 'cassandra'}, seconds)
        }
        await pause(config.rawEveryMs - (performance.now() - startedAt), signal)
      }
    },
  }
}
