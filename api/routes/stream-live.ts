/** Server-sent events of any declared stream: a row of a rollup, and the most of a window, as they change. */
import type {Api} from '../app.ts'
import {idOfRow, idOfTop, kindOfRows, kindOfTops} from '../live/stream-sources.ts'
import {refuse} from '../problem.ts'
import type {Stores} from '../reads/stores.ts'
import {StreamLiveQuery, StreamParams, StreamTopLiveQuery} from '../schemas/streams.ts'
import {LIVE, openFigures, sendStream, streaming, type FigureDeps} from './live-open.ts'
import {keyOf, metricBy, metricsBy, quoted, rollupOf} from './stream-asked.ts'

export interface StreamLiveDeps extends FigureDeps {
  readonly stores: Pick<Stores, 'plan'>
}

export function addStreamLive(app: Api, deps: StreamLiveDeps): void {
  const {stores} = deps
  app.get(
    '/v1/streams/:stream/live',
    streaming(LIVE, 'figures', {
      operationId: 'streamFigures',
      summary: 'Figures of one key of a stream, in total, as they change',
      description: 'Events: `figures`, `stale`, `dropped`.',
      params: StreamParams,
      querystring: StreamLiveQuery,
    }),
    async (request, reply) => {
      const {params, query} = request
      const rollup = rollupOf(stores.plan(params.stream), query.by)
      const key = keyOf(rollup, query.key ?? [])
      const id = idOfRow({rollup, key, metrics: metricsBy(rollup.name, rollup, query.metrics)})
      const kind = kindOfRows(params.stream)
      return sendStream(reply, await openFigures(deps, request, {kind, id}))
    },
  )

  app.get(
    '/v1/streams/:stream/top/live',
    streaming(LIVE, 'top', {
      operationId: 'streamTop',
      summary: 'Keys with the most of a metric in a live window, as they change',
      description:
        'Of the declared windows, in steps of ten seconds. Events: `top`, `stale`, `dropped`.',
      params: StreamParams,
      querystring: StreamTopLiveQuery,
    }),
    async (request, reply) => {
      const {params, query} = request
      const {by, limit = 10} = query
      const {tops} = stores.plan(params.stream)
      const window = tops.find(top => top.by === by)
      if (window === undefined) {
        const known = quoted(tops.map(top => top.by!))
        const detail = `${params.stream} has windows by ${known}: one by ${by} is declared with top`
        throw refuse('query', 'by', by, detail)
      }
      const id = idOfTop(by, {
        metric: metricBy(by, window, query.metric),
        metrics: metricsBy(by, window, query.metrics),
        limit,
      })
      const kind = kindOfTops(params.stream)
      return sendStream(reply, await openFigures(deps, request, {kind, id}))
    },
  )
}
