/** The whole platform in a few figures. */
import type {Static} from 'typebox'
import type {Api} from '../app.ts'
import {columnsOf, toJsonCell} from '../csv.ts'
import type {Overview} from '../pipeline/overview.ts'
import {HistorySchema, OverviewSchema, PointSchema} from '../schemas/overview.ts'
import {optionsOf, READ} from './options.ts'

const POINT = columnsOf(PointSchema)

export function addOverviewRoutes(app: Api, overview: Overview): void {
  app.get(
    '/v1/platform',
    optionsOf('metrics', READ, {
      operationId: 'getPlatform',
      summary: 'The whole platform now',
      description: 'A figure that cannot be had at the moment is null.',
      response: {200: OverviewSchema},
      csv: ({top, pages, ...figures}: Static<typeof OverviewSchema>) => ({
        columns: [...POINT, 'page_views', 'top', 'pages'],
        rows: [{...figures, top: toJsonCell(top), pages: toJsonCell(pages)}],
      }),
    }),
    async () => await overview.read(),
  )
  app.get(
    '/v1/platform/history',
    optionsOf('metrics', READ, {
      operationId: 'getPlatformHistory',
      summary: 'The last half hour of the platform',
      response: {200: HistorySchema},
      csv: ({points}: Static<typeof HistorySchema>) => ({columns: POINT, rows: points}),
    }),
    async () => await overview.history(),
  )
}
