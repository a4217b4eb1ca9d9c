/** Everything one owner holds of one partition. Dropped whole or kept whole. */
import type {Fence, LiveEvent, Ownership} from './projections/projection.ts'
import type {LateContents} from './late-contents.ts'
import type {PendingWrites} from './pending-writes.ts'
import type {StateCache} from './state-cache.ts'
import type {EpochTable} from '../contracts/epochs.ts'

/** Identity of a record: the outbox row it was published from. */
export interface Identity {
  readonly outboxId: number
  readonly createdAt: number
}

/** An event on its way to Redis; corrections are kept longer than inserts when it is away. */
export interface QueuedLiveEvent<Event, Derived> extends LiveEvent<Event, Derived> {
  readonly correction: boolean
}

export interface PartitionState<Event, Derived> {
  readonly topic: string
  readonly partition: number
  /** Generation and ceiling as last agreed with Cassandra. */
  ownership: Ownership
  readonly cache: StateCache<Event>
  readonly pending: PendingWrites<Event, Derived>
  readonly epochs: EpochTable
  readonly liveEvents: QueuedLiveEvent<Event, Derived>[]
  /** Taken from them for a call to Redis that has not been answered yet. */
  liveTaken: readonly QueuedLiveEvent<Event, Derived>[]
  /** Every record up to this offset is folded. */
  foldedOffset: number
  /** Records that are known to be in Kafka and not folded yet. */
  lag: number
  /** The record at `foldedOffset`, as far as it could be read. */
  foldedIdentity: Identity | null
  /** The record that must stand at the offset before the start; null when unknown or seen. */
  expectedBefore: Identity | null
  /** Every effect up to this offset is durable in Cassandra. */
  durableOffset: number
  /** Contents that events were written without. */
  readonly late: LateContents
  /**
   * Registers were read since the ownership was last confirmed. A successor may have written them:
   * what was folded with them must not be saved before it is known that there was none.
   */
  unconfirmed: boolean
  /** A value changed without a new record: the next save needs a new generation. */
  needsGeneration: boolean
  /** No earlier owner has folded a record of a later offset. */
  readonly replayEnd: number
  /**
   * Offset of the last replayed record that corrects an event; -1 for none. What it did to the rows
   * of the event's earlier state cannot be told from the record: Redis has it, or is seeded again.
   */
  replayedCorrection: number
  /** When the newest folded record was written to the outbox, microseconds since 1970. */
  newestCreatedAt: number
}

/**
 * Offset of the oldest correction of an event's hash that Redis may not have; Infinity when it has all.
 * A hash is believed again as soon as a lease stands, whoever has written the rows anew by then.
 */
export function openCorrection({
  liveTaken,
  liveEvents,
}: Pick<PartitionState<unknown, unknown>, 'liveTaken' | 'liveEvents'>): number {
  const isCorrection = ({correction}: {readonly correction: boolean}): boolean => correction
  const oldest = liveTaken.find(isCorrection) ?? liveEvents.find(isCorrection)
  return oldest?.offset ?? Number.POSITIVE_INFINITY
}

export function fenceOf(
  state: Pick<PartitionState<unknown, unknown>, 'partition' | 'ownership'>,
  offset: number,
): Fence {
  return {partition: state.partition, offset, generation: state.ownership.generation}
}
