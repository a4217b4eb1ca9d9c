/** All projections of the activity stream. */
import type {ActivityEvent} from '../../readmodel/events.ts'
import {activityTime} from './activity-time.ts'
import {pages} from './pages.ts'
import type {Projection} from './projection.ts'
import {userDays} from './user-days.ts'
import {userRecent} from './user-recent.ts'

export const ACTIVITY_PROJECTIONS: readonly Projection<ActivityEvent, unknown>[] = [
  userDays,
  userRecent,
  pages,
  activityTime,
]
