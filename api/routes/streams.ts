/** Every declared stream by the same questions: figures, series, breakdowns, tops, events. */
import type {FastifyReply} from 'fastify'
import type {Static} from 'typebox'
import {valueOfSplitText} from '../../readmodel/places.ts'
import {metricNames, type RollupPlan} from '../../readmodel/plan.ts'
import type {Api} from '../app.ts'
import {figuresOf} from '../measures.ts'
import {refuse} from '../problem.ts'
import {
  readFigures,
  readOptions,
  type FiguresFound,
  type FiguresQuestion,
} from '../reads/figures.ts'
import {partsOf} from '../reads/parts.ts'
import {readFrom, type Found} from '../reads/stores.ts'
import {roundAll} from '../rounding.ts'
import {
  BreakdownParams,
  FiguresQuery,
  StreamBreakdown,
  StreamFigures,
  StreamList,
  StreamParams,
  StreamSeries,
  StreamSeriesQuery,
} from '../schemas/streams.ts'
import {msToIso} from '../times.ts'
import {bucketsOf, isoStretch, type PeriodQuery} from './asked.ts'
import {LIVE_STORE} from './metrics.ts'
import {optionsOf, READ} from './options.ts'
import type {AfterEvent} from './read-after.ts'
import {
  keyOf,
  partsOfKey,
  quoted,
  rollupOf,
  stretchOf,
  type AskedOfStream,
  type StreamDeps,
} from './stream-asked.ts'
import {addStreamEvents} from './stream-events.ts'
import * as tables from './stream-tables.ts'
import {addStreamActive, addStreamTop} from './stream-windows.ts'

interface RowQuery extends PeriodQuery, AfterEvent {
  readonly by?: string
  readonly key?: readonly string[]
  readonly decimals?: number
}

export function addStreamRoutes(app: Api, deps: StreamDeps): void {
  addList(app, deps)
  addFigures(app, deps)
  addSeries(app, deps)
  addBreakdown(app, deps)
  addStreamTop(app, deps)
  addStreamActive(app, deps)
  addStreamEvents(app, deps)
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
