/** Users, pages and minutes of the activity stream against SQL. */
import {
  readTruthActivities,
  readTruthActivityMinutes,
  readTruthPages,
  readTruthUserDays,
} from '../../db/truth.ts'
import {createActivityReads, createLiveActivityReads} from '../../readmodel/activity-reads.ts'
import {createActivityStore} from '../../readmodel/activity-store.ts'
import {pageKeyOf, RECENT_MAX} from '../../readmodel/activity-state.ts'
import {
  compareCounts,
  Differences,
  toJson,
  type Difference,
  type OracleDeps,
} from './differences.ts'

/** Users, pages and minutes of the activity stream. */
export async function compareActivity(deps: OracleDeps): Promise<readonly Difference[]> {
  const differences = new Differences()
  const reads = createActivityReads(deps.cassandra, deps.partitions)
  const live = createLiveActivityReads(deps.redis, deps.partitions)
  const activities = await readTruthActivities(deps.pg)
  const store = createActivityStore(deps.cassandra)
  for (const activity of activities) {
    const what = `activity ${activity.event_id}`
    const stored = await store.find({...activity, page: null})
    if (stored === null) {
      differences.equal(what, 'a row', 'nothing')
      continue
    }
    differences.equal(`${what} type`, activity.activity_type, stored.activity_type)
    differences.equal(`${what} occurred_at`, activity.occurred_at, stored.occurred_at)
    differences.equal(`${what} metadata`, toJson(activity.metadata), toJson(stored.metadata))
  }
  const userDays = await readTruthUserDays(deps.pg)
  for (const userId of new Set(activities.map(activity => activity.user_id))) {
    const own = activities.filter(activity => activity.user_id === userId)
    await compareUser(differences, {
      reads,
      userId,
      own,
      days: userDays.filter(d => d.userId === userId),
    })
  }
  const pages = new Map<string, number>()
  for (const [page, views] of await readTruthPages(deps.pg)) {
    pages.set(pageKeyOf(page), (pages.get(pageKeyOf(page)) ?? 0) + views)
  }
  compareCounts(differences, 'cassandra page', {expected: pages, actual: await reads.pages()})
  const livePages = await live.pages()
  if (livePages === null) differences.equal('redis pages', 'leases', 'not all stand')
  else compareCounts(differences, 'redis page', {expected: pages, actual: livePages})
  await compareMinutes(differences, deps)
  return differences.list
}

async function compareUser(
  differences: Differences,
  {
    reads,
    userId,
    own,
    days,
  }: {
    reads: ReturnType<typeof createActivityReads>
    userId: string
    own: Awaited<ReturnType<typeof readTruthActivities>>
    days: Awaited<ReturnType<typeof readTruthUserDays>>
  },
): Promise<void> {
  const key = (day: string, type: string): string => `${day} ${type}`
  const expected = new Map(days.map(row => [key(row.day, row.type), row.count]))
  const actual = new Map(
    (await reads.userDays(userId, {})).map(row => [key(row.day, row.activity_type), row.count]),
  )
  compareCounts(differences, `user ${userId}`, {expected, actual})
  const user = await reads.user(userId)
  differences.equal(`user ${userId} events`, own.length, user?.events)
  const newest = own
    .filter(activity => activity.occurred_at !== null)
    .toSorted((a, b) => b.occurred_at! - a.occurred_at! || b.event_id - a.event_id)
  const ids = (list: ReadonlyArray<{event_id: number}>): string =>
    list.map(item => item.event_id).join(' ')
  const recent = user?.recent ?? []
  differences.equal(`user ${userId} recent`, ids(newest.slice(0, RECENT_MAX)), ids(recent))
  differences.equal(`user ${userId} last seen`, newest[0]?.occurred_at ?? null, user?.lastSeen)
  const listed = await reads.userActivity(userId, {limit: 1000})
  differences.equal(`user ${userId} activity`, ids(newest.slice(0, 1000)), ids(listed))
}

async function compareMinutes(differences: Differences, deps: OracleDeps): Promise<void> {
  const truth = await readTruthActivityMinutes(deps.pg)
  if (truth.length === 0) return
  const reads = createActivityReads(deps.cassandra, deps.partitions)
  const days = new Set(truth.map(({start}) => Math.floor(start / 86_400) * 86_400))
  const expected = new Map<string, number>()
  const actual = new Map<string, number>()
  for (const {start, events, pageViews} of truth) {
    expected.set(`${start} events`, events)
    expected.set(`${start} page_views`, pageViews)
  }
  for (const from of days) {
    for (const {start, events, pageViews} of await reads.minutes(from, from + 86_400)) {
      actual.set(`${start} events`, events)
      actual.set(`${start} page_views`, pageViews)
    }
  }
  compareCounts(differences, 'activity minute', {expected, actual})
}
