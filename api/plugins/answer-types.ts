/**
 * The type of an answer by what the caller accepts: JSON, and CSV where a route says how its answer is a
 * table.
 *
 * Guarantees    what cannot be made is refused before anything is read or written; a request without
 *               a preference gets JSON.
 */
import type {FastifyInstance, FastifyRequest} from 'fastify'
import {toCsv, type Table} from '../csv.ts'
import {Problem} from '../problem.ts'

export type ToTable = (answer: never, asked: never) => Table

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The answer as a table: of what the route sends with 200, and of what was asked. */
    csv?: ToTable
  }
}

const JSON_TYPE = 'application/json'
const CSV_TYPE = 'text/csv'
const STREAM_TYPE = 'text/event-stream'
const OURS = /^\/(v1|api)\//

/** How much each media range of an Accept header is wanted, most wanted first. */
function parseAccept(header: string): readonly {readonly range: string; readonly q: number}[] {
  return header
    .split(',')
    .map(part => {
      const [range = '', ...parameters] = part.split(';').map(text => text.trim())
      const quality = parameters.find(text => text.startsWith('q='))
      return {range: range.toLowerCase(), q: quality === undefined ? 1 : Number(quality.slice(2))}
    })
    .filter(({q}) => q > 0)
    .toSorted((a, b) => b.q - a.q)
}

const matchesRange = (range: string, type: string): boolean =>
  range === '*/*' || range === type || (range.endsWith('/*') && type.startsWith(range.slice(0, -1)))

/**
 * @param types what can be made, the usual one first
 * @throws 406 when none is accepted
 */
export function preferredType<T extends string>(
  accept: string | undefined,
  types: readonly [T, ...T[]],
): T {
  if (accept === undefined || accept.trim() === '') return types[0]
  for (const {range} of parseAccept(accept)) {
    const found = types.find(type => matchesRange(range, type))
    if (found !== undefined) return found
  }
  const detail = `must accept ${types.join(' or ')}`
  throw new Problem('not-acceptable', `this operation answers with ${types.join(' or ')}`, {
    errors: [{in: 'header', field: 'accept', detail, value: accept.slice(0, 200)}],
  })
}

function typesOf({routeOptions}: FastifyRequest): readonly [string, ...string[]] {
  const {csv, live} = routeOptions.config
  if (live === true) return [STREAM_TYPE]
  return csv === undefined ? [JSON_TYPE] : [JSON_TYPE, CSV_TYPE]
}

/** Where the next page of a list is: CSV has no place for the cursor. */
function linkToNext(request: FastifyRequest, answer: object): string | undefined {
  const {page} = answer as {readonly page?: {readonly next_cursor: string | null}}
  if (page === undefined || page.next_cursor === null) return undefined
  const {pathname, searchParams} = new URL(request.url, 'http://localhost')
  searchParams.set('cursor', page.next_cursor)
  return `<${pathname}?${searchParams.toString()}>; rel="next"`
}

/** Call after auth is added: who may not ask learns nothing of what there is. */
export function addAnswerTypes(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => {
    if (OURS.test(request.routeOptions.url ?? '')) {
      preferredType(request.headers.accept, typesOf(request))
    }
    done()
  })
  app.addHook('preSerialization', (request, reply, answer, done) => {
    const {csv} = request.routeOptions.config
    if (csv === undefined || reply.statusCode !== 200) return done(null, answer)
    if (preferredType(request.headers.accept, typesOf(request)) === JSON_TYPE) {
      return done(null, answer)
    }
    const next = linkToNext(request, answer as object)
    if (next !== undefined) reply.header('link', next)
    reply
      .type(`${CSV_TYPE}; charset=utf-8; header=present`)
      .header('content-disposition', 'inline; filename="export.csv"')
      .serializer((text: unknown) => text as string)
    return done(null, toCsv(csv(answer as never, request as never)))
  })
}
