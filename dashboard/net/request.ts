/** Questions to the API that are answered once. The cookie of the session goes along by itself. */

import type {Address} from './address.ts'

/** What went wrong, in words for the page. `status` 0: the server did not answer. */
export class RequestError extends Error {
  override readonly name = 'RequestError'
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** What to tell people of something that failed. */
export const wordsOf = (error: unknown): string =>
  error instanceof RequestError ? error.message : String(error)

/** Whether asking again would be answered the same: the question is wrong, not the moment. */
export const isFinal = ({status}: RequestError): boolean =>
  status >= 400 && status < 500 && status !== 408 && status !== 429

interface ProblemBody {
  readonly title?: unknown
  readonly detail?: unknown
}

const TIMEOUT_MS = 15_000

/** The text of an RFC 9457 problem, or of whatever came instead. */
export function describeProblem(status: number, body: unknown): string {
  const {title, detail} = (typeof body === 'object' && body !== null ? body : {}) as ProblemBody
  const parts = [title, detail].filter(part => typeof part === 'string' && part !== '')
  return parts.length > 0 ? [...new Set(parts)].join(': ') : `the server answered ${status}`
}

export interface RequestOptions {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

/** An answer, and its text to see whether the next one says something else. */
export interface Answer<T> {
  readonly text: string
  readonly data: T
}

/** Asks and reads the JSON answer. Null for an answer without a body. */
export async function request<T>(path: Address<T>, options: RequestOptions = {}): Promise<T> {
  return (await requestAnew(path, undefined, options)).data
}

/**
 * Asks again.
 *
 * @returns `known` itself when the answer is the same, so that nothing is drawn anew
 */
export async function requestAnew<T>(
  path: Address<T>,
  known: Answer<T> | undefined,
  options: RequestOptions = {},
): Promise<Answer<T>> {
  const response = await send(path, options)
  if (response.status === 204) return {text: '', data: null as T}
  let text: string
  let answer: unknown
  try {
    text = await response.text()
    if (response.ok && known?.text === text) return known
    answer = JSON.parse(text)
  } catch (error) {
    if (options.signal?.aborted === true) throw error
    // A refusal may come from something in between that does not speak JSON.
    if (response.ok) throw new RequestError(0, 'the answer of the server broke off')
    throw new RequestError(response.status, describeProblem(response.status, undefined))
  }
  if (response.ok) return {text, data: answer as T}
  throw new RequestError(response.status, describeProblem(response.status, answer))
}

/**
 * Why a stream does not open: its browser says only that it does not.
 *
 * @returns undefined when it would open now
 */
export async function askWhy(path: string): Promise<RequestError | undefined> {
  const abort = new AbortController()
  try {
    const response = await send(path, {signal: abort.signal})
    if (response.ok) return undefined
    const body: unknown = await response.json().catch(() => undefined)
    return new RequestError(response.status, describeProblem(response.status, body))
  } catch (error) {
    return error instanceof RequestError ? error : new RequestError(0, String(error))
  } finally {
    // A stream that did open would stay.
    abort.abort()
  }
}

async function send(path: string, options: RequestOptions): Promise<Response> {
  const {method = 'GET', body, headers, signal} = options
  const timeout = AbortSignal.timeout(TIMEOUT_MS)
  try {
    return await fetch(path, {
      method,
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : {'content-type': 'application/json'}),
        ...headers,
      },
      ...(body === undefined ? {} : {body: JSON.stringify(body)}),
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    })
  } catch (error) {
    if (signal?.aborted === true) throw error
    throw new RequestError(0, 'the server does not answer')
  }
}
