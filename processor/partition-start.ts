/** Takes a partition: a new generation, what is durable, and whether it may go on from there. */
import {createEpochTable} from '../contracts/epochs.ts'
import {PipelineError} from '../platform/errors.ts'
import {retry, type RetryOptions} from '../platform/retry.ts'
import {LateContents} from './late-contents.ts'
import type {OwnerDeps, OwnerName} from './owner-shared.ts'
import type {PartitionState} from './partition-state.ts'
import {PendingWrites} from './pending-writes.ts'
import {expectedBefore, problemOfStart} from './start-check.ts'
import {StateCache} from './state-cache.ts'

/** @throws `STATE_CONTRADICTS` when going on would make wrong numbers */
export async function openPartition<SourceRow, Event, Derived>(
  name: OwnerName,
  deps: OwnerDeps<SourceRow, Event, Derived>,
  patience: RetryOptions,
): Promise<PartitionState<Event, Derived>> {
  const {topic, partition} = name
  const {fold, stores} = deps.stream
  // The generation first: what is read afterwards is final but for writes that lose against ours.
  const ownership = await retry(() => deps.partitions.take(topic, partition), patience)
  const progress = await retry(() => deps.partitions.load(topic, partition), patience)
  const facts = deps.start
  const problem = problemOfStart({...name, ...facts})
  if (problem !== undefined) {
    throw new PipelineError('STATE_CONTRADICTS', problem, {disposition: 'stop'})
  }
  const next = facts.committed ?? facts.begin
  deps.log.info({topic, partition, offset: next, ...ownership}, 'partition taken')
  const cache = new StateCache<Event>({
    partition,
    projections: fold.projections,
    liveProjections: stores.live.projections,
    budget: deps.budget,
    load: (projection, keys) => stores.aggregates.load(projection, keys, partition),
    ceiling: ownership.ceiling,
    maxPeriod: progress?.maxPeriod ?? Number.NEGATIVE_INFINITY,
    stale: progress?.stale ?? [],
  })
  return {
    topic,
    partition,
    ownership,
    cache,
    pending: new PendingWrites(),
    epochs: createEpochTable(progress?.epochs ?? [], next),
    liveEvents: [],
    liveTaken: [],
    foldedOffset: next - 1,
    foldedIdentity: null,
    lag: 0,
    expectedBefore: expectedBefore(next, progress),
    durableOffset: next - 1,
    late: new LateContents(progress?.late),
    unconfirmed: false,
    needsGeneration: false,
    replayEnd: ownership.ceiling,
    replayedCorrection: -1,
    newestCreatedAt: 0,
  }
}
