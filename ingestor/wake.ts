/** When to read next: at once after a wake-up, closely while rows come, seldom when nothing does. */

export interface PaceOptions {
  readonly closePollMs: number
  /** The longest wait: what a commit that nobody announced waits at most. */
  readonly safetyPollMs: number
}

/**
 * How long to wait after a read that found nothing: as long again as nothing has come, within bounds.
 *
 * At most one transaction at a time announces itself, so another may commit shortly after the
 * announcement was followed. Waiting in proportion finds it at most twice as late as it came, with
 * six reads where a fixed close interval needs fifty.
 */
export function nextWaitMs(quietForMs: number, options: PaceOptions): number {
  return Math.min(options.safetyPollMs, Math.max(options.closePollMs, quietForMs))
}

export const WAKE_CAUSES = ['notify', 'connect', 'poll'] as const
export type WakeCause = (typeof WAKE_CAUSES)[number]

export interface Wake {
  /** Ends every wait under way; a loop that is busy meanwhile does not wait next time. */
  ring(cause: Exclude<WakeCause, 'poll'>): void
  /** One loop's own view. */
  subscribe(): Waiter
}

export interface Waiter {
  /** Waits until a ring, `ms`, or the signal. */
  wait(ms: number, signal: AbortSignal): Promise<WakeCause>
  close(): void
}

interface Slot {
  rung: WakeCause | undefined
  release: (() => void) | undefined
}

export function createWake(): Wake {
  const slots = new Set<Slot>()
  return {
    ring(cause) {
      for (const slot of slots) {
        slot.rung ??= cause
        slot.release?.()
      }
    },
    subscribe() {
      const slot: Slot = {rung: undefined, release: undefined}
      slots.add(slot)
      return {
        async wait(ms, signal) {
          if (slot.rung === undefined && !signal.aborted) await waitIn(slot, ms, signal)
          const cause = slot.rung ?? 'poll'
          slot.rung = undefined
          return cause
        },
        close: () => void slots.delete(slot),
      }
    },
  }
}

async function waitIn(slot: Slot, ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>(resolve => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      slot.release = undefined
      resolve()
    }
    const timer = setTimeout(done, ms)
    slot.release = done
    signal.addEventListener('abort', done)
  })
}
