/** Single events of streams: one by its id, those of a key newest first. */
import type {Static} from 'typebox'
import type {Api} from '../app.ts'
import {notFound} from '../problem.ts'
import {parseId, servedFields, type ListPosition} from '../reads/events.ts'
import {toKeyPart} from '../reads/stream-keys.ts'
import {AfterOnlyQuery} from '../schemas/common.ts'
import {
  StreamEvent,
  StreamEventParams,
  StreamEvents,
  StreamEventsQuery,
  StreamParams,
} from '../schemas/streams.ts'
import {microsOf, pageOf} from './asked.ts'
import {BOTH_STORES, STORED} from './metrics.ts'
import {optionsOf, READ} from './options.ts'
import type {AskedOfStream, StreamDeps} from './stream-asked.ts'
import {eventsTable} from './stream-tables.ts'

export function addStreamEvents(app: Api, {stores, events, readAfter, cursors}: StreamDeps): void {
  app.get(
    '/v1/streams/:stream/events',
    optionsOf('streams', READ, {
      operationId: 'listStreamEvents',
      summary: 'Events of one key of a stream, newest first',
      params: StreamParams,
      querystring: StreamEventsQuery,
      response: {200: StreamEvents},
      csv: (answer: Static<typeof StreamEvents>, {params}: AskedOfStream) =>
        eventsTable(answer, servedFields(stores.plan(params.stream))),
      problems: ['not-found'],
    }),
    async ({params: {stream}, query}, reply) => {
      stores.plan(stream)
      const [from, to] = [microsOf('from', query.from), microsOf('to', query.to)]
      const scope = ['stream-events', stream, query.key, from, to]
      const {limit, after, pageTo} = pageOf<ListPosition>(cursors, scope, query)
      const answer = await readAfter(query, STORED, reply, () =>
        events.list(stream, toKeyPart(query.key), {limit, from, to, after}),
      )
      if (answer === undefined) return reply
      const {value, meta} = answer
      return {items: value.items, page: pageTo(value.next), meta}
    },
  )
  app.get(
    '/v1/streams/:stream/events/:id',
    optionsOf('streams', READ, {
      operationId: 'getStreamEvent',
      summary: 'One event of a stream, with what was looked up and computed for it',
      params: StreamEventParams,
      querystring: AfterOnlyQuery,
      response: {200: StreamEvent},
      csv: ({event}: Static<typeof StreamEvent>, {params}: AskedOfStream) =>
        eventsTable({items: [event]}, servedFields(stores.plan(params.stream))),
      problems: ['not-found'],
    }),
    async ({params: {stream, id}, query}, reply) => {
      const own = parseId(stores.plan(stream), id)
      // Its hash is taken when Redis has it, however new its row is.
      const answer = await readAfter(query, BOTH_STORES, reply, () => events.find(stream, own))
      if (answer === undefined) return reply
      const {value, meta} = answer
      if (value === undefined) throw notFound('event', id)
      return {event: value, meta}
    },
  )
}
