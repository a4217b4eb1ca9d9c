/** Errors as RFC 9457 problems. A problem names the field, the value and what was expected. */

/** Every kind of refusal, with its HTTP status. The key is the last part of the `type` URI. */
export const PROBLEMS = {
  'invalid-request': {status: 400, title: 'The request does not have the stated form'},
  unauthorized: {status: 401, title: 'A valid API key is needed'},
  forbidden: {status: 403, title: 'The key may not do this'},
  'not-found': {status: 404, title: 'There is nothing at this address'},
  'method-not-allowed': {status: 405, title: 'This address does not take that method'},
  'not-acceptable': {status: 406, title: 'None of the accepted types can be made'},
  'request-timeout': {status: 408, title: 'The request took too long to arrive'},
  conflict: {status: 409, title: 'This contradicts what is stored'},
  'precondition-failed': {status: 412, title: 'The stored version is another'},
  'too-large': {status: 413, title: 'The request is larger than accepted'},
  'unsupported-media-type': {status: 415, title: 'The body must be application/json'},
  'not-answerable': {status: 422, title: 'The request is well formed but cannot be answered'},
  'too-many-requests': {status: 429, title: 'The limit of requests is reached'},
  'internal-error': {status: 500, title: 'The server failed'},
  unavailable: {status: 503, title: 'A store that is needed does not answer'},
  incomplete: {status: 503, title: 'The numbers of the stream are not whole yet'},
} as const
export type ProblemKind = keyof typeof PROBLEMS

/** One thing that is wrong, and where. */
export interface ProblemDetail {
  /** `body`, `query`, `path`, `header` or `store`. */
  readonly in: string
  /** Name of the field; for bodies a JSON pointer. */
  readonly field: string
  readonly detail: string
  /** The value that was refused, cut to what is worth showing. */
  readonly value?: unknown
}

interface ProblemInit {
  readonly errors?: readonly ProblemDetail[]
  readonly retryAfterSeconds?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly cause?: unknown
}

/** Thrown by routes; the error handler turns it into an answer. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly kind: ProblemKind
  readonly errors: readonly ProblemDetail[]
  readonly retryAfterSeconds: number | undefined
  readonly headers: Readonly<Record<string, string>>

  constructor(kind: ProblemKind, detail: string, init: ProblemInit = {}) {
    super(detail, init.cause === undefined ? undefined : {cause: init.cause})
    this.kind = kind
    this.errors = init.errors ?? []
    this.retryAfterSeconds = init.retryAfterSeconds
    this.headers = init.headers ?? {}
  }

  get status(): number {
    return PROBLEMS[this.kind].status
  }
}

const SHOWN_CHARACTERS = 200

/** A refused value as it may be shown: short, and without control characters. */
export function showValue(value: unknown): unknown {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? typeof value)
  const clean = text.toWellFormed().replaceAll(/\p{Cc}/gu, '\uFFFD')
  return clean.length > SHOWN_CHARACTERS ? `${clean.slice(0, SHOWN_CHARACTERS)}…` : clean
}

/** A field that has the right form but a value that cannot be taken. */
export function refuse(where: string, field: string, value: unknown, detail: string): Problem {
  return new Problem('not-answerable', `${field}: ${detail}`, {
    errors: [{in: where, field, detail, value: showValue(value)}],
  })
}

/** There is no such thing. */
export function notFound(what: string, id: unknown): Problem {
  return new Problem('not-found', `there is no ${what} ${String(showValue(id))}`, {
    errors: [{in: 'path', field: 'id', detail: `no such ${what}`, value: showValue(id)}],
  })
}

/** A store does not answer; the caller may come again. */
export function unavailable(store: string, cause?: unknown): Problem {
  return new Problem('unavailable', `${store} does not answer now`, {
    errors: [{in: 'store', field: store, detail: 'does not answer now'}],
    retryAfterSeconds: 5,
    cause,
  })
}

/** Rows are missing from what is counted of a stream: no number, rather than a wrong one. */
export function incomplete(stream: string, why: string): Problem {
  return new Problem('incomplete', `there are no numbers of ${stream} now: ${why}`, {
    errors: [{in: 'store', field: stream, detail: why}],
    retryAfterSeconds: 30,
  })
}
