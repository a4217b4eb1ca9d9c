/** How long rows live that belong to single events. */
import type {Stream} from '../contracts/stream.ts'

/** Longer than a record is on its way, through outbox and log, and than it is repeated after it was folded. */
export const REPEATED_S = 30 * 86_400

/**
 * Life of a row, seconds: as long as a correction of its event may count, and the record of it be on its way. It
 * begins when the row is written, which may be before the event happens. Null: for ever.
 */
export function keptSeconds({keepDays, aheadHoursMax}: Stream): number | null {
  if (keepDays === null) return null
  return keepDays * 86_400 + (aheadHoursMax ?? 0) * 3600 + REPEATED_S
}

/** The same as an option of a table. */
export function kept(stream: Stream): string {
  const seconds = keptSeconds(stream)
  return seconds === null ? '' : ` AND default_time_to_live = ${seconds}`
}
