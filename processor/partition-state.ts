/** Everything one owner holds of one partition. Dropped whole or kept whole. */
import type {EpochTable} from '../contracts/epochs.ts'
import type {RecordMeta} from '../contracts/record.ts'
import {PipelineError} from '../platform/errors.ts'
import type {TopicPartition} from '../platform/kafka.ts'
import type {LiveEvent} from '../readmodel/event-hash.ts'
import type {Ownership} from '../readmodel/positions.ts'
import type {DroppedPart} from '../readmodel/parts.ts'
import type {Naming} from '../readmodel/rows.ts'
import type {Filings} from './filings.ts'
import type {LateReferences} from './late-references.ts'
import type {PendingWrites} from './pending-writes.ts'
import type {StaleList} from './stale-list.ts'
import type {StateCache} from './state-cache.ts'

export const nameOf = ({topic, partition}: TopicPartition): string => `${topic}/${partition}`

/** Identity of a record: the outbox row it was published from. */
export interface Identity {
  readonly outboxId: number
  readonly createdAt: number
}

export const identityOf = (record: RecordMeta): Identity => ({
  outboxId: record.outbox_id,
  createdAt: record.created_at,
})

export interface PartitionState extends TopicPartition {
  /** Takeover and ceiling as last agreed with Cassandra. */
  ownership: Ownership
  readonly cache: StateCache
  /** What has to be computed again. */
  readonly stale: StaleList
  readonly pending: PendingWrites
  readonly filings: Filings
  readonly naming: PartNames
  readonly epochs: EpochTable
  /** Events whose hashes are not written yet. */
  readonly liveEvents: LiveEvent[]
  /** Every record up to this offset is folded. */
  foldedOffset: number
  /** Of the last record that changed a raw row and no number: none of those that are computed again has it. */
  unfoldedOffset: number
  /** Records that are known to be in Kafka and not folded yet. */
  lag: number
  /** The record at `foldedOffset`, as far as it could be read. */
  foldedIdentity: Identity | null
  /** Every effect up to this offset is durable in Cassandra. */
  durableOffset: number
  /** References that events were written without. */
  readonly late: LateReferences
  /**
   * How often registers were read. A successor may have written them: what was folded with them must not be
   * saved before the ownership was confirmed after it.
   */
  registerReads: number
  /** No earlier owner has folded a record of a later offset. */
  readonly replayEnd: number
  /**
   * No earlier owner has written a row with something stale that includes this offset. Until everything before
   * is folded, nothing is mended: such a row would win over the mended one, and nobody would know of it.
   */
  readonly staleEnd: number
  /** Nor written a new raw row of a record from this offset on: raw rows do not wait for the ceiling. */
  readonly rawEnd: number
  /**
   * When the oldest change that was folded since Redis was last brought up to date was written to the
   * outbox, microseconds since 1970; null: none was.
   */
  unshownSince: number | null
}

/** Names of what is stored beside rows, and which of it is needless. */
export interface PartNames extends Naming {
  takeDropped(): readonly DroppedPart[]
}

const NAMES_PER_TAKEOVER = 2 ** 32

/** A name has the takeover in front: no two owners ever choose the same. */
export function createPartNames(takeover: number, taken = 0): PartNames {
  let count = taken
  const dropped: DroppedPart[] = []
  return {
    namePart() {
      count += 1
      // After months: the next takeover has names of its own.
      if (count < NAMES_PER_TAKEOVER) return takeover * NAMES_PER_TAKEOVER + count
      throw new PipelineError('LIMIT_REACHED', 'every name of this takeover is used', {
        disposition: 'stop',
      })
    },
    drop: part => void dropped.push(part),
    takeDropped: () => dropped.splice(0),
  }
}
