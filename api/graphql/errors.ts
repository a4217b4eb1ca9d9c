/** What GraphQL says when something is refused or fails: what failed inside stays inside. */
import type {ExecutionResult} from 'graphql'
// The file that mercurius loads.
import {GraphQLError} from 'graphql/index.js'
import type {FastifyBaseLogger, FastifyReply} from 'fastify'
import mercurius, {type MercuriusContext, type MercuriusError} from 'mercurius'
import {Problem, type ProblemDetail} from '../problem.ts'

type Failed = ExecutionResult & Required<Pick<ExecutionResult, 'errors'>>

/** What a request has in its address or body is an argument here; within one a JSON pointer says where. */
const toArgument = (detail: ProblemDetail): ProblemDetail =>
  detail.in === 'store'
    ? detail
    : {...detail, in: 'argument', field: detail.field.replace(/^\//, '')}

/** Refusals of ours with their code, each in its place of the answer. */
export const createFormatter =
  (log: FastifyBaseLogger) => (execution: Failed, context: MercuriusContext) => {
    const shown = mercurius.defaultErrorFormatter(execution, context)
    const errors = execution.errors.map((error, index) => {
      const cause = error.originalError
      if (cause instanceof Problem) {
        return {
          message: cause.message,
          path: error.path,
          extensions: {code: cause.kind, errors: cause.errors.map(toArgument)},
        }
      }
      const isOurs = cause === undefined || cause === null || 'statusCode' in cause
      if (isOurs || error instanceof mercurius.ErrorWithProps)
        return shown.response.errors?.[index] ?? error
      log.error({err: cause}, 'graphql failed')
      return {message: 'the failure is in the log', path: error.path}
    })
    return {
      statusCode: execution.data === null || execution.data === undefined ? shown.statusCode : 200,
      response: {data: execution.data ?? null, errors: errors as never},
    }
  }

/**
 * Tells what is wrong with a document.
 *
 * @throws anything else, such as a key that may not ask: that is answered as on any other route
 */
export const createErrorHandler =
  (format: ReturnType<typeof createFormatter>) =>
  async (error: MercuriusError, _request: unknown, reply: FastifyReply): Promise<void> => {
    const {code} = error as Partial<MercuriusError>
    const isOfDocument = error instanceof GraphQLError || code?.startsWith('MER_') === true
    if (!isOfDocument) throw error
    const errors = [
      error instanceof GraphQLError
        ? error
        : new GraphQLError(error.message, {originalError: error}),
    ]
    const {statusCode, response} = format({errors}, {reply, app: reply.server} as MercuriusContext)
    await reply.code(statusCode).send(response)
  }
