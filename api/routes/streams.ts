/** Every declared stream by the same questions: figures, series, breakdowns, tops, events. */
import type {FastifyReply} from 'fastify'
import type {Static} from 'typebox'
import {topicName} from '../../contracts/topics.ts'
import {metricNames, type RollupPlan} from '../../readmodel/plan.ts'
import type {Api} from '../app.ts'
import {refuse} from '../problem.ts'
import {partsOf} from '../reads/parts.ts'
import type {Answered} from '../reads/reads.ts'
import {partsOfKey} from '../reads/stream-keys.ts'
import type {RowAsked} from '../reads/stream-figures.ts'
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
  metricsBy,
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
  readonly metrics?: readonly string[]
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

function addList(app: Api, {streams, stores, topicPrefix}: StreamDeps): void {
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
            topic: topicName(topicPrefix, stream.topic),
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
function rowOf({readAfter}: StreamDeps, rollup: RollupPlan, query: RowQuery, reply: FastifyReply) {
  const {name: by, stream} = rollup
  const asked: RowAsked = {
    rollup,
    key: keyOf(rollup, query.key ?? []),
    metrics: metricsBy(by, rollup, query.metrics),
  }
  return {
    row: {stream: stream.name, by, key: partsOfKey(rollup, asked.key)},
    read: async <T>(read: (row: RowAsked) => Promise<Answered<T>>) =>
      await readAfter(query, LIVE_STORE, reply, () => read(asked)),
  }
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
      const answer = await read(asked => deps.figures.figures(asked, slices))
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
      const answer = await read(asked => deps.figures.series(asked, slices))
      if (answer === undefined) return reply
      const {value, meta} = answer
      const filled = buckets.map(({start, end}, i) => ({
        start: msToIso(start),
        end: msToIso(end),
        metrics: roundAll(value[i]!, query.decimals),
      }))
      return {...row, granularity, timezone: zone, buckets: filled, meta}
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
        const metrics = metricsBy(rollup.name, rollup, query.metrics)
        return tables.breakdownTable(answer, metrics ?? metricNames(rollup))
      },
      problems: ['not-found'],
    }),
    async ({params: {stream, dimension}, query}, reply) => {
      const rollup = rollupOf(deps.stores.plan(stream), query.by)
      checkSplit(rollup, dimension)
      const {period, slices} = stretchOf(rollup, query)
      const {row, read} = rowOf(deps, rollup, query, reply)
      const answer = await read(asked => deps.figures.breakdown(asked, dimension, slices))
      if (answer === undefined) return reply
      const {value, meta} = answer
      const items = value.map(({value: label, metrics}) => {
        return {value: label, metrics: roundAll(metrics, query.decimals)}
      })
      return {...row, dimension, ...isoStretch(period), items, meta}
    },
  )
}

/** @throws 422 with what the rollup is split by */
function checkSplit({name, split}: RollupPlan, dimension: string): void {
  if (split.includes(dimension)) return
  const detail = `the rollup ${name} is split by ${quoted(split)}`
  throw refuse('path', 'dimension', dimension, detail)
}
