/**
 * Which partitions a group member owns, and telling its handlers in turn.
 *
 * Guarantees    what is owned changes at once; handlers hear of it one after the other, a revocation
 *               for everything they were given before anything is given again.
 */
import {messageOf, PipelineError} from './errors.ts'
import type {SubscriberHandlers, TopicPartition} from './kafka.ts'

export const nameOf = ({topic, partition}: TopicPartition): string => `${topic}/${partition}`

export interface Ownership {
  /**
   * Takes everything away and gives `next`: Kafka's eager protocol does that with every rebalance.
   * Another member may have written meanwhile even where a partition stays.
   */
  replace(next: readonly TopicPartition[]): void
  owns(partition: TopicPartition): boolean
  /** Changes with every `replace`. */
  readonly version: number
  /** Resolves when the handlers know of the last `replace`. */
  readonly settled: Promise<void>
}

export interface OwnershipDeps {
  readonly handlers: Pick<SubscriberHandlers, 'onAssigned' | 'onRevoked' | 'onError'>
  /** Before the handlers hear of new partitions. Not called when these are gone again. */
  readonly prepare?: (next: readonly TopicPartition[]) => Promise<void>
  /** After the handlers took the new partitions, unless these are gone again. */
  readonly onReady?: () => void
}

export function createOwnership({handlers, prepare, onReady}: OwnershipDeps): Ownership {
  let version = 0
  let owned = new Set<string>()
  let told: readonly TopicPartition[] = []
  let settled: Promise<void> = Promise.resolve()

  const tell = async (next: readonly TopicPartition[], turn: number): Promise<void> => {
    if (told.length > 0) {
      const lost = told
      told = []
      await handlers.onRevoked(lost)
    }
    if (next.length === 0 || turn !== version) return
    await prepare?.(next)
    if (turn !== version) return
    told = next
    await handlers.onAssigned(next)
    if (turn === version) onReady?.()
  }

  return {
    replace(next) {
      version += 1
      const turn = version
      owned = new Set(next.map(nameOf))
      const before = settled
      settled = (async () => {
        await before
        try {
          await tell(next, turn)
        } catch (error) {
          handlers.onError(error instanceof Error ? error : new Error(messageOf(error)))
        }
      })()
    },
    owns: partition => owned.has(nameOf(partition)),
    get version() {
      return version
    },
    get settled() {
      return settled
    },
  }
}

/** The member lost the partition: what it wanted to do is the new owner's to do. */
export const fenced = (partition: TopicPartition): PipelineError =>
  new PipelineError('FENCED', `partition ${nameOf(partition)} is no longer ours`, {
    disposition: 'retry',
  })

/** @throws `FENCED` when one of the partitions is not, or not yet, ours */
export function throwUnlessOwned(
  ownership: Ownership | undefined,
  partitions: readonly TopicPartition[],
): void {
  const foreign = partitions.find(partition => ownership?.owns(partition) !== true)
  if (foreign !== undefined) throw fenced(foreign)
}
