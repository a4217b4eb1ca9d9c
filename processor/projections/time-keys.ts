/** Keys of the buckets of time that a moment lies in. */
import {timeKey} from '../../readmodel/aggregate-keys.ts'
import {startOf, STEP_SECONDS, US_PER_SECOND} from '../../readmodel/time.ts'

/** Minute, hour and day. @param us microseconds since 1970 */
export function timeKeysOf(us: number): readonly [minute: string, hour: string, day: string] {
  const seconds = Math.floor(us / US_PER_SECOND)
  return [
    timeKey('minute', startOf('minute', seconds)),
    timeKey('hour', startOf('hour', seconds)),
    timeKey('day', startOf('day', seconds)),
  ]
}

/** Start of the step of a sliding window, seconds since 1970. */
export const stepOf = (us: number): number =>
  Math.floor(us / US_PER_SECOND / STEP_SECONDS) * STEP_SECONDS
