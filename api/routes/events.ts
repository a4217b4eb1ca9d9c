/** Single events: one by its id, those of a content newest first. */
import type {Static} from 'typebox'
import type {Api, Deps} from '../app.ts'
import {columnsOf, toJsonCell} from '../csv.ts'
import {notFound, refuse} from '../problem.ts'
import type {ListPosition} from '../reads/events.ts'
import {roundAll} from '../rounding.ts'
import {ContentParams} from '../schemas/content.ts'
import {
  EventAnswer,
  EventList,
  EventListQuery,
  EventParams,
  EventQuery,
  EventSchema,
  type EventView,
} from '../schemas/events.ts'
import {microsOf, pageOf} from './asked.ts'
import {contentOr404, STORED, type ReadDeps} from './metrics.ts'
import {optionsOf, READ} from './options.ts'

const tableOf = (events: readonly EventView[]) => ({
  columns: columnsOf(EventSchema),
  rows: events.map(event => ({...event, raw_payload: toJsonCell(event.raw_payload)})),
})

export function addEventRoutes(app: Api, deps: ReadDeps & Pick<Deps, 'cursors'>): void {
  const {reads, readAfter, cursors} = deps
  app.get(
    '/v1/events/:id',
    optionsOf('events', READ, {
      operationId: 'getEvent',
      summary: 'One event with what was computed for it',
      params: EventParams,
      querystring: EventQuery,
      response: {200: EventAnswer},
      problems: ['not-found'],
      csv: (event: EventView) => tableOf([event]),
    }),
    async ({params, query}) => {
      const found = await reads.event(params.id)
      if (found === undefined) throw notFound('event', params.id)
      const {engagement_seconds: seconds, engagement_pct: pct} = found.value
      const rounded = roundAll({engagement_seconds: seconds, engagement_pct: pct}, query.decimals)
      return {...found.value, ...rounded, meta: found.meta}
    },
  )

  app.get(
    '/v1/content/:id/events',
    optionsOf('events', READ, {
      operationId: 'listContentEvents',
      summary: 'Events of a content, newest first',
      params: ContentParams,
      querystring: EventListQuery,
      response: {200: EventList},
      problems: ['not-found'],
      csv: ({items}: Static<typeof EventList>) => tableOf(items),
    }),
    async ({query, params}, reply) => {
      const from = microsOf('from', query.from)
      const to = microsOf('to', query.to)
      if (from !== null && to !== null && to <= from) {
        throw refuse('query', 'to', query.to, 'must be after from')
      }
      const {event_type: eventType} = query
      const scope = ['events', params.id.toLowerCase(), eventType, from, to]
      const {limit, after, pageTo} = pageOf<ListPosition>(cursors, scope, query)
      const content = await contentOr404(reads, params.id)
      const answer = await readAfter(query, STORED, reply, () =>
        reads.events(content, {limit, eventType, from, to, after}),
      )
      if (answer === undefined) return reply
      const {value, meta} = answer
      const items = value.items.map(event => ({
        ...event,
        ...roundAll(
          {engagement_seconds: event.engagement_seconds, engagement_pct: event.engagement_pct},
          query.decimals,
        ),
      }))
      return {items, page: pageTo(value.next), meta}
    },
  )
}
