/** Figures and events of contents, from whichever store has them. */
import {EVENT_TYPES, type EventType} from '../../contracts/engagement.ts'
import type {ContentReads} from '../../readmodel/content-reads.ts'
import type {ContentState} from '../../readmodel/content-state.ts'
import {readEvents} from '../../readmodel/event-reads.ts'
import {ACTIVE_WINDOW_S} from '../../readmodel/windows.ts'
import {floorTo, nextStart} from '../calendar.ts'
import type {Database} from '../database.ts'
import {addState, Measure, measureAll} from '../measures.ts'
import type {Period} from '../period.ts'
import type {Content} from '../schemas/content.ts'
import {breakDown} from './breakdown.ts'
import {createContents} from './contents.ts'
import {readEvent, toEventView} from './event-view.ts'
import {decompose, storedFor, wholeMinutes} from './parts.ts'
import {readQuestion} from './question-answer.ts'
import type {Answered, Reads, SeriesBucket} from './reads.ts'
import {retentionOf} from './retention.ts'
import {FROM_STORED, fromStored, liveOrStored, metaOf, type Stores} from './stores.ts'
import {createTop} from './top.ts'
import {createTotals, newestOf} from './totals.ts'

export interface EngagementDeps {
  readonly db: Database
  readonly stores: Stores
  /** Event types whose durations count. */
  readonly counted: readonly EventType[]
  readonly now: () => number
}

type EngagementReads = Omit<Reads, 'userActivity' | 'userDays' | 'userLastSeen' | 'pages'>

export function createEngagementReads(deps: EngagementDeps): EngagementReads {
  const {stores, counted} = deps
  const totals = createTotals(deps)
  const top = createTop(deps)
  const ageOf = (source: 'redis' | 'cassandra'): number | null => stores.ageMs(source, 'engagement')
  const notesOf = (source: 'redis' | 'cassandra'): readonly string[] =>
    source === 'redis' ? [] : [FROM_STORED]

  /** Stored rows of a content for a period, exact to the minute. */
  const rowsOf = async (
    reads: ContentReads,
    one: Content,
    period: Period,
  ): Promise<readonly ContentState[]> => {
    if (period.from === null) {
      const row = await reads.totals(one.id)
      return row === null ? [] : [row.state]
    }
    const {from, to} = wholeMinutes(period.from, period.to)
    const parts = decompose(from, to)
    const found = await Promise.all(parts.map(part => reads.series(one.id, part.granularity, part)))
    return found.flat().map(({state}) => state)
  }

  const stored = async <T>(
    what: string,
    states: readonly ContentState[],
    value: T,
  ): Promise<Answered<T>> => {
    const last = states.map(state => newestOf(state) ?? 0)
    const newest = Math.max(0, ...last)
    return {
      value,
      meta: metaOf('cassandra', {
        newestMicros: newest === 0 ? null : newest,
        ageMs: ageOf('cassandra'),
        notes: what === '' ? [] : [what],
      }),
    }
  }

  return {
    content: createContents(deps),
    totals,
    async metrics(one, period) {
      if (period.from === null) {
        const {value, meta} = await totals([one])
        return {value: value.get(one.id)!, meta}
      }
      return await fromStored('metrics', stores, async ({content: reads}) => {
        const states = await rowsOf(reads, one, period)
        const rows = states.map(state => ({state, lengthSeconds: one.length_seconds}))
        return await stored('', states, measureAll(rows, counted))
      })
    },
    async series(one, plan) {
      return await fromStored('series', stores, async ({content: reads}) => {
        const {granularity, zone, starts} = plan
        const granularityStored = storedFor(granularity, zone, starts)
        const range = {
          from: starts[0]! / 1000,
          to: nextStart(starts.at(-1)!, granularity, zone) / 1000,
        }
        const found = await reads.series(one.id, granularityStored, range)
        const measures = new Map(starts.map(start => [start, new Measure(counted)]))
        for (const {start, state} of found) {
          const measure = measures.get(floorTo(start * 1000, granularity, zone))
          if (measure !== undefined) addState(state, one.length_seconds, () => measure)
        }
        const buckets = starts.map((start): SeriesBucket => {
          const metrics = measures.get(start)!.values()
          return {start, end: nextStart(start, granularity, zone), metrics}
        })
        return await stored(
          '',
          found.map(({state}) => state),
          buckets,
        )
      })
    },
    async breakdown(one, dimension, period) {
      return await fromStored('breakdown', stores, async ({content: reads}) => {
        const states = await rowsOf(reads, one, period)
        return await stored('', states, breakDown(one, dimension, states, counted))
      })
    },
    async retention(one) {
      return await fromStored('retention', stores, async ({content: reads}) => {
        const [segments, row] = await Promise.all([
          reads.retention(one.id),
          reads.totals(one.id, {viewers: false}),
        ])
        const plays = row?.state.eventsOfType(EVENT_TYPES.indexOf('play')) ?? 0
        const facts = {id: one.id, lengthSeconds: one.length_seconds, plays}
        const curve = retentionOf(segments, facts, counted)
        const note =
          curve.basis === 'position' ? '' : 'approximation: no event says where playback stood'
        return await stored(note, row === null ? [] : [row.state], curve)
      })
    },
    async events(one, request) {
      return await fromStored('events', stores, async ({cassandra}) => {
        const {limit, eventType, from, to, after} = request
        const range = {
          from: Math.floor((from ?? 0) / 1e6),
          to: Math.ceil((to ?? (deps.now() + 2 * 86_400_000) * 1000) / 1e6),
        }
        const found = await readEvents(cassandra, one.id, {
          range,
          limit: limit + 1,
          ...(after === undefined ? {} : {before: after}),
          accept: event =>
            (eventType === undefined || event.event_type === eventType) &&
            (from === null || event.event_ts >= from) &&
            (to === null || event.event_ts < to),
        })
        const items = found.slice(0, limit).map(toEventView)
        const last = found.length > limit ? found[limit - 1] : undefined
        const next = last === undefined ? null : {ts: last.event_ts, id: last.event_id}
        const newestMicros = found[0]?.event_ts ?? null
        const meta = metaOf('cassandra', {newestMicros, ageMs: ageOf('cassandra')})
        return {value: {items, next}, meta}
      })
    },
    event: id => readEvent(deps, id),
    top,
    async activeUsers() {
      const nowS = Math.floor(deps.now() / 1000)
      const {value, source} = await liveOrStored('active', stores, {
        live: live => live.engagement.activeUsers(nowS, ACTIVE_WINDOW_S),
        stored: found => found.content.activeUsers(nowS, ACTIVE_WINDOW_S),
      })
      const meta = metaOf(source, {ageMs: ageOf(source), notes: notesOf(source)})
      return {value: {users: value, windowSeconds: ACTIVE_WINDOW_S}, meta}
    },
    query: plan => readQuestion(deps, plan),
  }
}
