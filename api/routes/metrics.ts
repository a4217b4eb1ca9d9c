/** Figures of one content. */
import type {FastifyReply} from 'fastify'
import type {Static} from 'typebox'
import type {Api} from '../app.ts'
import {columnsOf} from '../csv.ts'
import {METRIC_NAMES, pickFigures, type MetricName} from '../measures.ts'
import {notFound} from '../problem.ts'
import type {Answered, Reads} from '../reads/reads.ts'
import {roundAll} from '../rounding.ts'
import {AfterQuery, closed, DecimalsQuery, oneOf} from '../schemas/common.ts'
import {ContentParams, type Content} from '../schemas/content.ts'
import {
  Breakdown,
  BREAKDOWNS,
  ContentMetrics,
  MetricsQuery,
  Percentiles,
  PercentilesQuery,
  Retention,
  RetentionPoint,
  Series,
  SeriesQuery,
} from '../schemas/metrics.ts'
import {msToIso} from '../times.ts'
import type {WaitedStore} from '../waits.ts'
import {bucketsOf, metricsOf, periodOf} from './asked.ts'
import {optionsOf, READ} from './options.ts'
import type {AfterEvent, ReadAfter} from './read-after.ts'

const BreakdownParams = closed({
  ...ContentParams.properties,
  dimension: oneOf(BREAKDOWNS, {description: 'what figures are parted by', examples: ['device']}),
})
const PERCENTILES = columnsOf(Percentiles.properties.engagement_seconds)
const SHAPE = [
  'events_with_duration',
  ...PERCENTILES.map(percentile => `engagement_seconds_${percentile}`),
] as readonly MetricName[]

interface ChosenQuery {
  readonly metrics?: readonly string[]
}

export interface ChosenAsked {
  readonly query: ChosenQuery
}

/** @throws 422 for figures that contents do not have */
export const chosenMetrics = ({metrics}: ChosenQuery): readonly MetricName[] | undefined =>
  metricsOf(metrics, METRIC_NAMES, 'of contents')

/** Columns of answers with all figures, or with those that were asked for. */
const metricColumns = ({query}: ChosenAsked): readonly MetricName[] =>
  chosenMetrics(query) ?? METRIC_NAMES

export interface ReadDeps {
  readonly reads: Reads
  readonly readAfter: ReadAfter
}

/** What is open is in Redis, what left it is stored. */
export const LIVE_STORE: readonly WaitedStore[] = ['redis']
/** Lists, and rows of all keys, are read as they are stored. */
export const STORED: readonly WaitedStore[] = ['cassandra']
/** Answered from either, or from both together: each may be ahead of the other. */
export const BOTH_STORES: readonly WaitedStore[] = [...LIVE_STORE, ...STORED]

/** The content, or 404. */
export async function contentOr404(reads: Reads, id: string): Promise<Content> {
  const content = await reads.content(id.toLowerCase())
  if (content === undefined) throw notFound('content', id)
  return content
}

/**
 * What is read of the content with the event in it that the caller waits for; undefined when the time
 * was up and the 202 is sent.
 *
 * @throws 404
 */
async function contentAfter<T>(
  {reads, readAfter}: ReadDeps,
  {id, query}: {id: string; query: AfterEvent},
  reply: FastifyReply,
  read: (content: Content) => Promise<Answered<T>>,
): Promise<(Answered<T> & {readonly content: Content}) | undefined> {
  const content = await contentOr404(reads, id)
  const answer = await readAfter(query, LIVE_STORE, reply, () => read(content))
  return answer && {...answer, content}
}

export function addMetricsRoutes(app: Api, deps: ReadDeps): void {
  const {reads} = deps
  app.get(
    '/v1/content/:id/metrics',
    optionsOf('metrics', READ, {
      operationId: 'getContentMetrics',
      summary: 'Figures of one content, in total or for a period',
      params: ContentParams,
      querystring: MetricsQuery,
      response: {200: ContentMetrics},
      problems: ['not-found'],
      csv: ({content, metrics}: Static<typeof ContentMetrics>, asked: ChosenAsked) => ({
        columns: ['content_id', ...metricColumns(asked)],
        rows: [{content_id: content.id, ...metrics}],
      }),
    }),
    async ({query, params}, reply) => {
      const period = periodOf(query, 'all')
      const chosen = chosenMetrics(query)
      const answer = await contentAfter(deps, {id: params.id, query}, reply, content =>
        reads.metrics(content, period, chosen),
      )
      if (answer === undefined) return reply
      const {content, value, meta} = answer
      return {content, metrics: roundAll(pickFigures(value, chosen), query.decimals), meta}
    },
  )
  addSeries(app, deps)
  addBreakdowns(app, deps)
  addShapes(app, deps)
}

function addSeries(app: Api, deps: ReadDeps): void {
  const {reads} = deps
  app.get(
    '/v1/content/:id/timeseries',
    optionsOf('metrics', READ, {
      operationId: 'getContentTimeseries',
      summary: 'Figures of one content by minute, hour, day, week or month',
      description:
        'The last 30 days by default, the last hour by minute. Buckets are whole: the first starts where its minute, hour or day starts.',
      params: ContentParams,
      querystring: SeriesQuery,
      response: {200: Series},
      problems: ['not-found'],
      csv: ({buckets}: Static<typeof Series>, request: ChosenAsked) => ({
        columns: ['start', 'end', ...metricColumns(request)],
        rows: buckets.map(({start, end, metrics}) => ({start, end, ...metrics})),
      }),
    }),
    async ({query, params}, reply) => {
      const asked = bucketsOf(query, 'needs a start: a series has an end and a beginning')
      const chosen = chosenMetrics(query)
      const answer = await contentAfter(deps, {id: params.id, query}, reply, content =>
        reads.series(content, asked.buckets, chosen),
      )
      if (answer === undefined) return reply
      const {content, value, meta} = answer
      const buckets = value.map(({start, end, metrics}) => ({
        start: msToIso(start),
        end: msToIso(end),
        metrics: roundAll(pickFigures(metrics, chosen), query.decimals),
      }))
      const {granularity, zone: timezone} = asked
      return {content_id: content.id, granularity, timezone, buckets, meta}
    },
  )
}

function addBreakdowns(app: Api, deps: ReadDeps): void {
  const {reads} = deps
  app.get(
    '/v1/content/:id/breakdowns/:dimension',
    optionsOf('metrics', READ, {
      operationId: 'getContentBreakdown',
      summary: 'Figures of one content by event type, device or content type',
      params: BreakdownParams,
      querystring: MetricsQuery,
      response: {200: Breakdown},
      problems: ['not-found'],
      csv: ({dimension, items}: Static<typeof Breakdown>, asked: ChosenAsked) => ({
        columns: [dimension, ...metricColumns(asked)],
        rows: items.map(({value, metrics}) => ({[dimension]: value, ...metrics})),
      }),
    }),
    async ({query, params}, reply) => {
      const period = periodOf(query, 'all')
      const chosen = chosenMetrics(query)
      const answer = await contentAfter(deps, {id: params.id, query}, reply, content =>
        reads.breakdown(content, params.dimension, period, chosen),
      )
      if (answer === undefined) return reply
      const {value, meta} = answer
      const items = value.map(({value: label, metrics}) => ({
        value: label,
        metrics: roundAll(pickFigures(metrics, chosen), query.decimals),
      }))
      return {dimension: params.dimension, items, meta}
    },
  )
}

const ShapeQuery = closed({...DecimalsQuery, ...AfterQuery})

/** Retention and percentiles: how time is spent, not how much. */
function addShapes(app: Api, deps: ReadDeps): void {
  const {reads} = deps
  app.get(
    '/v1/content/:id/retention',
    optionsOf('metrics', READ, {
      operationId: 'getContentRetention',
      summary:
        'How many still watch at each hundredth of a content, where they leave, what they watch again',
      description: 'From positions where events carry them; else an approximation, and it says so.',
      params: ContentParams,
      querystring: ShapeQuery,
      response: {200: Retention},
      problems: ['not-found'],
      csv: ({points}: Static<typeof Retention>) => ({
        columns: columnsOf(RetentionPoint),
        rows: points,
      }),
    }),
    async ({query, params}, reply) => {
      const answer = await contentAfter(deps, {id: params.id, query}, reply, content =>
        reads.retention(content),
      )
      if (answer === undefined) return reply
      const {value, meta} = answer
      const {points, drop_offs, key_moments} = value
      return {...value, ...roundAll({points, drop_offs, key_moments}, query.decimals), meta}
    },
  )

  app.get(
    '/v1/content/:id/percentiles',
    optionsOf('metrics', READ, {
      operationId: 'getContentPercentiles',
      summary: 'How long people stay: percentiles of engagement_seconds',
      params: ContentParams,
      querystring: PercentilesQuery,
      response: {200: Percentiles},
      problems: ['not-found'],
      csv: ({content_id, events_with_duration, ...rest}: Static<typeof Percentiles>) => ({
        columns: ['content_id', 'events_with_duration', ...PERCENTILES],
        rows: [{content_id, events_with_duration, ...rest.engagement_seconds}],
      }),
    }),
    async ({query, params}, reply) => {
      const period = periodOf(query, 'all')
      const answer = await contentAfter(deps, {id: params.id, query}, reply, content =>
        reads.metrics(content, period, SHAPE),
      )
      if (answer === undefined) return reply
      const {content, value, meta} = answer
      const seconds = roundAll(
        {
          p50: value.engagement_seconds_p50,
          p75: value.engagement_seconds_p75,
          p90: value.engagement_seconds_p90,
          p95: value.engagement_seconds_p95,
          p99: value.engagement_seconds_p99,
        },
        query.decimals,
      )
      return {
        content_id: content.id,
        events_with_duration: value.events_with_duration ?? 0,
        engagement_seconds: seconds,
        meta,
      }
    },
  )
}
