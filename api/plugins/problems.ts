/** Every refusal and failure leaves as an RFC 9457 problem; what failed inside stays inside. */
import type {
  FastifyError,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  HTTPMethods,
} from 'fastify'
import {PipelineError} from '../../platform/errors.ts'
import {PROBLEMS, typeOfProblem, type ProblemKind} from '../problem-types.ts'
import {Problem, unavailable} from '../problem.ts'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const

/** Fastify's own refusals, by its codes. */
const BY_CODE: Readonly<Record<string, ProblemKind>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'invalid-request',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'invalid-request',
  FST_ERR_BAD_URL: 'invalid-request',
  FST_ERR_MAX_PARAM_LENGTH: 'invalid-request',
  FST_ERR_ASYNC_CONSTRAINT: 'invalid-request',
}

/** The problem that any thrown thing is. Nothing of an unknown error's text is shown. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (error instanceof PipelineError && error.disposition === 'retry') {
    return unavailable('a store', error)
  }
  const {code, statusCode, message} = error as Partial<FastifyError>
  const kind = code === undefined ? undefined : BY_CODE[code]
  if (kind !== undefined) return new Problem(kind, message ?? PROBLEMS[kind].title)
  if (statusCode === 400) return new Problem('invalid-request', message ?? 'bad request')
  return new Problem('internal-error', 'the failure is in the log under this request_id', {
    cause: error,
  })
}

/** Sends a problem. `errors` is always there, so that clients need no case for its absence. */
export function sendProblem(
  request: FastifyRequest,
  reply: FastifyReply,
  problem: Problem,
): FastifyReply {
  if (problem.retryAfterSeconds !== undefined) {
    reply.header('retry-after', String(problem.retryAfterSeconds))
  }
  if (problem.kind === 'unauthorized') reply.header('www-authenticate', 'Bearer realm="api"')
  const path = request.url.split('?', 1)[0] ?? '/'
  return reply
    .code(problem.status)
    .headers({...problem.headers})
    .header('cache-control', 'no-store')
    .type('application/problem+json')
    .send({
      type: typeOfProblem(problem.kind),
      title: PROBLEMS[problem.kind].title,
      status: problem.status,
      detail: problem.message,
      instance: path,
      request_id: request.id,
      errors: problem.errors,
    })
}

export function addProblems(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    // What is wrong with a body does not matter where none is taken.
    const problem = request.is404 ? notThere(app, request) : toProblem(error)
    if (problem.status >= 500) {
      const level = problem.kind === 'unavailable' ? 'warn' : 'error'
      request.log[level](
        {err: problem.cause ?? problem, route: request.routeOptions.url},
        'request failed',
      )
    }
    return sendProblem(request, reply, problem)
  })
  app.setNotFoundHandler((request, reply) => sendProblem(request, reply, notThere(app, request)))
}

/** Nothing at this address, or not by this method. */
function notThere(app: FastifyInstance, request: FastifyRequest): Problem {
  const path = request.url.split('?', 1)[0] ?? '/'
  const known: readonly string[] = methodsAt(app, path)
  // A route may find that there is nothing, such as a file that a later build no longer has.
  if (known.length === 0 || known.includes(request.method))
    return new Problem('not-found', `there is nothing at ${path}`)
  return notByMethod(request, known)
}

function notByMethod({method}: FastifyRequest, known: readonly string[]): Problem {
  const detail = `${method} is not one of ${known.join(', ')}`
  return new Problem('method-not-allowed', detail, {headers: {allow: known.join(', ')}})
}

/** Methods that some route takes at a concrete path: routes are recorded as patterns. */
function methodsAt(app: FastifyInstance, path: string): readonly string[] {
  const routes = app.routePatterns ?? []
  return inOrder(new Set(routes.filter(({pattern}) => pattern.test(path)).map(one => one.method)))
}

const inOrder = (methods: ReadonlySet<string>): readonly string[] =>
  METHODS.filter(method => methods.has(method))

export interface RoutePattern {
  readonly method: HTTPMethods
  readonly url: string
  readonly pattern: RegExp
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Every route of ours, to answer 405 with what is allowed. */
    routePatterns?: RoutePattern[]
  }
}

/** Records routes as they are added; call before the first one. */
export function recordRoutes(app: FastifyInstance): void {
  const patterns: RoutePattern[] = []
  /** Methods of addresses without parameters. */
  const fixed = new Map<string, Set<string>>()
  app.decorate('routePatterns', patterns)
  app.addHook('onRoute', ({method, url}) => {
    if (url.includes('*')) return
    const source = url
      .replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`)
      .replaceAll(/:[^/]+/g, '[^/]+')
    for (const one of [method].flat()) {
      patterns.push({method: one, url, pattern: new RegExp(`^${source}/?$`)})
      if (!url.includes(':')) fixed.set(url, (fixed.get(url) ?? new Set()).add(one))
    }
  })
  // GET /things/discard, where there is POST /things/discard and GET /things/:id, asks for no thing called discard.
  app.addHook('onRequest', (request, _reply, done) => {
    const isById = request.routeOptions.url?.includes(':') === true
    const known = isById ? fixed.get(request.url.split('?', 1)[0]!) : undefined
    done(known && notByMethod(request, inOrder(known)))
  })
}
