/** Takes a partition: a later takeover, what is durable, and from where it goes on. */
import {createEpochTable} from '../contracts/epochs.ts'
import type {TopicPartition} from '../platform/kafka.ts'
import {retry, type RetryOptions} from '../platform/retry.ts'
import type {Ownership, Position, Positions} from '../readmodel/positions.ts'
import {createFilings} from './filings.ts'
import {LateReferences} from './late-references.ts'
import type {OwnerDeps} from './owner-shared.ts'
import {createPartNames, type Identity, type PartitionState} from './partition-state.ts'
import {PendingWrites} from './pending-writes.ts'
import {StaleList} from './stale-list.ts'
import {StateCache} from './state-cache.ts'

/** A partition that is ours, as it was left. */
export interface Taken {
  readonly ownership: Ownership
  readonly position: Position | null
}

/** The same, when it may go on. */
export interface PartitionStart extends Taken {
  /** The next offset to read. */
  readonly next: number
  /** The record that must stand at the offset before, at the start of the log at 0; null when unknown. */
  readonly before: Identity | null
  /** End of the log, looked at after the takeover. */
  readonly end: number
  /** Partitions of the topic. */
  readonly partitions: number
}

export async function takePartition(
  {topic, partition}: TopicPartition,
  positions: Pick<Positions, 'take' | 'load'>,
  patience: RetryOptions,
): Promise<Taken> {
  // The takeover first: what is read afterwards is final but for writes that lose against ours.
  const ownership = await retry(() => positions.take(topic, partition), patience)
  const position = await retry(() => positions.load(topic, partition), patience)
  return {ownership, position}
}

export function openPartition(name: TopicPartition, deps: OwnerDeps): PartitionState {
  const {topic, partition} = name
  const {projections, files} = deps.stores
  const {ownership, position, next, before, end} = deps.start
  deps.log.info({topic, partition, offset: next, ...ownership}, 'partition taken')
  const isFirst = ownership.takeover === 1
  const stale = new StaleList(ownership.takeover, position?.stale)
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
      onStale: row => stale.add(row),
    }),
    stale,
    pending: new PendingWrites(),
    filings: createFilings(files.append, partition, naming.namePart),
    naming,
    epochs: createEpochTable(position?.epochs ?? [], next),
    liveEvents: [],
    foldedOffset: next - 1,
    unfoldedOffset: next - 1,
    foldedIdentity: before,
    lag: 0,
    durableOffset: next - 1,
    late: new LateReferences(position?.late),
    registerReads: 0,
    replayEnd: ownership.ceiling,
    // Who was here before has read no further than the log went.
    staleEnd: isFirst ? 0 : end,
    rawEnd: isFirst ? 0 : Math.max(ownership.ceiling + 1, end),
    unshownSince: null,
  }
}
