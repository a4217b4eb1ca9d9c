/** Where enriched events go. Two stand behind it: a system over HTTP, and a topic. */
import type {SinkEvent} from './event.ts'

/** An event that will never be taken, and why. */
export interface Refusal {
  readonly event: SinkEvent
  /** A code of `platform/errors.ts`. */
  readonly reason: string
  readonly message: string
}

export interface Delivery {
  /** Fires when the partition is not ours any more. */
  readonly signal: AbortSignal
  /** Told before each wait. */
  readonly onWait: (why: string) => void
}

export interface Destination {
  readonly name: string
  /** What is delivered at once, in the order of the events. */
  chunksOf(events: readonly SinkEvent[]): Iterable<readonly SinkEvent[]>
  /**
   * Resolves when each of the events was taken, in their order, or is refused for good; waits for it as long as it
   * takes. One call at a time for each partition.
   *
   * @returns those that are refused
   * @throws when the signal fired
   */
  deliver(events: readonly SinkEvent[], delivery: Delivery): Promise<readonly Refusal[]>
}
