/** Errors as RFC 9457 problems. A problem names the field, the value and what was expected. */
import {PROBLEMS, type ProblemKind} from './problem-types.ts'

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

/** A field of another form than it must have, where that depends on more than the schema says. */
export function invalid(where: string, field: string, value: unknown, detail: string): Problem {
  return new Problem('invalid-request', `${field} ${detail}`, {
    errors: [{in: where, field, detail, value: showValue(value)}],
  })
}

/** There is no such thing. */
export function notFound(what: string, id: unknown): Problem {
  return new Problem('not-found', `there is no ${what} ${String(showValue(id))}`, {
    errors: [{in: 'path', field: 'id', detail: `no such ${what}`, value: showValue(id)}],
  })
}

/** Nothing of this name is declared here. */
export function noStream(name: string, streams: readonly {readonly name: string}[]): Problem {
  const known = streams.map(one => one.name).join(', ')
  return new Problem(
    'not-found',
    `there is no stream ${String(showValue(name))}; there are ${known}`,
    {
      errors: [{in: 'path', field: 'stream', detail: 'no such stream', value: showValue(name)}],
    },
  )
}

/** No stream is what these answers are of. */
export function noRole(role: string, streams: readonly {readonly name: string}[]): Problem {
  const known = streams.map(one => one.name).join(', ')
  return new Problem('not-found', `there is no ${role} in this pipeline; its streams are ${known}`)
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
