/** Takes a partition: a later takeover, what is durable, and whether it may go on from there. */
import {createEpochTable} from '../contracts/epochs.ts'
import {PipelineError} from '../platform/errors.ts'
import type {TopicPartition} from '../platform/kafka.ts'
import {retry, type RetryOptions} from '../platform/retry.ts'
import {createFilings} from './filings.ts'
import {LateReferences} from './late-references.ts'
import type {OwnerDeps} from './owner-shared.ts'
import {createPartNames, type PartitionState} from './partition-state.ts'
import {PendingWrites} from './pending-writes.ts'
import {expectedBefore, problemOfStart} from './start-check.ts'
import {StateCache} from './state-cache.ts'

/** @throws `STATE_CONTRADICTS` when going on would make wrong numbers */
export async function openPartition(
  name: TopicPartition,
  deps: OwnerDeps,
  patience: RetryOptions,
): Promise<PartitionState> {
  const {topic, partition} = name
  const {projections, files} = deps.stores
  // The takeover first: what is read afterwards is final but for writes that lose against ours.
  const ownership = await retry(() => deps.positions.take(topic, partition), patience)
  const position = await retry(() => deps.positions.load(topic, partition), patience)
  const facts = deps.start
  const problem = problemOfStart({...name, ...facts})
  if (problem !== undefined) {
    throw new PipelineError('STATE_CONTRADICTS', problem, {disposition: 'stop'})
  }
  const next = facts.committed ?? facts.begin
  deps.log.info({topic, partition, offset: next, ...ownership}, 'partition taken')
  const isFirst = ownership.takeover === 1
  const naming = createPartNames(ownership.takeover)
  return {
    topic,
    partition,
    ownership,
    cache: new StateCache({
      partition,
      projections,
      budget: deps.budget,
      ceiling: ownership.ceiling,
      stale: position?.stale ?? [],
    }),
    pending: new PendingWrites(),
    filings: createFilings(files.append, partition, naming.namePart),
    naming,
    epochs: createEpochTable(position?.epochs ?? [], next),
    liveEvents: [],
    foldedOffset: next - 1,
    foldedIdentity: null,
    lag: 0,
    expectedBefore: expectedBefore(next, position),
    durableOffset: next - 1,
    late: new LateReferences(position?.late),
    unconfirmed: false,
    replayEnd: ownership.ceiling,
    // Who was here before has read no further than the log went.
    staleEnd: isFirst ? 0 : facts.end,
    rawEnd: isFirst ? 0 : Math.max(ownership.ceiling + 1, facts.end),
    unshownSince: null,
  }
}
