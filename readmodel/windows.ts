/** Sliding windows in steps of ten seconds. Pure. */
import {STEP_SECONDS} from './time.ts'

/** Most engaging content: the last ten minutes. */
export const LEADERBOARD_WINDOW_S = 600
/** Active now: the last five minutes. */
export const ACTIVE_WINDOW_S = 300

/**
 * Starts of the steps of a window, oldest first: the step that `nowS` lies in and those before it,
 * as many as the window is long. What is dated later than the step of now is outside.
 */
export function windowSteps(nowS: number, windowS: number): readonly number[] {
  const last = Math.floor(nowS / STEP_SECONDS) * STEP_SECONDS
  const count = Math.ceil(windowS / STEP_SECONDS)
  return Array.from({length: count}, (_, i) => last - (count - 1 - i) * STEP_SECONDS)
}
