/** What the activity stream keeps in Redis: views of pages, and minutes of activity. */
import {activity} from '../contracts/activity.ts'
import type {Redis} from '../platform/redis.ts'
import type {ActivityMinuteState, PageState} from './activity-state.ts'
import {parseTimeKey, PROJECTIONS} from './aggregate-keys.ts'
import type {ActivityDerived, ActivityEvent} from './events.ts'
import {createLiveStore, type LiveCodec, type LiveStore} from './live-store.ts'
import {LIVE_MINUTES_S} from './live-windows.ts'
import {activityMinuteKey, pageViewsKey} from './redis-keys.ts'

export type ActivityLive = LiveStore<ActivityEvent, ActivityDerived>

const pages: LiveCodec = (row, partition) => {
  const {views} = row.state as PageState
  const fields = [row.key, String(views)]
  return {values: [{key: pageViewsKey(partition), ttlS: 0, fields}]}
}

export function createActivityLive(redis: Redis, now: () => number): ActivityLive {
  const minutes: LiveCodec = (row, partition) => {
    const {start} = parseTimeKey(row.key)
    if (start <= now() / 1000 - LIVE_MINUTES_S) return {values: []}
    const {events, pageViews} = row.state as ActivityMinuteState
    const fields = ['events', String(events), 'page_views', String(pageViews)]
    return {values: [{key: activityMinuteKey(partition, start), ttlS: LIVE_MINUTES_S, fields}]}
  }
  return createLiveStore<ActivityEvent, ActivityDerived>(
    redis,
    {rows: {[PROJECTIONS.pages]: pages, [PROJECTIONS.activityTime]: minutes}},
    {stream: activity.name, eventTtlS: 1, eventsPerCall: 1},
  )
}
