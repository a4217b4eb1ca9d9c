/**
 * Shares one event loop out among partitions: one piece of work, then timers and sockets, then the
 * next. Promises alone would not: with a backlog, work that waits for nothing follows upon itself, and
 * renewals, answers and heartbeats stand behind all of it.
 *
 * Guarantees    INV-57.
 */

export interface Slices {
  /** Resolves when it is the caller's turn; turns are given in the order they were asked for. */
  next(): Promise<void>
}

export function createSlices(): Slices {
  const waiting: Array<() => void> = []
  const give = (): void => {
    waiting.shift()?.()
    // An immediate that is asked for in one runs after the next look at timers and sockets.
    if (waiting.length > 0) setImmediate(give)
  }
  return {
    next() {
      const {promise, resolve} = Promise.withResolvers<void>()
      if (waiting.push(resolve) === 1) setImmediate(give)
      return promise
    },
  }
}
