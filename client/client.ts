/**
 * The typed client of the API, for browsers and Node: paths, parameters, bodies and answers are
 * those of the OpenAPI document (`schema.ts`).
 *
 * ```ts
 * const api = createClient({baseUrl: 'http://127.0.0.1:3000', key: process.env.API_KEY})
 * const {items} = await api.call('GET /v1/top', {query: {period: '7d', by: 'plays'}})
 * for (const {rank, content, value} of items) console.log(rank, content.title, value)
 * for await (const {data} of api.stream('GET /v1/live/leaderboard')) console.log(data)
 * ```
 *
 * Operations are called by method and path, or by their names: `OPERATIONS.getTop` of `schema.ts`.
 */
import {ask, readAnswer, type Answer, type Request} from './ask.ts'
import {PendingError, type Pending} from './errors.ts'
import type {
  AnswerOf,
  AwaitingOperation,
  CallOptions,
  ChoosingOperation,
  ChosenOf,
  ChosenOptions,
  Given,
  ItemOf,
  MessageOf,
  Operation,
  PagedOperation,
  PagesOptions,
  PlainOptions,
  StreamOperation,
  StreamOptions,
  WaitOptions,
} from './operations.ts'
import {
  drawChance,
  isRepeatable,
  nextLookMs,
  pause,
  RETRY_LIMITS,
  type RetryLimits,
} from './retry.ts'
import {listen, type ListenOptions} from './stream.ts'

export {ApiError, PendingError, type Pending} from './errors.ts'
export type * from './operations.ts'
export type {RetryLimits} from './retry.ts'

export interface ClientOptions {
  readonly baseUrl: string
  /** An API key; without one, the cookie of the browser or nothing is sent. */
  readonly key?: string | undefined
  readonly fetch?: typeof fetch
  /** How long to go on after 429, 503 and lost connections; `{attempts: 1}` for not at all. */
  readonly retry?: Partial<RetryLimits>
}

/**
 * Reads, and writes with a header `idempotency-key`, are sent again after 503 with Retry-After and
 * after lost connections; everything is after 429. A signal ends waiting, too.
 */
export interface Client {
  /** @returns the figures that `metrics` names, and no others */
  call<O extends ChoosingOperation>(
    operation: O,
    options: ChosenOptions<O>,
  ): Promise<ChosenOf<AnswerOf<O>>>
  /** @throws {ApiError} what the API refused with */
  call<O extends Operation>(operation: O, ...given: Given<PlainOptions<O>>): Promise<AnswerOf<O>>
  /** @returns undefined: the event of `after_event` is not in the numbers yet */
  call<O extends Operation>(operation: O, options: CallOptions<O>): Promise<AnswerOf<O> | undefined>
  /**
   * Asks until the event of `after_event` is in the numbers, for `withinMs` (30 s).
   *
   * @throws {PendingError} the time was up, and why
   */
  waitFor<O extends AwaitingOperation>(operation: O, options: WaitOptions<O>): Promise<AnswerOf<O>>
  /** The items of a list, from page to page. */
  pages<O extends PagedOperation>(
    operation: O,
    ...given: Given<PagesOptions<O>>
  ): AsyncGenerator<ItemOf<O>, void, undefined>
  /**
   * The messages of a stream. A connection that breaks is opened again, after the last message
   * that was heard. Ends when its signal fires, or when the server has said everything.
   *
   * @throws {ApiError} what the API refused with
   */
  stream<O extends StreamOperation>(
    operation: O,
    ...given: Given<StreamOptions<O>>
  ): AsyncGenerator<MessageOf<O>, void, undefined>
}

type Value = string | number | boolean
type Values = Readonly<Record<string, Value | readonly Value[] | undefined>>

/** Options as they are once the types have done their work. */
interface Parts {
  readonly path?: Values
  readonly query?: Values
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
  readonly withinMs?: number
}

/** The address of an operation. */
export function addressOf(pattern: string, path: Values = {}, query: Values = {}): string {
  const filled = pattern.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String(path[name])),
  )
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue
    for (const one of [value].flat()) search.append(name, String(one))
  }
  const text = search.toString()
  return text === '' ? filled : `${filled}?${text}`
}

const WAIT_MS = 30_000
/** How long one request lets the API wait. */
const LOOK_MS = 5000
const LOOK_MS_MAX = 60_000

/** The API waits as long as it is told to, but not longer than the caller does. */
const lookMs = (asked: unknown, leftMs: number): number =>
  Math.max(0, Math.min(Math.round(leftMs), Number(asked ?? LOOK_MS), LOOK_MS_MAX))

function createRequests({baseUrl, key}: ClientOptions) {
  const base = baseUrl.replace(/\/$/, '')
  return (operation: string, {path, query, body, headers, signal}: Parts): Request => {
    const [method, pattern] = operation.split(' ') as [string, string]
    const sent = new Headers({accept: 'application/json'})
    if (body !== undefined) sent.set('content-type', 'application/json')
    if (key !== undefined) sent.set('authorization', `Bearer ${key}`)
    for (const [name, value] of Object.entries(headers ?? {})) sent.set(name, value)
    return {
      url: `${base}${addressOf(pattern, path, query)}`,
      init: {
        method,
        headers: sent,
        ...(body === undefined ? {} : {body: JSON.stringify(body)}),
        ...(signal === undefined ? {} : {signal}),
      },
      repeatable: isRepeatable(operation, sent),
      signal,
    }
  }
}

/** @param withinMs what is left of the caller's time */
type Asking = (operation: string, parts: Parts, withinMs?: number) => Promise<Answer>

const awaits = ({query}: Parts): boolean => query?.['after_event'] !== undefined

/** Asks until the event that the caller names is in the answer. */
async function askAfter(request: Asking, operation: string, parts: Parts): Promise<Answer> {
  const begun = performance.now()
  const withinMs = parts.withinMs ?? WAIT_MS
  for (let attempts = 1; ; attempts++) {
    const leftMs = withinMs - (performance.now() - begun)
    const query = {...parts.query, wait_ms: lookMs(parts.query?.['wait_ms'], leftMs)}
    const answer = await request(operation, {...parts, query}, leftMs)
    if (answer.status !== 202) return answer
    const tried = {attempts, elapsedMs: performance.now() - begun}
    const waitMs = nextLookMs(answer.retryAfter, tried, withinMs, drawChance())
    if (waitMs === undefined) throw new PendingError(answer.value as Pending)
    await pause(waitMs, parts.signal)
  }
}

async function* itemsOf(request: Asking, operation: string, parts: Parts) {
  let cursor = parts.query?.['cursor']
  do {
    const asked = {...parts, query: {...parts.query, cursor}}
    const {value} = await (awaits(parts)
      ? askAfter(request, operation, asked)
      : request(operation, asked))
    const {items, page} = value as {
      readonly items: readonly unknown[]
      readonly page: {readonly next_cursor: string | null}
    }
    yield* items
    cursor = page.next_cursor ?? undefined
  } while (cursor !== undefined)
}

async function* messagesOf(options: ListenOptions) {
  for await (const {event, data, id} of listen(options)) {
    yield {event, data: JSON.parse(data) as unknown, id}
  }
}

export function createClient(options: ClientOptions): Client {
  const send = options.fetch ?? fetch
  const limits = {...RETRY_LIMITS, ...options.retry}
  const requestOf = createRequests(options)

  const request: Asking = async (operation, parts, withinMs = Infinity) => {
    const bounded = {...limits, withinMs: Math.min(limits.withinMs, withinMs)}
    return await ask(send, requestOf(operation, parts), bounded)
  }

  return {
    async call(operation: string, ...given: readonly unknown[]) {
      const parts = (given[0] ?? {}) as Parts
      const {status, value} = await request(operation, parts)
      return (status === 202 && awaits(parts) ? undefined : value) as never
    },
    async waitFor(operation, given) {
      return (await askAfter(request, operation, given)).value as never
    },
    pages: (operation, ...given) =>
      itemsOf(request, operation, given[0] ?? {}) as AsyncGenerator<never, void>,
    stream(operation, ...given) {
      const parts = (given[0] ?? {}) as Parts & Partial<ListenOptions>
      return messagesOf({
        ...parts,
        limits,
        async open(heard, signal) {
          const {url, init} = requestOf(operation, {...parts, signal})
          init.headers.set('accept', 'text/event-stream')
          if (heard !== '') init.headers.set('last-event-id', heard)
          return await send(url, init)
        },
        errorOf: async response => (await readAnswer(response)).error,
      }) as AsyncGenerator<never, void>
    },
  }
}
