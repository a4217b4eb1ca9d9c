import {expect, test} from 'vitest'
import {Recent, type RecentEvent, type RecentView} from '../../readmodel/special/recent.ts'
import {newestActivities} from './newest-activities.ts'

const eventOf = (id: number, metadata: string | null = null): RecentEvent => ({
  id,
  at: 1_700_000_000_000_000 + id,
  shown: {activity_type: 'login', page: null, metadata},
})

function viewOf(
  events: readonly RecentEvent[],
  changes: Partial<RecentView & {untimed: number}> = {},
) {
  const {untimed = 0, isLive = true} = changes
  const recent = new Recent()
  for (const event of events) recent.put(event)
  recent.events = events.length + untimed
  return {recent, isLive}
}
const many = Array.from({length: 25}, (_, id) => eventOf(id))

test('INV-144: the newest are answered from Redis, as they were written, with where the next page begins', () => {
  const found = newestActivities('anna', [viewOf([eventOf(1, '{"n": 1.50}'), eventOf(2)])], 2)!
  expect(JSON.stringify(found)).toBe(
    JSON.stringify({
      items: [
        {
          event_id: 2,
          user_id: 'anna',
          activity_type: 'login',
          occurred_at: '2023-11-14T22:13:20.000002Z',
          metadata: null,
        },
        {
          event_id: 1,
          user_id: 'anna',
          activity_type: 'login',
          occurred_at: '2023-11-14T22:13:20.000001Z',
          metadata: {n: 'N'},
        },
      ],
      next: null,
    }).replace('"N"', '1.50'),
  )
  expect(newestActivities('anna', [viewOf(many)], 3)).toMatchObject({
    items: [{event_id: 24}, {event_id: 23}, {event_id: 22}],
    next: {ts: 1_700_000_000_000_022, id: 22},
  })
  // Of two one has no time, and comes behind.
  expect(newestActivities('anna', [viewOf([eventOf(1)], {untimed: 1})], 1)!.next).toEqual({
    ts: 1_700_000_000_000_001,
    id: 1,
  })
})

/** One of a full list is taken out: which one comes in its place is in Cassandra. */
function staleView(): RecentView {
  const view = viewOf(many)
  view.recent.remove(20)
  return view
}

test.each<[string, readonly RecentView[], number]>([
  ['there is no list', [], 1],
  ['Redis has none', [viewOf(many, {isLive: false})], 1],
  ['it holds fewer than are asked for', [viewOf(many)], 21],
  ['some have no time and would be shown', [viewOf([eventOf(1)], {untimed: 1})], 2],
  ['it is computed again', [staleView()], 1],
  ['metadata are cut', [viewOf([eventOf(1, `"${'x'.repeat(254)}"`)])], 1],
])('where %s, they are as they are stored', (_, lists, limit) => {
  expect(newestActivities('anna', lists, limit)).toBeUndefined()
})

test('users whose names are too long share a list, which is nobody’s', () => {
  expect(newestActivities('(long)', [viewOf(many)], 1)).toBeUndefined()
})
