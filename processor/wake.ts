/**
 * A bell for loops that wait for a condition. It has no memory: check the condition, then wait, with
 * nothing awaited in between.
 */

export interface Wake {
  /** Wakes everybody who waits. */
  ring(): void
  /** Resolves when the bell rings, after `ms`, or when the signal fires. */
  wait(ms: number, signal: AbortSignal): Promise<void>
  /** Resolves when `condition` holds; it is looked at after each ring. Rejects when aborted. */
  until(condition: () => boolean, signal: AbortSignal): Promise<void>
}

/** Conditions that nobody rings for are looked at this often. */
const LOOK_AGAIN_MS = 1000

export function createWake(): Wake {
  const waiting = new Set<() => void>()
  const wait: Wake['wait'] = async (ms, signal) => {
    if (signal.aborted) return
    const {promise, resolve} = Promise.withResolvers<void>()
    const done = (): void => resolve()
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
    waiting.add(done)
    await promise
    waiting.delete(done)
    clearTimeout(timer)
    signal.removeEventListener('abort', done)
  }
  return {
    ring() {
      if (waiting.size === 0) return
      for (const done of waiting) done()
    },
    wait,
    async until(condition, signal) {
      while (!condition()) {
        signal.throwIfAborted()
        await wait(LOOK_AGAIN_MS, signal)
      }
    },
  }
}
