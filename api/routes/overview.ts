/** The whole platform in a few figures. */
import {Type} from 'typebox'
import type {Api} from '../app.ts'
import type {Overview} from '../pipeline/overview.ts'
import {closed, Meta, nullable, Time} from '../schemas/common.ts'
import {ContentSchema} from '../schemas/content.ts'
import {optionsOf, READ} from './options.ts'

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
const OverviewSchema = closed({
  ...PointFields,
  page_views: Figure,
  top: Type.Array(
    closed({
      rank: Type.Integer(),
      content: ContentSchema,
      value: Type.Unsafe<number | string | null>({type: ['number', 'string', 'null']}),
    }),
  ),
  pages: Type.Array(closed({page: Type.String(), views: Type.Integer()})),
  meta: Meta,
})
const HistorySchema = closed({
  step_seconds: Type.Integer(),
  points: Type.Array(closed(PointFields)),
})

export function addOverviewRoutes(app: Api, overview: Overview): void {
  app.get(
    '/v1/platform',
    optionsOf('metrics', READ, {
      summary: 'The whole platform now',
      description: 'A figure that cannot be had at the moment is null.',
      response: {200: OverviewSchema},
    }),
    async (_request, reply) => await reply.send(await overview.read()),
  )
  app.get(
    '/v1/platform/history',
    optionsOf('metrics', READ, {
      summary: 'The last half hour of the platform',
      response: {200: HistorySchema},
    }),
    async (_request, reply) => await reply.send(await overview.history()),
  )
}
