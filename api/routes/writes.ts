/** Events into PostgreSQL, from where the outbox carries them on. Nothing is sent to Kafka here. */
import type {Role} from '../../contracts/stream.ts'
import {isSample} from '../../db/sample-tables.ts'
import {ownerFilter} from '../access.ts'
import {insertRequest, readRequest} from '../activity-requests.ts'
import type {Api, Deps} from '../app.ts'
import type {Session} from '../database.ts'
import {insertActivity, insertEvents, judgeEvents, judgeTime} from '../event-table.ts'
import {markReplay, writeOnce} from '../idempotency.ts'
import {notFound, Problem, refuse} from '../problem.ts'
import {
  ActivityHeaders,
  ActivityRequest,
  IdempotencyHeaders,
  NewActivity,
  NewEvents,
  RequestParams,
  WriteQuery,
  Written,
  type NewEvent,
} from '../schemas/writes.ts'
import {optionsOf, WRITE} from './options.ts'

type Status = Written['status']

/** Waits until the last of the events is in the numbers, when that was asked for. */
async function statusAfter(
  deps: Deps,
  query: WriteQuery,
  stream: 'engagement' | 'activity',
  ids: readonly number[],
): Promise<Status> {
  if (query.wait !== 'processed') return 'committed'
  const waits = ids.map(id =>
    deps.waits.until({stream, id}, ['redis', 'cassandra'], query.wait_ms ?? 5000),
  )
  const outcomes = await Promise.all(waits)
  return outcomes.every(outcome => outcome.reached) ? 'processed' : 'pending'
}

function written(status: Status, stream: string, ids: readonly number[]): Written {
  return {status, event_ids: [...ids], after_event: `${stream}:${ids.at(-1) ?? 0}`}
}

export function addWriteRoutes(app: Api, deps: Deps): void {
  const isWritten = (role: Role): boolean =>
    deps.streams.some(stream => stream.role === role && isSample(stream))
  if (isWritten('engagement')) addEngagementRoute(app, deps)
  if (isWritten('activity')) addActivityRoutes(app, deps)
}

function addEngagementRoute(app: Api, deps: Deps): void {
  const {db, metrics} = deps
  app.post(
    '/v1/engagement-events',
    optionsOf('writes', WRITE, {
      operationId: 'createEngagementEvents',
      summary: 'Write one event, or up to 1,000 that are written all or not at all',
      querystring: WriteQuery,
      headers: IdempotencyHeaders,
      body: NewEvents,
      response: {201: Written},
      problems: ['conflict'],
    }),
    async (request, reply) => {
      const {body} = request
      const many = 'events' in body
      const events: readonly NewEvent[] = many ? body.events : [body]
      const pointerOf = (index: number): string => (many ? `/events/${index}` : '')
      const errors = judgeEvents(events, Date.now(), pointerOf)
      if (errors.length > 0) {
        const detail = `${errors.length} of ${events.length} events cannot be taken`
        throw new Problem('not-answerable', detail, {errors})
      }
      const outcome = await writeOnce(db, request, 201, session =>
        insertEvents(session, events, pointerOf),
      )
      metrics.written.inc({what: 'engagement'}, outcome.replayed ? 0 : events.length)
      markReplay(reply, outcome)
      const status = await statusAfter(deps, request.query, 'engagement', outcome.body)
      return reply.code(201).send(written(status, 'engagement', outcome.body))
    },
  )
}

/** RFC 7240: preferences are separated by commas, values and parameters do not matter here. */
export function prefersAsync(prefer: string | undefined): boolean {
  return (prefer ?? '')
    .split(',')
    .some(one => one.split(/[;=]/, 1)[0]!.trim().toLowerCase() === 'respond-async')
}

/** The path outside of /v1 came first, and answers 200 where others answer 201. */
const ACTIVITY = [
  {path: '/v1/activity-events', status: 201, operationId: 'createActivity'},
  {
    path: '/api/activity',
    status: 200,
    operationId: 'createActivityDeprecated',
    successor: '/v1/activity-events',
  },
] as const
const REQUESTS = [
  {path: '/v1/activity-requests/:id', operationId: 'getActivityRequest'},
  {
    path: '/api/activity/requests/:id',
    operationId: 'getActivityRequestDeprecated',
    successor: '/v1/activity-requests/{id}',
  },
] as const

/** Seconds since 1970 of the day from which on the old paths are deprecated: 2026-12-01. */
const DEPRECATED_SINCE = 1_796_083_200

/** What the document says of a path that has a successor, and what its answers say (RFC 9745, 8594). */
function deprecationOf({successor}: {readonly path: string; readonly successor?: string}) {
  if (successor === undefined) return {words: {}, headers: {}}
  return {
    words: {
      deprecated: true,
      description: `As ${successor}, under the path it had before.`,
    } as const,
    headers: {
      deprecation: `@${DEPRECATED_SINCE}`,
      ...(successor.includes('{') ? {} : {link: `<${successor}>; rel="successor-version"`}),
    },
  }
}

function addActivityRoutes(app: Api, deps: Deps): void {
  for (const one of ACTIVITY) addActivityRoute(app, deps, one)
  for (const one of REQUESTS) addRequestRoute(app, deps, one)
}

function addActivityRoute(app: Api, deps: Deps, one: (typeof ACTIVITY)[number]): void {
  const {db, metrics} = deps
  const {words, headers} = deprecationOf(one)
  app.post(
    one.path,
    optionsOf('writes', WRITE, {
      operationId: one.operationId,
      summary: 'Write an activity of a user, at once or in the background',
      description:
        'With `Prefer: respond-async` the answer is 202 as soon as the request is stored.',
      ...words,
      querystring: WriteQuery,
      headers: ActivityHeaders,
      body: NewActivity,
      response: {[one.status]: Written, 202: ActivityRequest},
      problems: ['conflict'],
    }),
    async (request, reply) => {
      const {body} = request
      reply.headers(headers)
      const late =
        body.occurred_at === undefined ? undefined : judgeTime(body.occurred_at, Date.now())
      if (late !== undefined) throw refuse('body', '/occurred_at', body.occurred_at, late)
      if (prefersAsync(request.headers.prefer)) {
        const asked = {principal: request.principal.id, traceparent: request.traceparent}
        const insert = (session: Session) => insertRequest(session, body, asked)
        const outcome = await writeOnce(db, request, 202, insert, 'async')
        deps.activityWorker.wake()
        markReplay(reply, outcome)
        return reply
          .code(202)
          .header('location', outcome.body.status_url)
          .header('preference-applied', 'respond-async')
          .send(outcome.body)
      }
      const outcome = await writeOnce(db, request, one.status, async session => [
        await insertActivity(session, body),
      ])
      metrics.written.inc({what: 'activity'}, outcome.replayed ? 0 : 1)
      markReplay(reply, outcome)
      const status = await statusAfter(deps, request.query, 'activity', outcome.body)
      return reply.code(one.status).send(written(status, 'activity', outcome.body))
    },
  )
}

function addRequestRoute(app: Api, {db}: Deps, one: (typeof REQUESTS)[number]): void {
  const {words, headers} = deprecationOf(one)
  app.get(
    one.path,
    optionsOf(
      'writes',
      {scope: 'write', maxAge: 0},
      {
        operationId: one.operationId,
        summary: 'How far an asynchronous write is',
        ...words,
        params: RequestParams,
        response: {200: ActivityRequest},
        problems: ['not-found'],
      },
    ),
    async ({params, principal}, reply) => {
      reply.headers(headers)
      const found = await readRequest(db, params.id, ownerFilter(principal))
      if (found === undefined) throw notFound('request', params.id)
      return found
    },
  )
}
