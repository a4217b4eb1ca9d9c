/** Waiting until an event is in the numbers: what routes see of it. */

export interface AwaitedEvent {
  readonly stream: 'engagement' | 'activity'
  readonly id: number
}

export type WaitedStore = 'redis' | 'cassandra'

export interface WaitOutcome {
  readonly reached: boolean
  readonly waitedMs: number
  /** Whether any store has seen the event; if not, only PostgreSQL can know it. */
  readonly seen: boolean
  /** Records between the event and what the slowest asked store holds; null when not known. */
  readonly behind: number | null
}

export interface Waits {
  /**
   * Resolves when each of `stores` holds the event and everything before it in its partition, or
   * when the time is up.
   */
  until(event: AwaitedEvent, stores: readonly WaitedStore[], waitMs: number): Promise<WaitOutcome>
}
