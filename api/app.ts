/**
 * The API as one Fastify instance that does not listen: tests inject into it, main.ts listens.
 */
import {randomUUID} from 'node:crypto'
import cookie from '@fastify/cookie'
import cors from '@fastify/cors'
import {SerializerSelector} from '@fastify/fast-json-stringify-compiler'
import type {TypeBoxTypeProvider} from '@fastify/type-provider-typebox'
import underPressure from '@fastify/under-pressure'
import {
  fastify,
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type RawServerDefault,
} from 'fastify'
import type {IncomingMessage, ServerResponse} from 'node:http'
import type {Stream} from '../contracts/stream.ts'
import type {ActivityWorker} from './activity-requests.ts'
import type {Cursors} from './cursor.ts'
import type {Database} from './database.ts'
import type {KeyStore} from './key-store.ts'
import type {ApiMetrics} from './metrics.ts'
import {addAnswerTypes} from './plugins/answer-types.ts'
import {addAuth} from './plugins/auth.ts'
import {answerClientError} from './plugins/client-errors.ts'
import {addCompression} from './plugins/compression.ts'
import {addDeclaredValues} from './plugins/declared-values.ts'
import {addDocuments} from './plugins/documents.ts'
import {addAddressLimit, addKeyLimit, type Counter} from './plugins/limits.ts'
import {addCaching, addObservation} from './plugins/observe.ts'
import {addProblems, recordRoutes} from './plugins/problems.ts'
import {addSecurityHeaders} from './plugins/security-headers.ts'
import {addValidation} from './plugins/validation.ts'
import {Problem} from './problem.ts'
import {addAbsentRoutes} from './routes/absent.ts'
import {addContentRoutes} from './routes/content.ts'
import {addHealthRoutes, type HealthDeps} from './routes/health.ts'
import {addKeyRoutes} from './routes/keys.ts'
import {addProblemRoutes} from './routes/problems.ts'
import {addWriteRoutes} from './routes/writes.ts'
import type {Waits} from './waits.ts'

export type Api = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

/** What routes are built from. */
export interface Deps {
  readonly db: Database
  readonly cursors: Cursors
  readonly keys: KeyStore
  readonly metrics: ApiMetrics
  readonly waits: Waits
  readonly activityWorker: ActivityWorker
  readonly health: HealthDeps
  /** What is declared: routes of other streams are not there. */
  readonly streams: readonly Stream[]
}

export interface AppOptions {
  readonly access: 'open' | 'keys'
  readonly production: boolean
  readonly secret: string
  readonly corsOrigins: readonly string[]
  readonly trustProxy: boolean
  readonly bodyBytesMax: number
  readonly requestTimeoutMs: number
  readonly perKeyPerMinute: number
  readonly perAddressPerMinute: number
  readonly inFlightMax: number
  readonly eventLoopDelayMsMax: number
}

const REQUEST_ID = /^[\w.:-]{1,100}$/

/** What writes answers is compiled when a route first answers: a start needs none of it, and it is a fifth of one. */
const buildSerializer: ReturnType<typeof SerializerSelector> = (schemas, options) => {
  const compile = SerializerSelector()(schemas, options)
  return route => {
    let write: ReturnType<typeof compile> | undefined
    return (answer: unknown) => (write ??= compile(route))(answer)
  }
}

function newApp(options: AppOptions, logger: FastifyBaseLogger): Api {
  const app: Api = fastify({
    loggerInstance: logger,
    logController: new LogController({disableRequestLogging: true}),
    bodyLimit: options.bodyBytesMax,
    requestTimeout: options.requestTimeoutMs,
    connectionTimeout: 0,
    keepAliveTimeout: 72_000,
    trustProxy: options.trustProxy,
    forceCloseConnections: true,
    routerOptions: {maxParamLength: 4096, ignoreTrailingSlash: false},
    exposeHeadRoutes: true,
    schemaController: {compilersFactory: {buildSerializer}},
    genReqId: request => {
      const given = request.headers['x-request-id']
      return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID()
    },
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => {
      app.errorHandler(error, request, reply)
    },
  }).withTypeProvider<TypeBoxTypeProvider>()
  return app
}

/** Builds the API. Resources in `deps` stay open when it closes: whoever opened them closes them. */
export async function buildApp(
  deps: Deps,
  parts: {
    readonly logger: FastifyBaseLogger
    readonly counter: Counter
    /** Adds the routes that need stores: split off, so that parts can be tested alone. */
    readonly addReads?: (app: Api) => Promise<void> | void
  },
  options: AppOptions,
): Promise<Api> {
  const app = newApp(options, parts.logger)
  addValidation(app)
  recordRoutes(app)
  addProblems(app)
  addSecurityHeaders(app, options)
  await app.register(cors, {
    origin: [...options.corsOrigins],
    credentials: true,
    methods: ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'],
    exposedHeaders: [
      'etag',
      'link',
      'location',
      'retry-after',
      'x-request-id',
      'ratelimit-remaining',
    ],
    maxAge: 600,
  })
  await app.register(cookie)
  await app.register(underPressure, {
    maxEventLoopDelay: options.eventLoopDelayMsMax,
    pressureHandler: request => {
      if (request.url.startsWith('/health')) return
      throw new Problem('unavailable', 'the server has more to do than it can', {
        retryAfterSeconds: 2,
      })
    },
  })
  addDeclaredValues(app, deps.streams)
  addObservation(app, deps.metrics)
  const limits = {...options, counter: parts.counter}
  addAddressLimit(app, limits)
  addAuth(app, {...options, keys: deps.keys})
  addKeyLimit(app, limits)
  addAnswerTypes(app)
  addCaching(app)
  addCompression(app)
  await addDocuments(app)
  addHealthRoutes(app, deps.health)
  addProblemRoutes(app)
  addKeyRoutes(app, deps, options)
  addAbsentRoutes(app, deps.streams)
  addContentRoutes(app, deps)
  addWriteRoutes(app, deps)
  await parts.addReads?.(app)
  return app
}
