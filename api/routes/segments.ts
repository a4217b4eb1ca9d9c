/** Segments: filters under a name, for questions. */
import {Type, type Static} from 'typebox'
import type {Api} from '../app.ts'
import {columnsOf} from '../csv.ts'
import type {Database} from '../database.ts'
import {markReplay, writeOnce} from '../idempotency.ts'
import {notFound} from '../problem.ts'
import {checkSegment} from '../query/segments.ts'
import type {Subjects} from '../query/subjects.ts'
import {
  NewSegment,
  SegmentChange,
  SegmentList,
  SegmentParams,
  SegmentQuery,
  SegmentSchema,
} from '../schemas/segments.ts'
import {IdempotencyHeaders} from '../schemas/writes.ts'
import {changeSegment, deleteSegment, insertSegment, listSegments} from '../segment-table.ts'
import {optionsOf, READ, WRITE} from './options.ts'

export interface SegmentDeps {
  readonly db: Database
  readonly subjects: Subjects
}

export function addSegmentRoutes(app: Api, {db, subjects}: SegmentDeps): void {
  app.get(
    '/v1/segments',
    optionsOf('query', READ, {
      operationId: 'listSegments',
      summary: 'Segments of a stream',
      querystring: SegmentQuery,
      response: {200: SegmentList},
      csv: ({items}: Static<typeof SegmentList>) => ({
        columns: columnsOf(SegmentSchema),
        rows: items,
      }),
    }),
    async ({query}) => {
      const {stream} = subjects(query.stream, 'query').plan
      return {items: [...(await listSegments(db, stream.name))]}
    },
  )

  app.post(
    '/v1/segments',
    optionsOf('query', WRITE, {
      operationId: 'createSegment',
      summary: 'Give filters of a stream a name',
      headers: IdempotencyHeaders,
      body: NewSegment,
      response: {201: SegmentSchema},
      problems: ['conflict'],
    }),
    async (request, reply) => {
      const {stream, name, filters} = request.body
      const subject = subjects(stream, 'body')
      checkSegment(filters, subject)
      const given = {stream: subject.plan.stream.name, name, filters}
      const outcome = await writeOnce(db, request, 201, session => insertSegment(session, given))
      markReplay(reply, outcome)
      return reply.code(201).send(outcome.body)
    },
  )

  addChangeRoutes(app, {db, subjects})
}

function addChangeRoutes(app: Api, {db, subjects}: SegmentDeps): void {
  app.patch(
    '/v1/segments/:name',
    optionsOf('query', WRITE, {
      operationId: 'updateSegment',
      summary: 'Give a segment other filters',
      description: 'Questions that name it are answered with them from now on.',
      params: SegmentParams,
      querystring: SegmentQuery,
      body: SegmentChange,
      response: {200: SegmentSchema},
      problems: ['not-found'],
    }),
    async ({params: {name}, query, body: {filters}}) => {
      const subject = subjects(query.stream, 'query')
      checkSegment(filters, subject)
      const given = {stream: subject.plan.stream.name, name, filters}
      const changed = await changeSegment(db, given)
      if (changed === undefined) throw notFound('segment', name)
      return changed
    },
  )

  app.delete(
    '/v1/segments/:name',
    optionsOf('query', WRITE, {
      operationId: 'deleteSegment',
      summary: 'Delete a segment',
      description: 'Questions that name it are refused from now on.',
      params: SegmentParams,
      querystring: SegmentQuery,
      response: {204: Type.Null({description: 'deleted'})},
      problems: ['not-found'],
    }),
    async ({params: {name}, query}, reply) => {
      const {stream} = subjects(query.stream, 'query').plan
      if (!(await deleteSegment(db, {stream: stream.name, name}))) throw notFound('segment', name)
      return reply.code(204).send(null)
    },
  )
}
