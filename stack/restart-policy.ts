/** When a service that ended is started again, and from when on that is called unhealthy. */

export const RESTARTS_MAX = 5
export const WINDOW_MS = 60_000
const FIRST_DELAY_MS = 200
const DELAY_MAX_MS = 10_000

/** Restarts that count: those of the last minute. */
export const recentRestarts = (restartsAtMs: readonly number[], nowMs: number): readonly number[] =>
  restartsAtMs.filter(at => nowMs - at < WINDOW_MS)

/** How long to wait before the next start: twice as long after each restart of the last minute. */
export function restartDelayMs(restartsAtMs: readonly number[], nowMs: number): number {
  const recent = recentRestarts(restartsAtMs, nowMs).length
  return Math.min(DELAY_MAX_MS, FIRST_DELAY_MS * 2 ** recent)
}

/** Five restarts in a minute: it does not get better by itself. It is tried again all the same. */
export const isFlapping = (restartsAtMs: readonly number[], nowMs: number): boolean =>
  recentRestarts(restartsAtMs, nowMs).length >= RESTARTS_MAX
