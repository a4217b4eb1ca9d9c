/** Answers as JSON or, when the caller prefers it, as CSV. */
import type {FastifyReply, FastifyRequest} from 'fastify'
import {toCsv} from '../csv.ts'
import {Problem} from '../problem.ts'

const TYPES = ['application/json', 'text/csv'] as const
type AnswerType = (typeof TYPES)[number]

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
 * @throws 406 when neither is accepted
 */
export function preferredType(accept: string | undefined): AnswerType {
  if (accept === undefined || accept.trim() === '') return 'application/json'
  for (const {range} of parseAccept(accept)) {
    const found = TYPES.find(type => matchesRange(range, type))
    if (found !== undefined) return found
  }
  throw new Problem('not-acceptable', 'application/json and text/csv can be made', {
    errors: [{in: 'header', field: 'accept', detail: 'names neither', value: accept.slice(0, 200)}],
  })
}

/** Sends `body`, or its rows as CSV. */
export function respond(
  request: FastifyRequest,
  reply: FastifyReply,
  body: object,
  rows: () => readonly Readonly<Record<string, unknown>>[],
): FastifyReply {
  if (preferredType(request.headers.accept) === 'application/json') {
    return reply.type('application/json').send(body)
  }
  return reply
    .type('text/csv; charset=utf-8; header=present')
    .header('content-disposition', 'inline; filename="export.csv"')
    .send(toCsv(rows()))
}
