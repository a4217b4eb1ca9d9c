/**
 * Whether a reader waits until Cassandra has what is folded (`after_event` of the API). Checkpoints
 * then follow each other closely; without such a reader they come as seldom as is cheap.
 */
import {createWake} from './wake.ts'

/** How long one notice counts: readers repeat theirs while they wait. */
const NOTICE_MS = 500

export interface Awaited {
  note(): void
  /** True for a moment after each notice. */
  readonly isAwaited: boolean
  /** Resolves at a notice, after `ms`, or when the signal fires. */
  wait(ms: number, signal: AbortSignal): Promise<void>
}

/** @param now milliseconds, of any clock that only goes forward */
export function createAwaited(now: () => number): Awaited {
  const wake = createWake()
  let untilMs = Number.NEGATIVE_INFINITY
  return {
    note() {
      untilMs = now() + NOTICE_MS
      wake.ring()
    },
    get isAwaited() {
      return now() < untilMs
    },
    wait: (ms, signal) => wake.wait(ms, signal),
  }
}
