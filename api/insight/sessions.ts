/**
 * Sessions of a user: activities with less than a gap between two of them. Pure.
 *
 * Defined in docs/INSIGHT.md#sessions-of-a-user.
 */
import type {ActivityView} from '../schemas/users.ts'
import {toMicros} from '../times.ts'

export interface Session {
  /** Newest first; at least one. */
  readonly activities: readonly ActivityView[]
  /** Microseconds since 1970. */
  readonly start: number
  readonly end: number
}

/** @param newestFirst those without a time belong to no session */
export function sessionsOf(
  newestFirst: readonly ActivityView[],
  gapMinutes: number,
): readonly Session[] {
  const sessions: Session[] = []
  let own: ActivityView[] = []
  for (const activity of newestFirst) {
    const {occurred_at: time} = activity
    const at = time === null ? undefined : toMicros(time)
    if (at === undefined) continue
    const last = sessions.at(-1)
    if (last !== undefined && last.start - at <= gapMinutes * 60_000_000) {
      own.push(activity)
      sessions[sessions.length - 1] = {...last, start: at}
    } else {
      own = [activity]
      sessions.push({activities: own, start: at, end: at})
    }
  }
  return sessions
}

/** The page of a page view, or undefined. */
function pageOf({activity_type: type, metadata}: ActivityView): string | undefined {
  if (type !== 'page_view' || typeof metadata !== 'object' || metadata === null) return undefined
  const {page} = metadata as {readonly page?: unknown}
  return typeof page === 'string' ? page : undefined
}

/** What is told of a session. */
export function summaryOf({activities, start, end}: Session) {
  const pages = activities.flatMap(activity => pageOf(activity) ?? [])
  return {
    seconds: (end - start) / 1_000_000,
    activities: activities.length,
    page_views: pages.length,
    pages: new Set(pages).size,
    entry_page: pages.at(-1) ?? null,
    exit_page: pages[0] ?? null,
    // One page was seen, and nothing else done.
    is_bounce: activities.length === 1 && pages.length === 1,
  }
}
