/** What every content got in one step of ten seconds; readers sum the steps of their window. */
import {engagement} from '../../contracts/engagement.ts'
import {PROJECTIONS} from '../../readmodel/aggregate-keys.ts'
import {typeIndexOf} from '../../readmodel/content-state.ts'
import type {EngagementEvent} from '../../readmodel/events.ts'
import {LeaderboardState} from '../../readmodel/leaderboard-state.ts'
import type {Projection} from './projection.ts'
import {stepOf} from './time-keys.ts'

function update(state: LeaderboardState, event: EngagementEvent, times: 1 | -1): void {
  if (event.content_id === null) return
  const type = typeIndexOf(event.event_type)
  state.update(event.content_id, type, {times, ms: event.duration_ms ?? 0, user: event.user_id})
}

export const leaderboard: Projection<EngagementEvent, LeaderboardState> = {
  name: PROJECTIONS.leaderboard,
  stream: engagement.name,
  keysOf: event => (event.content_id === null ? [] : [String(stepOf(event.event_ts))]),
  create: () => new LeaderboardState(),
  apply: (state, event) => update(state, event, 1),
  retract: (state, event) => update(state, event, -1),
  bytesOf: state => state.bytes,
  periodOf: Number,
}
