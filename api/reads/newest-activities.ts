/** The newest activities of a user, from the list that Redis keeps. Pure. */
import {LONG_KEY} from '../../readmodel/fields.ts'
import {SHOWN_CHARACTERS_MAX, type RecentView} from '../../readmodel/special/recent.ts'
import {parseExact} from '../exact-json.ts'
import type {ActivityView} from '../schemas/users.ts'
import {toIso} from '../times.ts'
import type {ListPosition} from './events.ts'
import type {PageOf} from './reads.ts'

/** @returns undefined when Redis has no list, or in it fewer or less than is asked for */
export function newestActivities(
  user: string,
  lists: readonly RecentView[],
  limit: number,
): PageOf<ActivityView, ListPosition> | undefined {
  const [own] = lists
  // Users of long names share a list.
  if (own === undefined || lists.length > 1 || user === LONG_KEY) return undefined
  if (!own.isLive || own.recent.isStale) return undefined
  const {list, events} = own.recent
  // What is not in the list is older, or has no time.
  if (list.length < limit && list.length < events) return undefined
  const shown = list.slice(0, limit)
  const isCut = shown.some(({shown: {metadata}}) => String(metadata).length >= SHOWN_CHARACTERS_MAX)
  if (isCut) return undefined
  const last = events > shown.length ? shown.at(-1) : undefined
  return {
    items: shown.map(({id, at, shown: {activity_type: type, metadata}}) => ({
      event_id: id as number,
      user_id: user,
      activity_type: type as string,
      occurred_at: toIso(at),
      metadata: metadata === null ? null : parseExact(metadata as string),
    })),
    next: last === undefined ? null : {ts: last.at, id: last.id},
  }
}
