/** Every type of problem that the API answers with: pages, answers and the document are made from it. */

interface ProblemType {
  readonly status: number
  readonly title: string
  /** How one comes to it. */
  readonly cause: string
  /** What whoever gets it does. */
  readonly todo: string
}

/** The key is the last part of the `type` of an answer. */
export const PROBLEMS = {
  'invalid-request': {
    status: 400,
    title: 'The request does not have the stated form',
    cause:
      'A parameter, a header or a part of the body is unknown, missing, or not of the form that the document states.',
    todo: 'Correct what `errors` names: each entry says where, which value, and what it must be. Sent again unchanged, it is refused again.',
  },
  unauthorized: {
    status: 401,
    title: 'A valid API key is needed',
    cause: 'No key was sent, or one that is unknown, expired or revoked.',
    todo: 'Send a valid key as `Authorization: Bearer <key>` or `X-Api-Key: <key>`, never in the address. An administrator makes one with `npm run api-keys`.',
  },
  forbidden: {
    status: 403,
    title: 'The key may not do this',
    cause:
      'The key lacks the scope that the operation needs (`read`, `write` or `admin`), or the request came from another site or under another name than is allowed without a key.',
    todo: 'Use a key with the scope that `detail` names, or ask from a page of this server.',
  },
  'not-found': {
    status: 404,
    title: 'There is nothing at this address',
    cause:
      'The path is none of the API, or what it names (a content, an event, a stream, a topic …) does not exist, was deleted, or belongs to somebody else.',
    todo: 'Check the path and the id. What was written a moment ago is waited for with `after_event`.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'This address does not take that method',
    cause: 'The path exists, for other methods.',
    todo: 'Use one of the methods in the header `Allow`.',
  },
  'not-acceptable': {
    status: 406,
    title: 'None of the accepted types can be made',
    cause: 'The header `Accept` names only types that this operation does not answer with.',
    todo: 'Accept one of the types that `detail` lists, or leave the header out.',
  },
  'request-timeout': {
    status: 408,
    title: 'The request did not come in time',
    cause: 'The connection was opened, and its headers or its body were not sent to their end.',
    todo: 'Send the request again, at once and whole.',
  },
  conflict: {
    status: 409,
    title: 'This contradicts what is stored',
    cause:
      'A value that must be unique is taken, what is to be changed is in another state, or an `Idempotency-Key` was used for another request.',
    todo: 'Read what is stored, decide anew, and send with another value or another key.',
  },
  'too-large': {
    status: 413,
    title: 'The request is larger than accepted',
    cause: 'The body has more bytes than the server takes (`API_BODY_BYTES_MAX`).',
    todo: 'Send less at once: several requests with fewer events each.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'The body must be application/json',
    cause: 'The header `Content-Type` of a request with a body is missing or another one.',
    todo: 'Send JSON, and `Content-Type: application/json`.',
  },
  'not-answerable': {
    status: 422,
    title: 'The request is well formed but cannot be answered',
    cause:
      'Each part has the right form, but not the whole: an end before its start, `period` together with `from`, a time zone that does not exist, a cursor of another list, more buckets than are given at once, a metric that is not kept in this combination.',
    todo: 'Change what `errors` names, in the way it says.',
  },
  'too-many-requests': {
    status: 429,
    title: 'The limit of requests is reached',
    cause:
      'The key or the address asked more often in this minute than it may, or has too many live streams open.',
    todo: 'Wait as many seconds as `Retry-After` says, then go on more slowly.',
  },
  'headers-too-large': {
    status: 431,
    title: 'The address and the headers are longer than accepted',
    cause:
      'The request line and all headers together have more bytes than the server takes (16 KiB as Node has it, `--max-http-header-size`), mostly by a long list in the address.',
    todo: 'Ask for less at once, or by POST /v1/query, whose question is in the body.',
  },
  'internal-error': {
    status: 500,
    title: 'The server failed',
    cause: 'A fault of the server. What failed is in its log, not in the answer.',
    todo: 'Tell the operator the `request_id`: the log has it. A read may be tried again; a write only with the same `Idempotency-Key`.',
  },
  unavailable: {
    status: 503,
    title: 'A store that is needed does not answer',
    cause:
      'PostgreSQL, Kafka, Cassandra or Redis is away, or the server has more to do than it can.',
    todo: 'Try again after as many seconds as `Retry-After` says; a write with the same `Idempotency-Key`. `/health` says what is wrong.',
  },
  incomplete: {
    status: 503,
    title: 'The numbers of the stream are not whole yet',
    cause:
      'What is counted of the stream was lost or is being filled from its table: a number now would be too small, so there is none.',
    todo: 'Try again after as many seconds as `Retry-After` says. `/health` says how far it is, and what to do when it does not come.',
  },
} as const satisfies Readonly<Record<string, ProblemType>>
export type ProblemKind = keyof typeof PROBLEMS

export const KINDS = Object.keys(PROBLEMS) as readonly ProblemKind[]

/** The `type` of an answer: a path of this server, where a page explains it. */
export const typeOfProblem = (kind: ProblemKind): string => `/problems/${kind}`
