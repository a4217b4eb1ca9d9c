/** How a content does beside those that are like it. */
import type {Static} from 'typebox'
import type {Api} from '../app.ts'
import {columnsOf} from '../csv.ts'
import {readLike} from '../insight/like.ts'
import {notFound} from '../problem.ts'
import {roundAll} from '../rounding.ts'
import {closed, DecimalsQuery} from '../schemas/common.ts'
import {ContentParams, type Content} from '../schemas/content.ts'
import {TypicalPoint, TypicalRetention} from '../schemas/insight.ts'
import {keepAnswers, type InsightAsked} from './insight-asked.ts'
import {optionsOf, READ} from './options.ts'

const KEPT_MAX = 200

export function addTypicalRetention(app: Api, deps: InsightAsked): void {
  const {reads, keptMs} = deps
  const kept = keepAnswers({keptMs, max: KEPT_MAX}, (content: Content) => readLike(deps, content))
  app.get(
    '/v1/content/:id/retention/typical',
    optionsOf('insight', READ, {
      operationId: 'getTypicalRetention',
      summary: 'How many still watch a content, beside contents of its type and about its length',
      description: 'The median of up to twenty, those with the most plays. Up to a minute old.',
      params: ContentParams,
      querystring: closed(DecimalsQuery),
      response: {200: TypicalRetention},
      problems: ['not-found'],
      csv: ({points}: Static<typeof TypicalRetention>) => ({
        columns: columnsOf(TypicalPoint),
        rows: points,
      }),
    }),
    async ({params: {id}, query: {decimals}}) => {
      const content = await reads.content(id)
      if (content === undefined) throw notFound('content', id)
      const {own, contents, typical, relative} = await kept([content.id], content)
      const points = own.points.map(({seconds, elapsed_ratio, audience_watch_ratio}, i) => ({
        seconds,
        elapsed_ratio,
        audience_watch_ratio,
        typical_watch_ratio: typical[i] ?? null,
      }))
      return {content_id: content.id, contents, ...roundAll({relative, points}, decimals)}
    },
  )
}
