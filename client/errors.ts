/** What a call can end with besides an answer. */
import type {Problem} from './schema.ts'

/** A refusal or failure as the API told it. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  /** What is wrong, field by field; undefined when whoever answered does not say so. */
  readonly problem: Problem | undefined
  /** The JSON of the answer, whatever it was: of `GET /health` the findings. */
  readonly body: unknown
  /** How long the API asks to wait; undefined when it does not say. */
  readonly retryAfterMs: number | undefined

  constructor(
    status: number,
    problem: Problem | undefined,
    more: {readonly body?: unknown; readonly retryAfterMs?: number | undefined} = {},
  ) {
    super(problem?.detail ?? `the API answered ${status}`)
    this.status = status
    this.problem = problem
    this.body = more.body
    this.retryAfterMs = more.retryAfterMs
  }
}

/** How far an awaited event is. */
export interface Pending {
  readonly status: 'pending'
  readonly after_event: string
  readonly reason: string
  readonly waited_ms: number
  readonly lag: {
    /** Whether PostgreSQL has the event. */
    readonly event_committed: boolean
    readonly outbox_unpublished: number | null
    /** Records between the event and what is counted. */
    readonly records: number | null
  }
}

/** The time to wait was up before the event was in the numbers. */
export class PendingError extends Error {
  override readonly name = 'PendingError'
  readonly pending: Pending

  constructor(pending: Pending) {
    super(`${pending.after_event} is not in the numbers yet: ${pending.reason}`)
    this.pending = pending
  }
}
