/** Figures and events of contents, from whichever store has them. */
import type {EventType} from '../../contracts/engagement.ts'
import type {ContentReads} from '../../readmodel/content-reads.ts'
import type {ContentState} from '../../readmodel/content-state.ts'
import {deviceOfKey} from '../../readmodel/devices.ts'
import {readEvents} from '../../readmodel/event-reads.ts'
import type {StoredEvent} from '../../readmodel/event-store.ts'
import {ACTIVE_WINDOW_S, LEADERBOARD_WINDOW_S} from '../../readmodel/windows.ts'
import type {WindowSums} from '../../readmodel/leaderboard-state.ts'
import {floorTo, nextStart} from '../calendar.ts'
import {readContent, readContents} from '../content-table.ts'
import type {Database} from '../database.ts'
import {addState, Measure, measureAll, type MetricName, type MetricValues} from '../measures.ts'
import type {Period} from '../period.ts'
import type {Dimension, QueryPlan} from '../query-plan.ts'
import type {Content} from '../schemas/content.ts'
import type {EventView} from '../schemas/events.ts'
import {toIso} from '../times.ts'
import {shareReads} from '../waits.ts'
import {decompose, storedFor, wholeMinutes} from './parts.ts'
import {answerQuestion} from './question.ts'
import type {Answered, Reads, SeriesBucket, TopRow} from './reads.ts'
import {retentionOf} from './retention.ts'
import {FROM_STORED, fromStored, liveOrStored, metaOf, type Stores} from './stores.ts'
import {EVENT_TYPES} from '../../contracts/engagement.ts'
import {placeEvent} from './event-place.ts'

export interface EngagementDeps {
  readonly db: Database
  readonly stores: Stores
  /** Event types whose durations count. */
  readonly counted: readonly EventType[]
  readonly now: () => number
}

/** How long one content's row is taken for the present one. */
const CONTENT_MS = 200

const newestOf = (state: ContentState): number | null => {
  const last = Math.max(...state.last)
  return Number.isFinite(last) ? last : null
}

type EngagementReads = Omit<Reads, 'userActivity' | 'userDays' | 'userLastSeen' | 'pages'>

export function createEngagementReads(deps: EngagementDeps): EngagementReads {
  const {db, stores, counted} = deps

  const readOne = async (id: string): Promise<Content | undefined> => {
    try {
      return await readContent(db, id)
    } catch (error) {
      // PostgreSQL is away: Cassandra knows what the content topic said last.
      const stored = await stores.stored().catch(() => {
        throw error
      })
      const found = (await stored.contents.load([id])).get(id)
      if (found === undefined || found.deleted) return undefined
      const {slug, title, length_seconds, publish_ts} = found
      const content_type = found.content_type as Content['content_type']
      return {id, slug, title, content_type, length_seconds, publish_ts: toIso(publish_ts)}
    }
  }
  const content = shareReads(readOne, CONTENT_MS)

  const ageOf = (source: 'redis' | 'cassandra'): number | null => stores.ageMs(source, 'engagement')
  const notesOf = (source: 'redis' | 'cassandra'): readonly string[] =>
    source === 'redis' ? [] : [FROM_STORED]

  const totals: Reads['totals'] = async contents => {
    const {value, source} = await liveOrStored('totals', stores, {
      live: async live => {
        const found = await live.engagement.totals(contents.map(({id}) => id))
        if (found === null) return null
        const rows = contents.map(one => ({one, row: found.get(one.id) ?? 'unknown'}))
        // Redis says nothing of a content without events, nor of one that it does not hold.
        if (rows.some(({row}) => row === 'unknown')) return null
        return new Map(
          rows.flatMap(({one, row}) => {
            if (row === 'unknown') return []
            const measured = measureAll([{...row, lengthSeconds: one.length_seconds}], counted)
            const metrics = {...measured, unique_viewers: row.uniqueViewers}
            return [[one.id, {metrics, newest: row.newestEventAt}] as const]
          }),
        )
      },
      stored: async stored => {
        const found = await Promise.all(
          contents.map(async one => ({one, row: await stored.content.totals(one.id)})),
        )
        return new Map(
          found.map(({one, row}) => {
            const rows = row === null ? [] : [{...row, lengthSeconds: one.length_seconds}]
            const newest = row === null ? null : newestOf(row.state)
            return [one.id, {metrics: measureAll(rows, counted), newest}] as const
          }),
        )
      },
    })
    const newest = [...value.values()].map(one => one.newest ?? Number.NEGATIVE_INFINITY)
    const newestMicros = Math.max(Number.NEGATIVE_INFINITY, ...newest)
    return {
      value: new Map([...value].map(([id, {metrics}]) => [id, metrics])),
      meta: metaOf(source, {
        newestMicros: Number.isFinite(newestMicros) ? newestMicros : null,
        ageMs: ageOf(source),
        notes: source === 'redis' ? [] : notesOf(source),
      }),
    }
  }

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
    content,
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
    top: (by, period, limit) => readTop(deps, {by, period, limit}),
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

async function readQuestion(
  {db, stores, counted}: EngagementDeps,
  plan: QueryPlan,
): ReturnType<Reads['query']> {
  return await fromStored('query', stores, async ({content: reads}) => {
    const {rows, total, newest} = await answerQuestion(plan, {db, reads}, counted)
    const ageMs = stores.ageMs('cassandra', 'engagement')
    return {value: {rows, total}, meta: metaOf('cassandra', {newestMicros: newest, ageMs})}
  })
}

function breakDown(
  one: Content,
  dimension: Dimension,
  states: readonly ContentState[],
  counted: readonly EventType[],
): readonly {readonly value: string | null; readonly metrics: MetricValues}[] {
  const measures = new Map<string | null, Measure>()
  const labelOf = (device: string, type: EventType): string | null => {
    if (dimension === 'event_type') return type
    return dimension === 'device' ? deviceOfKey(device) : one.content_type
  }
  for (const state of states) {
    addState(state, one.length_seconds, (device, type) => {
      const label = labelOf(device, type)
      let measure = measures.get(label)
      if (measure === undefined) measures.set(label, (measure = new Measure(counted)))
      return measure
    })
  }
  return [...measures]
    .map(([value, measure]) => ({value, metrics: measure.values()}))
    .toSorted((a, b) => (b.metrics.events ?? 0) - (a.metrics.events ?? 0))
}

function parsePayload(text: string | null): unknown {
  if (text === null) return null
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

export const toEventView = (event: StoredEvent): EventView => ({
  event_id: event.event_id,
  content_id: event.content_id,
  user_id: event.user_id,
  event_type: event.event_type,
  event_ts: toIso(event.event_ts),
  duration_ms: event.duration_ms,
  device: event.device,
  raw_payload: parsePayload(event.raw_payload),
  content_type: event.content_type,
  length_seconds: event.length_seconds,
  engagement_seconds: event.engagement_seconds,
  engagement_pct: event.engagement_pct,
})

const numberOrNull = (text: string | undefined): number | null =>
  text === undefined ? null : Number(text)

/** The hash of Redis as it is served. */
export const toHashView = (fields: Readonly<Record<string, string>>): EventView => ({
  event_id: Number(fields['event_id']),
  content_id: fields['content_id'] ?? null,
  user_id: fields['user_id'] ?? null,
  event_type: fields['event_type'] as EventType,
  event_ts: fields['event_ts']!,
  duration_ms: numberOrNull(fields['duration_ms']),
  device: fields['device'] ?? null,
  raw_payload: parsePayload(fields['raw_payload'] ?? null),
  content_type: fields['content_type'] ?? null,
  length_seconds: numberOrNull(fields['length_seconds']),
  engagement_seconds: numberOrNull(fields['engagement_seconds']),
  engagement_pct: numberOrNull(fields['engagement_pct']),
})

/** From its hash; when that has expired, by its place, which PostgreSQL knows, from Cassandra. */
async function readEvent(
  {db, stores}: EngagementDeps,
  id: number,
): Promise<Answered<EventView> | undefined> {
  const {value, source} = await liveOrStored('event', stores, {
    live: async live => {
      const fields = await live.engagement.event(id)
      return fields === null ? null : toHashView(fields)
    },
    stored: async stored => {
      const place = await placeEvent(db, id)
      const found = place === undefined ? null : await stored.events.find(place)
      return found === null ? undefined : toEventView(found)
    },
  })
  if (value === undefined) return undefined
  const ageMs = stores.ageMs(source, 'engagement')
  return {value, meta: {...metaOf(source, {ageMs}), newest_event_at: value.event_ts}}
}

const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0)

/** What the window keeps, by the names of metrics. */
function windowValue(sums: WindowSums, by: MetricName, counted: readonly EventType[]): number {
  if (by === 'unique_viewers') return sums.users.size
  if (by === 'plays') return sums.events[EVENT_TYPES.indexOf('play')]!
  return sum(counted.map(type => sums.durationMs[EVENT_TYPES.indexOf(type)]!)) / 1000
}

async function readTop(
  deps: EngagementDeps,
  {by, period, limit}: {by: MetricName; period: Period | 'window'; limit: number},
): Promise<Answered<readonly TopRow[]>> {
  const {db, stores, counted} = deps
  if (period === 'window') {
    const nowS = Math.floor(deps.now() / 1000)
    const {value, source} = await liveOrStored('top', stores, {
      live: live => live.engagement.leaderboard(nowS, LEADERBOARD_WINDOW_S),
      stored: found => found.content.leaderboard(nowS, LEADERBOARD_WINDOW_S),
    })
    const ranked = [...value]
      .map(([id, sums]) => ({id, value: windowValue(sums, by, counted)}))
      .filter(one => one.value > 0)
      .toSorted((a, b) => b.value - a.value || (a.id < b.id ? -1 : 1))
    const notes = source === 'redis' ? [] : [FROM_STORED]
    const meta = metaOf(source, {ageMs: stores.ageMs(source, 'engagement'), notes})
    return {value: await withContents(db, ranked, limit), meta}
  }
  const plan: QueryPlan = {
    metrics: [by],
    dimensions: ['content'],
    granularity: undefined,
    period,
    zone: 'UTC',
    starts: undefined,
    matches: () => true,
    contents: undefined,
    order: [{by, descending: true}],
    limit: limit * 2,
    offset: 0,
    timeLabels: false,
    totalRows: false,
  }
  const {value, meta} = await readQuestion(deps, plan)
  const ranked = value.rows
    .map(row => ({id: row.dimensions[0]!, value: row.metrics[0] ?? null}))
    .filter(row => row.value !== null)
  return {value: await withContents(db, ranked, limit), meta}
}

/** Contents that were deleted meanwhile are passed over. */
async function withContents(
  db: Database,
  ranked: readonly {readonly id: string; readonly value: number | string | null}[],
  limit: number,
): Promise<readonly TopRow[]> {
  const some = ranked.slice(0, limit * 2)
  const contents = new Map(
    (
      await readContents(
        db,
        some.map(({id}) => id),
      )
    ).map(one => [one.id, one]),
  )
  return some
    .flatMap(({id, value}) => {
      const content = contents.get(id)
      return content === undefined ? [] : [{content, value}]
    })
    .slice(0, limit)
}
