/** Who was active in one step of ten seconds; readers unite the steps of their window. */
import {engagement} from '../../contracts/engagement.ts'
import {PROJECTIONS} from '../../readmodel/aggregate-keys.ts'
import type {EngagementEvent} from '../../readmodel/events.ts'
import {ViewersState} from '../../readmodel/viewers-state.ts'
import type {Projection} from './projection.ts'
import {stepOf} from './time-keys.ts'

export const viewers: Projection<EngagementEvent, ViewersState> = {
  name: PROJECTIONS.viewers,
  stream: engagement.name,
  keysOf: event => (event.user_id === null ? [] : [String(stepOf(event.event_ts))]),
  create: () => new ViewersState(),
  apply(state, event) {
    if (event.user_id !== null) state.users.add(event.user_id, 1)
  },
  retract(state, event) {
    if (event.user_id !== null) state.users.add(event.user_id, -1)
  },
  bytesOf: state => state.bytes,
  periodOf: Number,
}
