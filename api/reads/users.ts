/** What users did, and pages, from whichever store has them. */
import type {Database} from '../database.ts'
import type {ActivityView} from '../schemas/users.ts'
import type {StoredActivity} from '../../readmodel/activity-store.ts'
import {isoOrNull} from '../times.ts'
import type {Reads} from './reads.ts'
import {FROM_STORED, fromStored, liveOrStored, metaOf, type Stores} from './stores.ts'

type UserReads = Pick<Reads, 'userActivity' | 'userDays' | 'userLastSeen' | 'pages'>

const DAY_MS = 86_400_000

function parse(text: string | null): unknown {
  if (text === null) return null
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

const toView = (activity: StoredActivity): ActivityView => ({
  event_id: activity.event_id,
  user_id: activity.user_id,
  activity_type: activity.activity_type,
  occurred_at: isoOrNull(activity.occurred_at),
  metadata: parse(activity.metadata),
})

/** The day before, ISO: the store's range includes its end, ours does not. */
const dayBefore = (day: string): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) - DAY_MS).toISOString().slice(0, 10)

export function createUserReads({
  stores,
}: {
  readonly db: Database
  readonly stores: Stores
}): UserReads {
  const ageOf = (source: 'redis' | 'cassandra'): number | null => stores.ageMs(source, 'activity')
  return {
    async userActivity(user, {limit, after}) {
      return await fromStored('user-activity', stores, async ({activity}) => {
        const found = await activity.userActivity(user, {
          limit: limit + 1,
          ...(after === undefined ? {} : {before: after}),
        })
        const items = found.slice(0, limit).map(toView)
        const last = found.length > limit ? found[limit - 1] : undefined
        const next = last === undefined ? null : {ts: last.occurred_at ?? 0, id: last.event_id}
        const newestMicros = found[0]?.occurred_at ?? null
        const meta = metaOf('cassandra', {newestMicros, ageMs: ageOf('cassandra')})
        return {value: {items, next}, meta}
      })
    },
    async userDays(user, {from, to}) {
      return await fromStored('user-days', stores, async ({activity}) => {
        const value = await activity.userDays(user, {
          ...(from === null ? {} : {from}),
          ...(to === null ? {} : {to: dayBefore(to)}),
        })
        return {value, meta: metaOf('cassandra', {ageMs: ageOf('cassandra')})}
      })
    },
    async userLastSeen(user) {
      return await fromStored('user', stores, async ({activity}) => {
        const summary = await activity.user(user)
        return summary?.lastSeen ?? null
      })
    },
    async pages() {
      const {value, source} = await liveOrStored('pages', stores, {
        live: live => live.activity.pages(),
        stored: stored => stored.activity.pages(),
      })
      const notes = source === 'redis' ? [] : [FROM_STORED]
      return {value, meta: metaOf(source, {ageMs: ageOf(source), notes})}
    },
  }
}
