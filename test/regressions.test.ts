/** Faults of earlier pipelines of this kind that a pure test rules out; docs/METRICS.md lists all. */
import {expect, test} from 'vitest'
import {typeIndexOf} from '../readmodel/content-state.ts'
import {locationOfEvent} from '../readmodel/event-store.ts'
import {toEngagementEvent} from '../readmodel/events.ts'
import {leaderboard} from '../processor/projections/leaderboard.ts'
import {viewers} from '../processor/projections/viewers.ts'

const CONTENT = 'cccccccc-0000-4000-8000-000000000001'
const USER = 'aaaaaaaa-0000-4000-8000-000000000001'
const SECOND_US = 1_000_000

const eventOf = (event_id: number, changes: {user_id?: null; event_ts?: number} = {}) =>
  toEngagementEvent({
    event_id,
    content_id: CONTENT,
    user_id: USER,
    event_type: 'play',
    event_ts: 1_800_000_000 * SECOND_US,
    duration_ms: 30_000,
    device: 'ios',
    raw_payload: null,
    ...changes,
  })

test('two events of one user, content and moment are two rows', () => {
  expect(locationOfEvent(eventOf(1))).not.toBe(locationOfEvent(eventOf(2)))
  expect(locationOfEvent(eventOf(1))).toBe(locationOfEvent(eventOf(1)))
})

test('events without a user are no viewer, however many they are', () => {
  const state = viewers.create('0')
  for (let id = 0; id < 50; id++) viewers.apply(state, eventOf(id, {user_id: null}))
  expect(state.users.counts.size).toBe(0)
  viewers.apply(state, eventOf(50))
  viewers.apply(state, eventOf(51))
  expect(state.users.counts.size).toBe(1)
})

test('every play of a content counts on the leaderboard, not only the first', () => {
  const state = leaderboard.create('0')
  for (let id = 0; id < 5; id++) leaderboard.apply(state, eventOf(id))
  expect(state.contents.get(CONTENT)?.events[typeIndexOf('play')]).toBe(5)
})

test('the steps of a window come from the time of the event, so it slides under steady traffic', () => {
  const base = 1_800_000_000
  const steps = Array.from({length: 60}, (_, n) =>
    leaderboard.keysOf(eventOf(n, {event_ts: (base + 10 * n) * SECOND_US})),
  ).flat()
  expect(new Set(steps).size).toBe(60)
})
