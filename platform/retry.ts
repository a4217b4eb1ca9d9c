/** Retry: capped, jittered, abortable, and only for what may succeed later. */
import {dispositionOf} from './errors.ts'
import {pause} from './lifecycle.ts'

export interface RetryOptions {
  /** Calls in all, the first included. `Infinity` for work that must not be given up. */
  readonly attempts: number
  readonly firstDelayMs: number
  readonly maxDelayMs: number
  readonly signal: AbortSignal
  /** Told before each wait. */
  readonly onRetry?: (error: unknown, attempt: number, delayMs: number) => void
  /** 0..1, replaced in tests. */
  readonly random?: () => number
}

/** Delay after the `attempt`-th failure (from 1): doubled each time, capped, half of it jittered. */
export function retryDelayMs(
  attempt: number,
  options: Pick<RetryOptions, 'firstDelayMs' | 'maxDelayMs' | 'random'>,
): number {
  const {firstDelayMs, maxDelayMs, random = Math.random} = options
  const full = Math.min(maxDelayMs, firstDelayMs * 2 ** Math.min(attempt - 1, 30))
  return full / 2 + (full / 2) * random()
}

/**
 * Calls `work` until it succeeds, fails with anything but a `retry` error, or the attempts or the
 * signal end it. There is no wait after the last failure; its error is thrown.
 */
export async function retry<T>(work: () => Promise<T>, options: RetryOptions): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      const last = attempt >= options.attempts || options.signal.aborted
      if (last || dispositionOf(error) !== 'retry') throw error
      const delayMs = retryDelayMs(attempt, options)
      options.onRetry?.(error, attempt, delayMs)
      await pause(delayMs, options.signal)
      if (options.signal.aborted) throw error
    }
  }
}
