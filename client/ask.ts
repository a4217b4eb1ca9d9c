/** One request, sent again where that may help. */
import {ApiError} from './errors.ts'
import {drawChance, nextTryMs, parseRetryAfter, pause, type RetryLimits} from './retry.ts'
import type {Problem} from './schema.ts'

export interface Request {
  readonly url: string
  readonly init: RequestInit & {readonly headers: Headers}
  /** Whether sending it twice does no more than sending it once. */
  readonly repeatable: boolean
  readonly signal: AbortSignal | undefined
}

export interface Answer {
  readonly kind: 'answered'
  readonly status: number
  readonly retryAfter: string | null
  /** Undefined where it is no JSON. */
  readonly value: unknown
  /** Undefined when it is a success. */
  readonly error: ApiError | undefined
}

export async function readAnswer(response: Response): Promise<Answer> {
  const {status, headers} = response
  const text = await response.text()
  const type = headers.get('content-type') ?? ''
  const value: unknown = type.includes('json') && text !== '' ? JSON.parse(text) : undefined
  const retryAfter = headers.get('retry-after')
  const error = response.ok
    ? undefined
    : new ApiError(
        status,
        type.startsWith('application/problem+json') ? (value as Problem) : undefined,
        {body: value, retryAfterMs: parseRetryAfter(retryAfter, Date.now())},
      )
  return {kind: 'answered', status, retryAfter, value, error}
}

type Failure = {readonly kind: 'failed'; readonly error: unknown}

async function askOnce(send: typeof fetch, {url, init}: Request): Promise<Answer | Failure> {
  try {
    return await readAnswer(await send(url, init))
  } catch (error) {
    // What came through but is no JSON would be none again.
    if (error instanceof SyntaxError) throw error
    return {kind: 'failed', error}
  }
}

/**
 * @returns the answer of a success
 * @throws {ApiError} what the API refused with
 */
export async function ask(
  send: typeof fetch,
  request: Request,
  limits: RetryLimits,
): Promise<Answer> {
  const {repeatable, signal} = request
  const begun = performance.now()
  for (let attempts = 1; ; attempts++) {
    const outcome = await askOnce(send, request)
    const tried = {attempts, repeatable, elapsedMs: performance.now() - begun}
    const waitMs = nextTryMs(outcome, tried, limits, drawChance())
    if (waitMs !== undefined) await pause(waitMs, signal)
    else if (outcome.kind === 'failed' || outcome.error !== undefined) throw outcome.error
    else return outcome
  }
}
