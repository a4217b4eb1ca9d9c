/** The whole platform in a few figures. */
import type {Api} from '../app.ts'
import type {Overview} from '../pipeline/overview.ts'
import {HistorySchema, OverviewSchema} from '../schemas/overview.ts'
import {optionsOf, READ} from './options.ts'

export function addOverviewRoutes(app: Api, overview: Overview): void {
  app.get(
    '/v1/platform',
    optionsOf('metrics', READ, {
      summary: 'The whole platform now',
      description: 'A figure that cannot be had at the moment is null.',
      response: {200: OverviewSchema},
    }),
    async () => await overview.read(),
  )
  app.get(
    '/v1/platform/history',
    optionsOf('metrics', READ, {
      summary: 'The last half hour of the platform',
      response: {200: HistorySchema},
    }),
    async () => await overview.history(),
  )
}
