/** What the loops of one partition share, and what an owner is given. */
import type {Logger} from 'pino'
import type {Decoder} from '../platform/avro-codec.ts'
import {messageOf} from '../platform/errors.ts'
import type {TopicPartition} from '../platform/kafka.ts'
import type {Loop} from '../platform/lifecycle.ts'
import type {RetryOptions} from '../platform/retry.ts'
import type {Positions} from '../readmodel/positions.ts'
import type {StaleTable} from '../readmodel/stale-table.ts'
import type {PlacedStatement} from '../readmodel/rows.ts'
import type {StreamStores} from '../readmodel/stream-stores.ts'
import type {Awaited} from './awaited.ts'
import type {DeadLetter} from '../readmodel/dead-letters.ts'
import type {ProcessorMetrics} from './metrics.ts'
import {nameOf, type PartitionState} from './partition-state.ts'
import type {ReferenceCache} from './references.ts'
import type {Slices} from './slices.ts'
import type {PartitionStart} from './partition-start.ts'
import type {CacheBudget} from './state-cache.ts'
import type {Turns} from '../platform/turns.ts'
import type {Wake} from './wake.ts'

export interface OwnerDeps {
  readonly stores: StreamStores
  /** What the keyspace calls itself. */
  readonly space: string
  /**
   * Whether the names that people know in Redis (hashes of events, of counts) are ours to write: two
   * generations of one stream share them.
   */
  readonly isNamed: () => boolean
  /** Writes statements about rows; resolves when all are durable. */
  readonly write: (statements: readonly PlacedStatement[]) => Promise<void>
  readonly positions: Positions
  readonly staleRows: StaleTable
  /** By the names of reference streams. */
  readonly references: ReadonlyMap<string, ReferenceCache>
  readonly decoder: Decoder<unknown>
  readonly budget: CacheBudget
  /** Whoever computes for long asks for a slice first. */
  readonly slices: Slices
  readonly start: PartitionStart
  /** Bytes in Redis that hashes of this partition's events may take. */
  readonly hashBytesMax: number
  readonly publishDeadLetters: (letters: readonly DeadLetter[]) => Promise<void>
  /** Commits the next offset to read. */
  readonly commit: (nextOffset: number) => Promise<void>
  /** Every record up to the offset is folded. */
  readonly onFolded?: (offset: number) => void
  /** A call of a store failed and is repeated. */
  readonly onRetry?: () => void
  readonly metrics: ProcessorMetrics
  readonly log: Logger
  /** Milliseconds since 1970. */
  readonly now: () => number
}

export interface OwnerShared {
  readonly state: PartitionState
  /** Rung when records are folded. */
  readonly work: Wake
  /** Rung when more is durable or applied than before. */
  readonly progress: Wake
  /** Noted when a reader waits for Cassandra. */
  readonly awaited: Awaited
  /** Batches, and what must not run while one is folded. */
  readonly between: Turns
  readonly patience: (signal: AbortSignal) => RetryOptions
}

/** Does a step over and over. A loop that fails because it was told to stop has stopped. */
export const loopOf = (
  what: string,
  of: TopicPartition,
  step: (signal: AbortSignal) => Promise<void>,
): Loop => ({
  name: `${what} ${nameOf(of)}`,
  async run(signal) {
    try {
      while (!signal.aborted) await step(signal)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  },
})

/** A store that is away is waited for, however long: nothing is dropped because of it. */
export function patienceOf(
  {metrics, log, onRetry: noteRetry}: Pick<OwnerDeps, 'metrics' | 'log' | 'onRetry'>,
  labels: {readonly stream: string; readonly retryMs: number},
): (signal: AbortSignal) => RetryOptions {
  return signal => ({
    attempts: Number.POSITIVE_INFINITY,
    firstDelayMs: labels.retryMs,
    maxDelayMs: 100 * labels.retryMs,
    signal,
    onRetry(error, attempt, delayMs) {
      metrics.retries.inc({stream: labels.stream})
      noteRetry?.()
      // A first repetition is routine; what goes on is told, ever more seldom.
      if (attempt > 1) log.warn({reason: messageOf(error), attempt, delayMs}, 'waiting for a store')
    },
  })
}
