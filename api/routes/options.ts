/** What Fastify is told of a route: who may ask, where the documents list it, what it may answer. */
import type {FastifyContextConfig} from 'fastify'
import {Type, type TObject, type TSchema} from 'typebox'
import type {ToTable} from '../plugins/answer-types.ts'
import type {ProblemKind} from '../problem-types.ts'
import {answers, Pending} from '../schemas/common.ts'

/** Asked for again each time, by the ETag of the answer. */
export const READ = {scope: 'read', maxAge: 0} as const
/** Of the moment: nobody keeps it. */
export const UNCACHED = {scope: 'read'} as const
export const WRITE = {scope: 'write'} as const
export const ADMIN = {scope: 'admin'} as const
/** Nobody needs a key. */
export const OPEN = {scope: 'none'} as const

export interface RouteSchema {
  /** The name of the operation in generated clients: once given, it stays. */
  readonly operationId: string
  readonly summary: string
  readonly description?: string
  readonly deprecated?: true
  readonly params?: TSchema
  readonly querystring?: TObject
  readonly headers?: TSchema
  readonly body?: TSchema
  /** Answers of its own, by status; that an awaited event is not in yet is told by all that wait. */
  readonly response: Readonly<Record<number, TSchema>>
  /** Refusals of its own: each route has some, and each that takes a body some more. */
  readonly problems?: readonly ProblemKind[]
  /** Its answer as CSV, for who prefers it. */
  readonly csv?: ToTable
}

const jsonOrCsv = (schema: TSchema): TSchema =>
  Type.Unsafe({
    description: 'as JSON, or with Accept: text/csv as CSV, whose first line names the columns',
    content: {
      'application/json': {schema},
      'text/csv': {schema: Type.String()},
    },
  })

/** Parameters of which the one or the others may be given, for who reads the document by program. */
const exclusiveOf = (querystring: TObject | undefined) => {
  const names = new Set(Object.keys(querystring?.properties ?? {}))
  if (!names.has('period') || !names.has('from')) return {}
  return {'x-exclusive-parameters': [['period'], ['from', 'to']]}
}

/** Options of a route, and what the documents say of it. */
export function optionsOf<const S extends RouteSchema>(
  tag: string,
  config: FastifyContextConfig,
  {csv, problems = [], response, ...schema}: S,
) {
  const {querystring, body} = schema
  const own: Record<number, TSchema> = {
    ...response,
    ...(csv === undefined ? {} : {200: jsonOrCsv(response[200]!)}),
    ...(querystring?.properties['after_event'] === undefined ? {} : {202: Pending}),
  }
  const more: readonly ProblemKind[] = [
    ...problems,
    ...(body === undefined ? [] : (['too-large', 'unsupported-media-type'] as const)),
  ]
  return {
    config: {...config, ...(csv === undefined ? {} : {csv})},
    schema: {
      ...schema,
      ...exclusiveOf(querystring),
      tags: [tag],
      response: answers(own, more, config.scope === 'none'),
    },
  }
}
