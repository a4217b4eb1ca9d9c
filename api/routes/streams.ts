/** Every declared stream by the same questions: figures, series, breakdowns, tops, events. */
import type {FastifyReply} from 'fastify'
import type {Static} from 'typebox'
import type {Stream} from '../../contracts/stream.ts'
import {NULL_KEY, toKeyText} from '../../readmodel/fields.ts'
import {valueOfSplitText} from '../../readmodel/places.ts'
import {metricNames, type RollupPlan, type StreamPlan} from '../../readmodel/plan.ts'
import {keyOfTexts, textsOfKey} from '../../readmodel/rollup-table.ts'
import type {TimeRange} from '../../readmodel/slices.ts'
import {Tally} from '../../readmodel/tally.ts'
import type {Api} from '../app.ts'
import type {Cursors} from '../cursor.ts'
import {figuresOf, type Figure} from '../measures.ts'
import type {Period} from '../period.ts'
import {notFound, refuse} from '../problem.ts'
import {findEvent, listEvents, parseId, servedFields, type ListPosition} from '../reads/events.ts'
import {
  readFigures,
  readOptions,
  type FiguresFound,
  type FiguresQuestion,
} from '../reads/figures.ts'
import {partsOf, wholeBuckets} from '../reads/parts.ts'
import {checkScan, scanKeys} from '../reads/question.ts'
import {readFrom, type Found, type Stores} from '../reads/stores.ts'
import {roundAll} from '../rounding.ts'
import {AfterOnlyQuery} from '../schemas/common.ts'
import {
  BreakdownParams,
  FiguresQuery,
  StreamActive,
  StreamBreakdown,
  StreamEvent,
  StreamEventParams,
  StreamEvents,
  StreamEventsQuery,
  StreamFigures,
  StreamList,
  StreamParams,
  StreamSeries,
  StreamSeriesQuery,
  StreamTop,
  StreamTopQuery,
} from '../schemas/streams.ts'
import {msToIso} from '../times.ts'
import {bucketsOf, isoStretch, microsOf, pageOf, periodOf, type PeriodQuery} from './asked.ts'
import {BOTH_STORES, LIVE_STORE, STORED} from './metrics.ts'
import {optionsOf, READ} from './options.ts'
import type {AfterEvent, ReadAfter} from './read-after.ts'
import * as tables from './stream-tables.ts'

export interface StreamDeps {
  readonly streams: readonly Stream[]
  readonly stores: Stores
  readonly readAfter: ReadAfter
  readonly cursors: Cursors
}

const KEYS_MAX = 100_000

const quoted = (names: readonly string[]): string => names.join(', ') || 'none'

function rollupOf({stream, rollups}: StreamPlan, by: string | undefined): RollupPlan {
  const found =
    by === undefined
      ? rollups.find(rollup => rollup.by.length === 0)
      : rollups.find(({name}) => name === by)
  if (found !== undefined) return found
  const detail = `${stream.name} is counted by ${quoted(rollups.map(({name}) => name))}`
  throw refuse('query', 'by', by ?? null, detail)
}

/** Null keys are told apart from texts by a text of their own. */
const toKeyPart = (text: string): string => toKeyText(valueOfSplitText(text))
const ofKeyPart = (text: string): string | null => (text === NULL_KEY ? null : text)
const partsOfKey = (rollup: RollupPlan, key: string): (string | null)[] =>
  textsOfKey(rollup, key).map(ofKeyPart)

function keyOf({name, by}: RollupPlan, parts: readonly string[]): string {
  if (parts.length === by.length) return keyOfTexts(parts.map(toKeyPart))
  const detail = `the rollup ${name} has a key of ${by.length}: ${quoted(by)}`
  throw refuse('query', 'key', parts.length === 0 ? null : parts.join(', '), detail)
}

/** The stretch that is asked for; null: all time. An end that is now takes in the running bucket. */
function stretchOf(
  rollup: RollupPlan,
  query: PeriodQuery,
): {readonly period: Period; readonly slices: readonly TimeRange[] | null} {
  const period = periodOf(query, 'all')
  const {from, to} = period
  if (from === null) return {period, slices: null}
  const whole = wholeBuckets(rollup, from, to)
  const [finest] = rollup.levels
  const start = finest === 'minute' ? whole.from : from / 1000
  const end = finest === 'minute' || query.to === undefined ? whole.to : to / 1000
  return {period, slices: [{from: start, to: end}]}
}

interface RowQuery extends PeriodQuery, AfterEvent {
  readonly by?: string
  readonly key?: readonly string[]
  readonly decimals?: number
}

interface AskedOfStream {
  readonly params: {readonly stream: string}
  readonly query: {readonly by?: string}
}

export function addStreamRoutes(app: Api, deps: StreamDeps): void {
  addList(app, deps)
  addFigures(app, deps)
  addSeries(app, deps)
  addBreakdown(app, deps)
  addTop(app, deps)
  addActive(app, deps)
  addEvents(app, deps)
}

function addList(app: Api, {streams, stores}: StreamDeps): void {
  app.get(
    '/v1/streams',
    optionsOf('streams', READ, {
      operationId: 'listStreams',
      summary: 'Streams that are counted, and what can be asked of them',
      response: {200: StreamList},
      csv: tables.listTable,
    }),
    () => ({
      items: streams
        .filter(({isReference}) => !isReference)
        .map(stream => {
          const {rollups, tops, actives} = stores.plan(stream.name)
          return {
            stream: stream.name,
            table: stream.table,
            topic: stream.topic,
            key: stream.keyField,
            id: stream.idField,
            time: stream.timeField,
            rollups: rollups.map(rollup => ({
              by: rollup.name,
              columns: [...rollup.by],
              splits: [...rollup.split],
              levels: [...rollup.levels, 'total'],
              metrics: [...metricNames(rollup)],
            })),
            top: tops.map(({by, seconds, ...states}) => {
              return {by: by!, seconds, metrics: [...metricNames(states)]}
            }),
            active: actives.map(({seconds}, i) => ({of: stream.active[i]!.of, seconds})),
          }
        }),
    }),
  )
}

/** The row that is asked for, and how it is read after the awaited event; undefined: a 202 was sent. */
function rowOf(
  {stores, readAfter}: StreamDeps,
  rollup: RollupPlan,
  query: RowQuery,
  reply: FastifyReply,
) {
  const key = keyOf(rollup, query.key ?? [])
  const stream = rollup.stream.name
  const row = {stream, by: rollup.name, key: partsOfKey(rollup, key)}
  const read = async <T>(
    what: string,
    question: Omit<FiguresQuestion, 'rollup'>,
    toValue: (found: FiguresFound) => T,
  ) =>
    await readAfter(query, LIVE_STORE, reply, () =>
      readFrom(stores, {what, stream}, async (reads): Promise<Found<T>> => {
        const options = readOptions(rollup, question.names)
        const view = (await reads.rollup(rollup).entities([key], options)).get(key)
        const found = await readFigures(reads, view, {rollup, ...question})
        return {...found, value: toValue(found)}
      }),
    )
  return {row, read}
}

function addFigures(app: Api, deps: StreamDeps): void {
  app.get(
    '/v1/streams/:stream/metrics',
    optionsOf('streams', READ, {
      operationId: 'getStreamMetrics',
      summary: 'Figures of one key of a stream, in total or for a period',
      params: StreamParams,
      querystring: FiguresQuery,
      response: {200: StreamFigures},
      csv: tables.figuresTable,
      problems: ['not-found'],
    }),
    async ({params, query}, reply) => {
      const rollup = rollupOf(deps.stores.plan(params.stream), query.by)
      const {period, slices} = stretchOf(rollup, query)
      const {row, read} = rowOf(deps, rollup, query, reply)
      const answer = await read('stream-metrics', {slices}, found => figuresOf(found.wholeOf(0)))
      if (answer === undefined) return reply
      const {value, meta} = answer
      const metrics = roundAll(value, query.decimals)
      return {...row, ...isoStretch(period), metrics, meta}
    },
  )
}

function addSeries(app: Api, deps: StreamDeps): void {
  app.get(
    '/v1/streams/:stream/timeseries',
    optionsOf('streams', READ, {
      operationId: 'getStreamTimeseries',
      summary: 'Figures of one key of a stream by minute, hour, day, week or month',
      params: StreamParams,
      querystring: StreamSeriesQuery,
      response: {200: StreamSeries},
      csv: tables.seriesTable,
      problems: ['not-found'],
    }),
    async ({params, query}, reply) => {
      const {granularity, zone, buckets} = bucketsOf(query, 'needs a start')
      const slices = buckets.map(({start, end}) => ({from: start / 1000, to: end / 1000}))
      const rollup = rollupOf(deps.stores.plan(params.stream), query.by)
      partsOf(rollup, slices)
      const {row, read} = rowOf(deps, rollup, query, reply)
      const answer = await read('stream-series', {slices}, found =>
        buckets.map(({start, end}, i) => ({
          start: msToIso(start),
          end: msToIso(end),
          metrics: roundAll(figuresOf(found.wholeOf(i)), query.decimals),
        })),
      )
      if (answer === undefined) return reply
      const {value, meta} = answer
      return {...row, granularity, timezone: zone, buckets: value, meta}
    },
  )
}

function addBreakdown(app: Api, deps: StreamDeps): void {
  app.get(
    '/v1/streams/:stream/breakdown/:dimension',
    optionsOf('streams', READ, {
      operationId: 'getStreamBreakdown',
      summary: 'Figures of one key of a stream by the values of a split',
      params: BreakdownParams,
      querystring: FiguresQuery,
      response: {200: StreamBreakdown},
      csv: (answer: Static<typeof StreamBreakdown>, {params, query}: AskedOfStream) => {
        const rollup = rollupOf(deps.stores.plan(params.stream), query.by)
        return tables.breakdownTable(answer, [...metricNames(rollup)])
      },
      problems: ['not-found'],
    }),
    async ({params: {stream, dimension}, query}, reply) => {
      const rollup = rollupOf(deps.stores.plan(stream), query.by)
      const at = rollup.split.indexOf(dimension)
      if (at < 0) {
        const detail = `the rollup ${rollup.name} is split by ${quoted(rollup.split)}`
        throw refuse('path', 'dimension', dimension, detail)
      }
      const {period, slices} = stretchOf(rollup, query)
      const {row, read} = rowOf(deps, rollup, query, reply)
      const question = {slices, labelOf: (values: readonly string[]) => values[at]!}
      const answer = await read('stream-breakdown', question, found =>
        [...found.slices[0]!]
          .toSorted(([a], [b]) => (a < b ? -1 : 1))
          .map(([label, tally]) => ({
            value: valueOfSplitText(label),
            metrics: roundAll(figuresOf(tally), query.decimals),
          })),
      )
      if (answer === undefined) return reply
      const {value, meta} = answer
      return {...row, dimension, ...isoStretch(period), items: value, meta}
    },
  )
}

function compareFigures(a: Figure, b: Figure): number {
  if (a === b) return 0
  if (a === null || b === null) return a === null ? 1 : -1
  return a > b ? -1 : 1
}

/** Which measure of a rollup or window is asked for; its first when left out. */
function metricOf(names: readonly string[], wanted: string | undefined, by: string): string {
  if (wanted === undefined) return names[0]!
  if (names.includes(wanted)) return wanted
  throw refuse('query', 'metric', wanted, `by ${by} there are ${quoted(names)}`)
}

function addTop(app: Api, {stores, readAfter}: StreamDeps): void {
  app.get(
    '/v1/streams/:stream/top',
    optionsOf('streams', READ, {
      operationId: 'getStreamTop',
      summary: 'Keys with the most of a metric: in the live window, or in any period',
      description:
        'Without a period: the declared window, in steps of ten seconds. With one: every key as it is stored.',
      params: StreamParams,
      querystring: StreamTopQuery,
      response: {200: StreamTop},
      csv: tables.topTable,
      problems: ['not-found'],
    }),
    async ({params: {stream}, query}, reply) => {
      const plan = stores.plan(stream)
      const {by, limit = 10} = query
      const isAny = query.period === undefined && query.from === undefined && query.to === undefined
      const window = isAny ? plan.tops.find(top => top.by === by) : undefined
      const rollup = window === undefined ? rollupOf(plan, by) : undefined
      const metric = metricOf(metricNames(window ?? rollup!), query.metric, by)
      const stretch = rollup && stretchOf(rollup, query)
      const parts = rollup && stretch?.slices ? partsOf(rollup, stretch.slices) : null
      checkScan(parts, 'query', 'period')
      let now = 0
      const read = () =>
        readFrom(stores, {what: 'stream-top', stream}, async reads => {
          now = Date.now()
          if (window !== undefined) {
            const {totals, source} = await reads.window(window, Math.floor(now / 1000))
            const all = [...totals].filter(([, sums]) => sums.events > 0)
            const figures = all.map(([key, sums]) => {
              return {key: [ofKeyPart(key)], value: sums.values()[metric] ?? null}
            })
            return {value: figures, source}
          }
          const names = namesFor(rollup!, metric)
          const tallies = new Map<string, Tally>()
          const how = {parts, ...readOptions(rollup!, names)}
          await scanKeys(reads.rollup(rollup!), how, (key, {bucket, valuesOf}) => {
            let tally = tallies.get(key)
            if (tally === undefined) tallies.set(key, (tally = new Tally(rollup!, names)))
            if (tallies.size > KEYS_MAX) {
              throw refuse('query', 'by', by, `has more than ${KEYS_MAX} keys in this period`)
            }
            tally.add(bucket, valuesOf)
          })
          const figures = [...tallies].map(([key, tally]) => {
            return {key: partsOfKey(rollup!, key), value: figuresOf(tally)[metric] ?? null}
          })
          return {value: figures, source: 'cassandra' as const, isScan: true}
        })
      const answer = await readAfter(query, window === undefined ? STORED : LIVE_STORE, reply, read)
      if (answer === undefined) return reply
      const {value, meta} = answer
      const items = value
        .filter(one => one.value !== null && one.value !== 0)
        .toSorted(
          (a, b) => compareFigures(a.value, b.value) || (String(a.key) < String(b.key) ? -1 : 1),
        )
        .slice(0, limit)
        .map((one, i) => ({rank: i + 1, key: one.key, value: roundAll(one.value, query.decimals)}))
      const period = stretch?.period ?? {from: now - window!.seconds * 1000, to: now}
      return {stream, by, metric, ...isoStretch(period), items, meta}
    },
  )
}

/** Measures that a served name is made of. */
const namesFor = ({measures}: RollupPlan, metric: string): ReadonlySet<string> =>
  new Set([
    metric,
    ...measures.flatMap(({name, measure}) => (measure.kind === 'quantiles' ? [name] : [])),
  ])

function addActive(app: Api, {stores, readAfter}: StreamDeps): void {
  app.get(
    '/v1/streams/:stream/active',
    optionsOf('streams', READ, {
      operationId: 'getStreamActive',
      summary: 'Distinct values in the live window',
      params: StreamParams,
      querystring: AfterOnlyQuery,
      response: {200: StreamActive},
      csv: tables.activeTable,
      problems: ['not-found'],
    }),
    async ({params: {stream}, query}, reply) => {
      const {actives, stream: declared} = stores.plan(stream)
      const [window] = actives
      if (window === undefined) {
        throw refuse('path', 'stream', stream, 'has no window of active values')
      }
      const read = () =>
        readFrom(stores, {what: 'stream-active', stream}, async reads => {
          const {totals, source} = await reads.window(window, Math.floor(Date.now() / 1000))
          return {value: totals.get('')?.values()['active'] ?? 0, source}
        })
      const answer = await readAfter(query, LIVE_STORE, reply, read)
      if (answer === undefined) return reply
      const {value, meta} = answer
      const {of} = declared.active[0]!
      return {stream, of, window_seconds: window.seconds, active: value, meta}
    },
  )
}

function addEvents(app: Api, {stores, readAfter, cursors}: StreamDeps): void {
  app.get(
    '/v1/streams/:stream/events',
    optionsOf('streams', READ, {
      operationId: 'listStreamEvents',
      summary: 'Events of one key of a stream, newest first',
      params: StreamParams,
      querystring: StreamEventsQuery,
      response: {200: StreamEvents},
      csv: (answer: Static<typeof StreamEvents>, {params}: AskedOfStream) =>
        tables.eventsTable(answer, servedFields(stores.plan(params.stream))),
      problems: ['not-found'],
    }),
    async ({params: {stream}, query}, reply) => {
      stores.plan(stream)
      const [from, to] = [microsOf('from', query.from), microsOf('to', query.to)]
      const scope = ['stream-events', stream, query.key, from, to]
      const {limit, after, pageTo} = pageOf<ListPosition>(cursors, scope, query)
      const read = () =>
        readFrom(stores, {what: 'stream-events', stream}, async reads => {
          const request = {limit, from, to, after}
          const found = await listEvents(reads, toKeyPart(query.key), request)
          const {newestMicros} = found
          return {value: found, source: 'cassandra' as const, newestMicros, isScan: true}
        })
      const answer = await readAfter(query, STORED, reply, read)
      if (answer === undefined) return reply
      const {value, meta} = answer
      return {items: value.items, page: pageTo(value.next), meta}
    },
  )
  app.get(
    '/v1/streams/:stream/events/:id',
    optionsOf('streams', READ, {
      operationId: 'getStreamEvent',
      summary: 'One event of a stream, with what was looked up and computed for it',
      params: StreamEventParams,
      querystring: AfterOnlyQuery,
      response: {200: StreamEvent},
      csv: ({event}: Static<typeof StreamEvent>, {params}: AskedOfStream) =>
        tables.eventsTable({items: [event]}, servedFields(stores.plan(params.stream))),
      problems: ['not-found'],
    }),
    async ({params: {stream, id}, query}, reply) => {
      const own = parseId(stores.plan(stream), id)
      // Its hash is taken when Redis has it, however new its row is.
      const read = () =>
        readFrom(stores, {what: 'stream-event', stream}, reads => findEvent(reads, own))
      const answer = await readAfter(query, BOTH_STORES, reply, read)
      if (answer === undefined) return reply
      const {value, meta} = answer
      if (value === undefined) throw notFound('event', id)
      return {event: value, meta}
    },
  )
}
