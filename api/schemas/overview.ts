/** The whole platform in a few figures. */
import {Type, type Static} from 'typebox'
import {Meta, Milliseconds, named, nullable, Time} from './common.ts'
import {TopItem} from './metrics.ts'
import {PageViews} from './users.ts'

const Figure = nullable(Type.Number())
const PointFields = {
  at: Time,
  events_per_second: Figure,
  active_users: Figure,
  page_views_per_second: Figure,
  engagement_seconds_per_second: Figure,
  latency_ms_p50: nullable(Milliseconds),
  latency_ms_p99: nullable(Milliseconds),
}
export const PointSchema = named('PlatformPoint', PointFields)
export type Point = Static<typeof PointSchema>

export const OverviewSchema = named('Platform', {
  ...PointFields,
  page_views: Figure,
  top: Type.Array(TopItem),
  pages: Type.Array(PageViews),
  meta: Meta,
})
export type OverviewView = Static<typeof OverviewSchema>

export const HistorySchema = named('PlatformHistory', {
  step_seconds: Type.Integer(),
  points: Type.Array(PointSchema),
})
export type HistoryView = Static<typeof HistorySchema>
