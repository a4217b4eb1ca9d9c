/** Rules that a record of any stream can break. Pure. */
import type {RecordMeta} from '../contracts/record.ts'

/** An event may be dated so far ahead of when it was written, microseconds. */
export const AHEAD_MAX_US = 24 * 3600 * 1_000_000
/**
 * Why an event's time cannot be accepted. Against the time at which it was written to the outbox,
 * not against the clock: a replay has to judge as the first reading did. A delete is never refused.
 */
export function problemOfTime(meta: RecordMeta, timeUs: number | null): string | undefined {
  if (meta.op === 'd' || timeUs === null) return undefined
  if (!Number.isSafeInteger(timeUs)) return 'its time is not a whole number of microseconds'
  if (timeUs - meta.created_at <= AHEAD_MAX_US) return undefined
  return 'it is dated more than 24 hours ahead of when it was written'
}
