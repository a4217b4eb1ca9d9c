/** Every way in which the pipeline fails on purpose, and what the caller may do next. */

export const ERROR_CODES = [
  /** A setting is missing or out of bounds. */
  'CONFIG_INVALID',
  /** A value cannot be written in the stream's schema. */
  'ENCODE_FAILED',
  /** Bytes of a record cannot be read. */
  'DECODE_FAILED',
  /** The schema id of a record, or the subject of a topic, is not in the registry. */
  'SCHEMA_UNKNOWN',
  /** A schema would break readers of its subject. */
  'SCHEMA_INCOMPATIBLE',
  /** A record is larger than the broker or we accept. */
  'RECORD_TOO_LARGE',
  /** Nothing that handles a record survives it. */
  'ENDED_PROCESS',
  /** A topic does not exist. */
  'TOPIC_UNKNOWN',
  /** A record breaks a rule of its stream. */
  'RULE_BROKEN',
  /** A lane has a new owner. */
  'FENCED',
  /** A server does not answer, or answers that it cannot now. */
  'UPSTREAM_UNAVAILABLE',
  /** A server refuses for good: credentials, permissions, syntax. */
  'UPSTREAM_REFUSED',
  /** What is stored contradicts what must hold: going on would make wrong numbers. */
  'STATE_CONTRADICTS',
  /** A limit was reached. */
  'LIMIT_REACHED',
] as const
export type ErrorCode = (typeof ERROR_CODES)[number]

/** What the caller may do next. It is decided where the cause is known, never guessed later. */
export type Disposition = 'retry' | 'dead-letter' | 'stop'

export class PipelineError extends Error {
  override readonly name = 'PipelineError'
  readonly code: ErrorCode
  readonly disposition: Disposition

  constructor(
    code: ErrorCode,
    message: string,
    init: {readonly disposition: Disposition; readonly cause?: unknown},
  ) {
    super(message, init.cause === undefined ? undefined : {cause: init.cause})
    this.code = code
    this.disposition = init.disposition
  }
}

/** What may be done after `error`; an error nobody classified stops the process. */
export function dispositionOf(error: unknown): Disposition {
  return error instanceof PipelineError ? error.disposition : 'stop'
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
