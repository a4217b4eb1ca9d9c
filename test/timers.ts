/** Waits that take no time, for what runs under vitest's timers. */
import {vi} from 'vitest'

/** What comes of `work`, with every timer in its way run. */
export async function settle<T>(work: Promise<T>): Promise<T> {
  const state = {isSettled: false}
  const watched = work.finally(() => {
    state.isSettled = true
  })
  // Told below; until then nobody has to hear of it.
  watched.catch(() => {})
  while (!state.isSettled) await vi.advanceTimersToNextTimerAsync()
  return await watched
}
