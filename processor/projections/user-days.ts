/** Activities of a user by day (UTC) and type. An activity without a time belongs to no day. */
import {activity} from '../../contracts/activity.ts'
import {PROJECTIONS, parseUserDayKey, userDayKey} from '../../readmodel/aggregate-keys.ts'
import type {UserDayState} from '../../readmodel/activity-state.ts'
import type {ActivityEvent} from '../../readmodel/events.ts'
import {DAY_SECONDS, US_PER_DAY} from '../../readmodel/time.ts'
import type {Projection} from './projection.ts'

export const userDays: Projection<ActivityEvent, UserDayState> = {
  name: PROJECTIONS.userDays,
  stream: activity.name,
  keysOf({user_id, occurred_at, activity_type}) {
    if (occurred_at === null) return []
    return [userDayKey(user_id, Math.floor(occurred_at / US_PER_DAY), activity_type)]
  },
  create: () => ({count: 0}),
  apply(state) {
    state.count += 1
  },
  retract(state) {
    state.count -= 1
  },
  bytesOf: () => 250,
  periodOf: key => parseUserDayKey(key).day * DAY_SECONDS,
}
