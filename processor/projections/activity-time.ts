/** Activities and page views of all users in a minute. */
import {activity} from '../../contracts/activity.ts'
import type {ActivityMinuteState} from '../../readmodel/activity-state.ts'
import {parseTimeKey, PROJECTIONS} from '../../readmodel/aggregate-keys.ts'
import type {ActivityEvent} from '../../readmodel/events.ts'
import type {Projection} from './projection.ts'
import {timeKeysOf} from './time-keys.ts'

function add(state: ActivityMinuteState, event: ActivityEvent, times: 1 | -1): void {
  state.events += times
  if (event.page !== null) state.pageViews += times
}

export const activityTime: Projection<ActivityEvent, ActivityMinuteState> = {
  name: PROJECTIONS.activityTime,
  stream: activity.name,
  keysOf: ({occurred_at}) => (occurred_at === null ? [] : [timeKeysOf(occurred_at)[0]]),
  create: () => ({events: 0, pageViews: 0}),
  apply: (state, event) => add(state, event, 1),
  retract: (state, event) => add(state, event, -1),
  bytesOf: () => 150,
  periodOf: key => parseTimeKey(key).start,
}
