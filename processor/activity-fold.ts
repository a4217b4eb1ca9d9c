/** The activity stream: what users did, by user, day and page. */
import {activity, type ActivityRow} from '../contracts/activity.ts'
import {
  ACTIVITY_TYPE_MAX,
  toActivityEvent,
  USER_ID_MAX,
  type ActivityDerived,
  type ActivityEvent,
} from '../readmodel/events.ts'
import {ACTIVITY_PROJECTIONS} from './projections/activity.ts'
import {problemOfTime} from './rules.ts'
import type {StreamFold} from './stream-fold.ts'

const NOTHING: ActivityDerived = {}

export const activityFold: StreamFold<ActivityRow, ActivityEvent, ActivityDerived> = {
  stream: activity,
  toEvent: toActivityEvent,
  problemOf(record) {
    if (record.user_id.length === 0) return 'its user_id is empty'
    if (record.user_id.length > USER_ID_MAX) {
      return `its user_id has more than ${USER_ID_MAX} characters`
    }
    if (record.activity_type.length > ACTIVITY_TYPE_MAX) {
      return `its activity_type has more than ${ACTIVITY_TYPE_MAX} characters`
    }
    return problemOfTime(record, record.occurred_at)
  },
  timeOf: event => event.occurred_at,
  contentOf: () => null,
  derive: () => NOTHING,
  projections: ACTIVITY_PROJECTIONS,
}
