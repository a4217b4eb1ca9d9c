/** What every projection promises: retracting is the exact inverse of applying, in integers. */
import * as fc from 'fast-check'
import {describe, expect, test} from 'vitest'
import {EVENT_TYPES} from '../../contracts/engagement.ts'
import {ContentState} from '../../readmodel/content-state.ts'
import {toActivityEvent, toEngagementEvent} from '../../readmodel/events.ts'
import type {ActivityEvent, EngagementEvent} from '../../readmodel/events.ts'
import {LeaderboardState} from '../../readmodel/leaderboard-state.ts'
import {RetentionState} from '../../readmodel/retention-state.ts'
import {ViewersState} from '../../readmodel/viewers-state.ts'
import {ACTIVITY_PROJECTIONS} from './activity.ts'
import {contentTotals} from './content-totals.ts'
import {ENGAGEMENT_PROJECTIONS} from './engagement.ts'
import type {Projection} from './projection.ts'
import {userRecent} from './user-recent.ts'

const uuid = (group: string, n: number): string =>
  `${group.repeat(8)}-0000-4000-8000-${String(n).padStart(12, '0')}`

const engagementEvents: fc.Arbitrary<EngagementEvent> = fc
  .record({
    event_id: fc.nat(1_000_000),
    content_id: fc.option(fc.nat(2).map(n => uuid('c', n))),
    user_id: fc.option(fc.nat(8).map(n => uuid('a', n))),
    event_type: fc.constantFrom(...EVENT_TYPES),
    event_ts: fc.integer({min: -100_000_000_000, max: 100_000_000_000}),
    duration_ms: fc.option(fc.nat(2 ** 31 - 1)),
    device: fc.constantFrom(null, '', 'ios', '(none)', 'x'.repeat(80), 'web'),
    raw_payload: fc.option(fc.nat(10_000_000).map(ms => `{"position_ms": ${ms}}`)),
  })
  .map(toEngagementEvent)

const activityEvents: fc.Arbitrary<ActivityEvent> = fc
  .record({
    event_id: fc.nat(1_000_000),
    user_id: fc.constantFrom('anna', 'bo'),
    activity_type: fc.constantFrom('page_view', 'login'),
    occurred_at: fc.option(fc.integer({min: -100_000_000_000, max: 100_000_000_000})),
    metadata: fc.constantFrom(null, '{"page": "/a"}', '{"page": "/b"}', '{}'),
  })
  .map(toActivityEvent)

/** The integers of a state: what has to come back exactly. */
function integersOf(state: unknown): unknown {
  if (state instanceof ContentState) {
    return {
      numbers: state.numbers.filter(n => n !== 0),
      histogram: [...state.histogram].toSorted(([a], [b]) => a - b),
    }
  }
  if (state instanceof LeaderboardState) {
    return [...state.contents]
      .map(([id, {events, durationMs, users}]) => ({
        id,
        events,
        durationMs,
        users: [...users.counts],
      }))
      .filter(({events}) => events.some(n => n !== 0))
      .map(entry => ({...entry, users: entry.users.toSorted(([a], [b]) => a - b)}))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
  }
  if (state instanceof ViewersState) {
    return [...state.users.counts].toSorted(([a], [b]) => a - b)
  }
  if (state instanceof RetentionState) {
    return [...state.counts].toSorted(([a], [b]) => a - b)
  }
  const {recent: _, stale: __, ...numbers} = state as Record<string, unknown>
  return numbers
}

function foldAll<Event>(
  projection: Projection<Event, unknown>,
  events: readonly Event[],
): Map<string, unknown> {
  const states = new Map<string, unknown>()
  for (const event of events) {
    for (const key of projection.keysOf(event)) {
      if (!states.has(key)) states.set(key, projection.create(key))
      projection.apply(states.get(key), event)
    }
  }
  return states
}

function expectInverse<Event>(
  projection: Projection<Event, unknown>,
  kept: readonly Event[],
  removed: readonly Event[],
): void {
  const expected = foldAll(projection, kept)
  const states = foldAll(projection, [...kept, ...removed])
  for (const event of removed.toReversed()) {
    for (const key of projection.keysOf(event)) projection.retract(states.get(key), event)
  }
  for (const [key, state] of states) {
    const wanted = expected.get(key) ?? projection.create(key)
    expect(integersOf(state), `${projection.name} ${key}`).toEqual(integersOf(wanted))
    expect(projection.bytesOf(state)).toBeGreaterThan(0)
  }
}

describe.each(ENGAGEMENT_PROJECTIONS.map(projection => ({projection})))(
  '$projection.name',
  ({projection}) => {
    test('INV-50: what is retracted leaves no trace in the numbers', () => {
      const lists = fc.array(engagementEvents, {maxLength: 30})
      fc.assert(fc.property(lists, lists, (kept, gone) => expectInverse(projection, kept, gone)))
    })
  },
)

describe.each(ACTIVITY_PROJECTIONS.map(projection => ({projection})))(
  '$projection.name',
  ({projection}) => {
    test('INV-50: what is retracted leaves no trace in the numbers', () => {
      const lists = fc.array(activityEvents, {maxLength: 30})
      fc.assert(fc.property(lists, lists, (kept, gone) => expectInverse(projection, kept, gone)))
    })
  },
)

const event = (changes: Partial<EngagementEvent>): EngagementEvent => ({
  event_id: 1,
  content_id: uuid('c', 1),
  user_id: uuid('a', 1),
  event_type: 'play',
  event_ts: 1000,
  duration_ms: null,
  device: 'ios',
  raw_payload: null,
  position_ms: null,
  ...changes,
})

test('an event without user counts as an event and as nobody', () => {
  const state = contentTotals.create('')
  contentTotals.apply(state, event({user_id: null}))
  expect(state.eventsOfType(0)).toBe(1)
  expect(state.viewers.estimate()).toBe(0)
  contentTotals.retract(state, event({user_id: null, event_ts: 999}))
  // It lies before everything that is known: the first event has to be looked up again.
  expect(state.stale).toBe(true)
})

test('INV-51: a viewer who was retracted makes the row stale, and recomputing takes the viewer out', () => {
  const [stays, goes] = [
    event({user_id: uuid('a', 1)}),
    event({user_id: uuid('a', 2), device: 'web'}),
  ]
  const state = contentTotals.create('')
  for (const one of [goes, stays]) contentTotals.apply(state, one)
  expect(state.viewers.estimate()).toBe(2)
  contentTotals.retract(state, goes)
  expect(contentTotals.isStale?.(state)).toBe(true)
  const fresh = contentTotals.create('')
  contentTotals.apply(fresh, stays)
  contentTotals.adopt?.(state, fresh)
  expect(state.stale).toBe(false)
  expect(state.viewers.estimate()).toBe(1)
  // Applied to both while it was computed: no change.
  contentTotals.adopt?.(state, fresh)
  expect(state.viewers.estimate()).toBe(1)
})

test('recent activity is the newest twenty, and stale once one of a full list is taken away', () => {
  const state = userRecent.create('anna')
  const activity = (n: number): ActivityEvent => ({
    event_id: n,
    user_id: 'anna',
    activity_type: 'login',
    occurred_at: n * 1000,
    metadata: null,
    page: null,
  })
  for (let n = 0; n < 30; n++) userRecent.apply(state, activity((n * 7) % 30))
  expect(state.recent.map(item => item.event_id)).toEqual(
    Array.from({length: 20}, (_, i) => 29 - i),
  )
  userRecent.retract(state, activity(3))
  expect(state.stale).toBe(false)
  userRecent.retract(state, activity(15))
  expect(state.stale).toBe(true)
})

test('more devices than a row holds count together, and go back together', () => {
  const events = Array.from({length: 80}, (_, n) => event({device: `device ${n}`}))
  const state = contentTotals.create('')
  for (const one of events) contentTotals.apply(state, one)
  expect(state.devices).toHaveLength(51)
  expect(state.eventsOfType(0)).toBe(80)
  for (const one of events) contentTotals.retract(state, one)
  expect(state.numbers.every(n => n === 0)).toBe(true)
})
