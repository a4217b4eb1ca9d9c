/** Figures of contents as they are served. */
import {Type, type Static, type TObject} from 'typebox'
import {METRIC_NAMES} from '../measures.ts'
import {
  ChosenQuery,
  closed,
  ContentId,
  Count,
  FiguresFields,
  limitOf,
  Meta,
  named,
  nullable,
  oneOf,
  optional,
  SeriesFields,
  seriesOf,
  Time,
} from './common.ts'
import {ContentSchema} from './content.ts'

const Seconds = Type.Number({minimum: 0})

const MetricFields = {
  events: Count,
  plays: Count,
  pauses: Count,
  finishes: Count,
  clicks: Count,
  events_with_duration: Count,
  engagement_seconds: Type.Number({minimum: 0, description: 'Σ duration_ms / 1000'}),
  engagement_seconds_avg: nullable(Seconds),
  engagement_pct_sum: nullable(
    Type.Number({
      minimum: 0,
      description: 'Σ engagement_seconds / present length: the average minute audience',
    }),
  ),
  engagement_pct_avg: nullable(
    Type.Number({
      minimum: 0,
      description: 'a ratio, unrounded, may exceed 1; null without a length',
    }),
  ),
  completion_rate: nullable(
    Type.Number({minimum: 0, description: 'finishes / plays; null at 0 plays'}),
  ),
  unique_viewers: Type.Integer({minimum: 0, description: 'distinct users, standard error ≤ 1 %'}),
  engagement_seconds_p50: nullable(Seconds),
  engagement_seconds_p75: nullable(Seconds),
  engagement_seconds_p90: nullable(Seconds),
  engagement_seconds_p95: nullable(Seconds),
  engagement_seconds_p99: nullable(Seconds),
  first_event_at: nullable(Time),
  last_event_at: nullable(Time),
} satisfies Record<(typeof METRIC_NAMES)[number], unknown>

/** All of them are there, and by their types, unless the parameter that is named here chooses some. */
export const MetricsSchema = named('Metrics', optional(MetricFields), {
  'x-complete-without': 'metrics',
}) as unknown as TObject<typeof MetricFields>
export type MetricsView = Static<typeof MetricsSchema>

export const MetricsQuery = closed({...ChosenQuery, ...FiguresFields})
export const PercentilesQuery = closed(FiguresFields)

export const ContentMetrics = named('ContentMetrics', {
  content: ContentSchema,
  metrics: MetricsSchema,
  meta: Meta,
})

export const SeriesQuery = closed({...ChosenQuery, ...SeriesFields})

export const Series = named('ContentSeries', {
  content_id: ContentId,
  ...seriesOf('Bucket', MetricsSchema, 'every bucket of the period; empty ones hold zeros'),
})

export const BREAKDOWNS = ['event_type', 'device', 'content_type'] as const

const BreakdownItem = named('BreakdownItem', {
  value: nullable(Type.String()),
  metrics: MetricsSchema,
})
export const Breakdown = named('ContentBreakdown', {
  dimension: oneOf(BREAKDOWNS),
  items: Type.Array(BreakdownItem),
  meta: Meta,
})

const Ratio = Type.Number({minimum: 0, maximum: 1})
/** From where to where of the content. */
const StretchFields = {
  from_ratio: Ratio,
  to_ratio: Ratio,
  from_seconds: Type.Integer({minimum: 0}),
  to_seconds: Type.Integer({minimum: 0}),
}
export const DropOff = named('DropOff', {
  ...StretchFields,
  left: Type.Integer({minimum: 0, description: 'how many more were there before it than after it'}),
  share: Type.Number({minimum: 0, description: 'left / plays'}),
})
export const KeyMoment = named('KeyMoment', {
  ...StretchFields,
  extra: Type.Integer({minimum: 0, description: 'how many more watched it than what is around it'}),
  share: Type.Number({minimum: 0, description: 'extra / plays'}),
})
export const RetentionPoint = named('RetentionPoint', {
  seconds: Type.Integer({minimum: 0, description: 'of the content'}),
  elapsed_ratio: Type.Number({minimum: 0, maximum: 1}),
  audience: Count,
  audience_watch_ratio: nullable(Type.Number({minimum: 0, description: 'may exceed 1'})),
})
export const Retention = named('ContentRetention', {
  content_id: ContentId,
  basis: oneOf(['position', 'watched_from_0'], {
    description:
      'position: from raw_payload.position_ms; watched_from_0: an approximation from durations alone',
  }),
  length_seconds: nullable(Type.Integer({minimum: 0})),
  plays: Count,
  points: Type.Array(RetentionPoint, {description: '100 points, or none without a length'}),
  drop_offs: Type.Array(DropOff, {
    description: 'where more leave than elsewhere, three at most; of 100 plays and more',
  }),
  key_moments: Type.Array(KeyMoment, {
    description:
      'what is watched more than what is around it, three at most; of 100 plays and more',
  }),
  meta: Meta,
})

export const Percentiles = named('ContentPercentiles', {
  content_id: ContentId,
  events_with_duration: Count,
  engagement_seconds: closed(
    {
      p50: nullable(Seconds),
      p75: nullable(Seconds),
      p90: nullable(Seconds),
      p95: nullable(Seconds),
      p99: nullable(Seconds),
    },
    {description: 'within 5 %'},
  ),
  meta: Meta,
})

/** What the window of ten minutes can be ordered by, and what any period can. */
export const TopQuery = closed({
  ...optional({
    by: oneOf(METRIC_NAMES, {default: 'engagement_seconds', description: 'what is compared'}),
    limit: limitOf(10, 100),
  }),
  ...ChosenQuery,
  ...FiguresFields,
})

/** A figure of any content: some are times. */
export const MetricValue = Type.Unsafe<number | string | null>({type: ['number', 'string', 'null']})

export const TopItem = named('TopItem', {
  rank: Type.Integer({minimum: 1}),
  content: ContentSchema,
  value: MetricValue,
  ...optional({metrics: MetricsSchema}),
})
export const Top = named('Top', {
  by: oneOf(METRIC_NAMES, {title: 'Metric'}),
  from: nullable(Time),
  to: Time,
  items: Type.Array(TopItem),
  meta: Meta,
})

export const Active = named('ActiveUsers', {
  active_users: Type.Integer({minimum: 0}),
  window_seconds: Type.Integer({minimum: 1}),
  meta: Meta,
})

export type RetentionView = Omit<Static<typeof Retention>, 'meta'>
