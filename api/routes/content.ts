/** Content: the list, one, and changes. Read from and written to PostgreSQL, the truth. */
import {Type, type Static} from 'typebox'
import {findRole} from '../../contracts/stream.ts'
import {isSample} from '../../db/sample-tables.ts'
import type {Api, Deps} from '../app.ts'
import {createContentTable, positionAfter, type ContentPosition} from '../content-table.ts'
import {changeContent, deleteContent, insertContent} from '../content-writes.ts'
import {columnsOf} from '../csv.ts'
import {judgePlanned} from '../event-table.ts'
import {markReplay, writeOnce} from '../idempotency.ts'
import {notFound, refuse} from '../problem.ts'
import {
  ContentAnswer,
  ContentChange,
  ContentList,
  ContentListQuery,
  ContentParams,
  ContentSchema,
  NewContent,
} from '../schemas/content.ts'
import {type Meta} from '../schemas/common.ts'
import {IdempotencyHeaders} from '../schemas/writes.ts'
import {pageOf} from './asked.ts'
import {optionsOf, READ, WRITE} from './options.ts'

/** Content comes from the truth itself: it is never behind. */
const FROM_POSTGRESQL: Meta = {source: 'postgresql', newest_event_at: null, age_ms: 0, notes: []}

const COLUMNS = columnsOf(ContentSchema)

/** A publication may be planned, so it may lie far ahead. */
function checkPublishTime(text: string | undefined): void {
  const detail = text === undefined ? undefined : judgePlanned(text)
  if (detail !== undefined) throw refuse('body', '/publish_ts', text, detail)
}

export function addContentRoutes(app: Api, deps: Deps): void {
  const {db, cursors, streams} = deps
  const stream = findRole(streams, 'content')
  if (stream === undefined) return
  const contents = createContentTable(db, stream)

  app.get(
    '/v1/content',
    optionsOf('content', READ, {
      operationId: 'listContent',
      summary: 'List and search content',
      querystring: ContentListQuery,
      response: {200: ContentList},
      csv: ({items}: Static<typeof ContentList>) => ({columns: COLUMNS, rows: items}),
    }),
    async ({query}) => {
      const {order} = query
      const scope = ['content', query.search, query.content_type, order]
      const {limit, after, pageTo} = pageOf<ContentPosition>(cursors, scope, query)
      const rows = await contents.list({...query, limit}, after)
      const items = rows.slice(0, limit)
      const last = rows.length > limit ? items.at(-1) : undefined
      const page = pageTo(last === undefined ? null : positionAfter(last, order))
      return {items, page, meta: FROM_POSTGRESQL}
    },
  )

  app.get(
    '/v1/content/:id',
    optionsOf('content', READ, {
      operationId: 'getContent',
      summary: 'One content',
      params: ContentParams,
      response: {200: ContentAnswer},
      problems: ['not-found'],
      csv: ({content}: Static<typeof ContentAnswer>) => ({columns: COLUMNS, rows: [content]}),
    }),
    async ({params}) => {
      const [content] = await contents.read([params.id])
      if (content === undefined) throw notFound('content', params.id)
      return {content, meta: FROM_POSTGRESQL}
    },
  )

  // A table of others is its application's to write.
  if (isSample(stream)) addChangeRoutes(app, deps)
}

function addChangeRoutes(app: Api, deps: Deps): void {
  const {db} = deps

  app.post(
    '/v1/content',
    optionsOf('content', WRITE, {
      operationId: 'createContent',
      summary: 'Add content',
      headers: IdempotencyHeaders,
      body: NewContent,
      response: {201: ContentAnswer},
      problems: ['conflict'],
    }),
    async (request, reply) => {
      checkPublishTime(request.body.publish_ts)
      const outcome = await writeOnce(db, request, 201, session =>
        insertContent(session, request.body),
      )
      markReplay(reply, outcome)
      reply.code(201).header('location', `/v1/content/${outcome.body.id}`)
      return {content: outcome.body, meta: FROM_POSTGRESQL}
    },
  )

  app.patch(
    '/v1/content/:id',
    optionsOf('content', WRITE, {
      operationId: 'updateContent',
      summary: 'Change content',
      description: 'Fields that are left out stay. Every figure follows a changed length.',
      params: ContentParams,
      headers: IdempotencyHeaders,
      body: ContentChange,
      response: {200: ContentAnswer},
      problems: ['not-found', 'conflict'],
    }),
    async (request, reply) => {
      const {id} = request.params
      checkPublishTime(request.body.publish_ts)
      const outcome = await writeOnce(db, request, 200, async session => {
        const content = await changeContent(session, id, request.body)
        if (content === undefined) throw notFound('content', id)
        return content
      })
      markReplay(reply, outcome)
      return {content: outcome.body, meta: FROM_POSTGRESQL}
    },
  )

  app.delete(
    '/v1/content/:id',
    optionsOf('content', WRITE, {
      operationId: 'deleteContent',
      summary: 'Delete content that has no events',
      params: ContentParams,
      headers: IdempotencyHeaders,
      response: {204: Type.Null({description: 'deleted'})},
      problems: ['not-found', 'conflict'],
    }),
    async (request, reply) => {
      const {id} = request.params
      await writeOnce(db, request, 204, async session => {
        if (!(await deleteContent(session, id))) throw notFound('content', id)
        return null
      })
      return reply.code(204).send(null)
    },
  )
}
