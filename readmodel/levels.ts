/** Buckets of time in whole seconds since 1970, UTC. Pure. */
import type {TimeLevel} from '../contracts/stream.ts'

export const US_PER_SECOND = 1_000_000

export const SECONDS_OF: Readonly<Record<TimeLevel, number>> = {
  minute: 60,
  quarter: 900,
  hour: 3600,
  day: 86_400,
}

/** Start of the bucket that a moment lies in. */
export const startOf = (level: TimeLevel, seconds: number): number => {
  const size = SECONDS_OF[level]
  return Math.floor(seconds / size) * size
}

/** Windows slide in steps of so many seconds. */
export const STEP_SECONDS = 10

/** Start of the step of a sliding window. @param us microseconds since 1970 */
export const stepOf = (us: number): number =>
  Math.floor(us / US_PER_SECOND / STEP_SECONDS) * STEP_SECONDS

/**
 * Starts of the steps of a window, oldest first: the step that `nowS` lies in and those before it, as many
 * as the window is long. What is dated later than the step of now is outside.
 */
export function windowSteps(nowS: number, windowS: number): readonly number[] {
  const last = Math.floor(nowS / STEP_SECONDS) * STEP_SECONDS
  const count = Math.ceil(windowS / STEP_SECONDS)
  return Array.from({length: count}, (_, i) => last - (count - 1 - i) * STEP_SECONDS)
}

export type {TimeLevel}
