/** A user's newest activities, and how many there are. */
import {activity} from '../../contracts/activity.ts'
import {PROJECTIONS} from '../../readmodel/aggregate-keys.ts'
import {
  RECENT_MAX,
  type RecentActivity,
  type UserRecentState,
} from '../../readmodel/activity-state.ts'
import type {ActivityEvent} from '../../readmodel/events.ts'
import type {Projection} from './projection.ts'

/** Newest first; at one time the higher id is the newer. */
const byAge = (a: RecentActivity, b: RecentActivity): number =>
  b.occurred_at - a.occurred_at || b.event_id - a.event_id

function remember(state: UserRecentState, event: ActivityEvent): void {
  const {event_id, activity_type, occurred_at, page} = event
  if (occurred_at === null) return
  const others = state.recent.filter(item => item.event_id !== event_id)
  others.push({event_id, activity_type, occurred_at, page})
  state.recent = others.toSorted(byAge).slice(0, RECENT_MAX)
}

export const userRecent: Projection<ActivityEvent, UserRecentState> = {
  name: PROJECTIONS.userRecent,
  stream: activity.name,
  keysOf: event => [event.user_id],
  create: () => ({events: 0, recent: [], stale: false}),
  apply(state, event) {
    state.events += 1
    remember(state, event)
  },
  retract(state, event) {
    state.events -= 1
    const kept = state.recent.filter(item => item.event_id !== event.event_id)
    if (kept.length === state.recent.length) return
    // Events that were pushed out of a full list may belong into it again.
    if (state.recent.length === RECENT_MAX) state.stale = true
    state.recent = kept
  },
  isStale: state => state.stale,
  adopt(state, fresh) {
    state.recent = fresh.recent
    state.stale = false
  },
  markStale(state) {
    state.stale = true
  },
  bytesOf: state => 300 + state.recent.length * 160,
}
