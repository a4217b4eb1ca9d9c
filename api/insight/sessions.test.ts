import fc from 'fast-check'
import {expect, test} from 'vitest'
import type {ActivityView} from '../schemas/users.ts'
import {sessionsOf, summaryOf} from './sessions.ts'

const DAY = '2026-01-31T'
const at = (time: string | null, page?: string, id = 1): ActivityView => ({
  event_id: id,
  user_id: 'u1',
  activity_type: page === undefined ? 'login' : 'page_view',
  occurred_at: time === null ? null : `${DAY}${time}.000000Z`,
  metadata: page === undefined ? null : {page},
})

test('a gap of more than the minutes ends a session, and one of as many does not', () => {
  const list = [at('12:00:00'), at('11:30:00'), at('10:59:59'), at('10:59:00')]
  const found = sessionsOf(list, 30)
  expect(found.map(({activities}) => activities.length)).toEqual([2, 2])
  expect(sessionsOf(list, 31).map(({activities}) => activities.length)).toEqual([4])
})

test('a session says where it began and ended, how long it took, and whether it was one page alone', () => {
  const [whole, bounce] = sessionsOf(
    [
      at('12:10:00', '/end'),
      at('12:05:00'),
      at('12:02:00', '/start'),
      at('12:00:30', '/start'),
      at('10:00:00', '/only'),
    ],
    30,
  )
  expect(summaryOf(whole!)).toEqual({
    seconds: 570,
    activities: 4,
    page_views: 3,
    pages: 2,
    entry_page: '/start',
    exit_page: '/end',
    is_bounce: false,
  })
  expect(summaryOf(bounce!)).toMatchObject({seconds: 0, activities: 1, is_bounce: true})
})

test('activities without a time, and pages that are no texts, count for nothing', () => {
  const odd = {...at('12:00:00', 'x'), metadata: {page: 7}}
  const [only, ...others] = sessionsOf([at(null), odd], 30)
  expect(others).toEqual([])
  expect(summaryOf(only!)).toMatchObject({page_views: 0, entry_page: null, is_bounce: false})
})

test('every activity with a time is in one session, and sessions are further apart than the gap', () => {
  const minutes = fc.array(fc.integer({min: 0, max: 1439}), {maxLength: 50})
  fc.assert(
    fc.property(minutes, fc.integer({min: 1, max: 240}), (times, gap) => {
      const sorted = times.toSorted((a, b) => b - a)
      const list = sorted.map((minute, id) =>
        at(new Date(minute * 60_000).toISOString().slice(11, 19), undefined, id),
      )
      const sessions = sessionsOf(list, gap)
      expect(sessions.flatMap(({activities}) => activities)).toEqual(list)
      for (const [i, {activities}] of sessions.entries()) {
        const own = activities.map(({event_id: id}) => sorted[id]!)
        for (const [k, minute] of own.slice(1).entries()) {
          expect(own[k]! - minute).toBeLessThanOrEqual(gap)
        }
        const next = sessions[i + 1]?.activities[0]
        if (next !== undefined) {
          expect(own.at(-1)! - sorted[next.event_id]!).toBeGreaterThan(gap)
        }
      }
    }),
  )
})
