/** The whole platform in a few figures. */
import {Type, type Static} from 'typebox'
import {closed, Meta, nullable, Time} from './common.ts'
import {ContentSchema} from './content.ts'
import {MetricValue} from './metrics.ts'

const Figure = nullable(Type.Number())
const PointFields = {
  at: Time,
  events_per_second: Figure,
  active_users: Figure,
  page_views_per_second: Figure,
  engagement_seconds_per_second: Figure,
  latency_ms_p50: Figure,
  latency_ms_p99: Figure,
}
const PointSchema = closed(PointFields)
export type Point = Static<typeof PointSchema>

export const OverviewSchema = closed({
  ...PointFields,
  page_views: Figure,
  top: Type.Array(closed({rank: Type.Integer(), content: ContentSchema, value: MetricValue})),
  pages: Type.Array(closed({page: Type.String(), views: Type.Integer()})),
  meta: Meta,
})
export type OverviewView = Static<typeof OverviewSchema>

export const HistorySchema = closed({
  step_seconds: Type.Integer(),
  points: Type.Array(PointSchema),
})
export type HistoryView = Static<typeof HistorySchema>
