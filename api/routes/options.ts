/** What Fastify is told of a route: who may ask, where the documents list it, what it may answer. */
import type {FastifyContextConfig} from 'fastify'
import {Type, type TObject, type TSchema} from 'typebox'
import type {ProblemKind} from '../problem.ts'
import {answers, Pending} from '../schemas/common.ts'

/** Asked for again each time, by the ETag of the answer. */
export const READ = {scope: 'read', maxAge: 0} as const
/** Of the moment: nobody keeps it. */
export const UNCACHED = {scope: 'read'} as const
export const WRITE = {scope: 'write'} as const
export const ADMIN = {scope: 'admin'} as const

export interface RouteSchema {
  readonly summary: string
  readonly description?: string
  readonly params?: TSchema
  readonly querystring?: TObject
  readonly headers?: TSchema
  readonly body?: TSchema
  /** Answers of its own, by status; that an awaited event is not in yet is told by all that wait. */
  readonly response: Readonly<Record<number, TSchema>>
  /** Refusals of its own: each route has some, and each that takes a body or gives CSV some more. */
  readonly problems?: readonly ProblemKind[]
  /** Whether it gives CSV to who prefers it. */
  readonly csv?: boolean
}

const jsonOrCsv = (schema: TSchema): TSchema =>
  Type.Unsafe({
    description: 'as JSON, or with Accept: text/csv as CSV',
    content: {
      'application/json': {schema},
      'text/csv': {schema: Type.String()},
    },
  })

/** Options of a route, and what the documents say of it. */
export function optionsOf<const S extends RouteSchema>(
  tag: string,
  config: FastifyContextConfig,
  {csv = false, problems = [], response, ...schema}: S,
) {
  const {querystring, body} = schema
  const own: Record<number, TSchema> = {
    ...response,
    ...(csv ? {200: jsonOrCsv(response[200]!)} : {}),
    ...(querystring?.properties['after_event'] === undefined ? {} : {202: Pending}),
  }
  const more: readonly ProblemKind[] = [
    ...problems,
    ...(csv ? (['not-acceptable'] as const) : []),
    ...(body === undefined ? [] : (['too-large', 'unsupported-media-type'] as const)),
  ]
  return {config, schema: {...schema, tags: [tag], response: answers(own, more)}}
}
