/**
 * The typed client of the API, for browsers and Node: paths, parameters, bodies and answers are
 * those of the OpenAPI document (`schema.ts`).
 *
 * ```ts
 * const api = createClient({baseUrl: 'http://127.0.0.1:3000', key: process.env.API_KEY})
 * const {items} = await api.call('GET /v1/top', {query: {period: '7d', by: 'plays'}})
 * for (const {rank, content, value} of items) console.log(rank, content.title, value)
 * const {metrics} = await api.call('GET /v1/content/{id}/metrics', {
 *   path: {id: items[0].content.id},
 *   query: {decimals: 2},
 * })
 * console.log(metrics.engagement_seconds, metrics.completion_rate)
 * ```
 *
 * Operations are called by method and path, or by their names: `OPERATIONS.getTop` of `schema.ts`.
 */
import type {Operations, Problem} from './schema.ts'

export type Operation = keyof Operations
export type AnswerOf<O extends Operation> = Operations[O]['answer']
/** Messages of a live stream, their `data` parsed. */
export type MessageOf<O extends Operation> = Operations[O] extends {readonly messages: infer M}
  ? M
  : never

type Part<Name extends string, T> = T extends undefined
  ? {readonly [K in Name]?: never}
  : Record<string, never> extends T
    ? {readonly [K in Name]?: T}
    : {readonly [K in Name]: T}

export type CallOptions<O extends Operation> = Part<'path', Operations[O]['path']> &
  Part<'query', Operations[O]['query']> &
  Part<'body', Operations[O]['body']> & {
    readonly headers?: Readonly<Record<string, string>>
    readonly signal?: AbortSignal
  }

/** A refusal or failure as the API told it. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  readonly problem: Problem | undefined

  constructor(status: number, problem: Problem | undefined) {
    super(problem?.detail ?? `the API answered ${status}`)
    this.status = status
    this.problem = problem
  }
}

export interface ClientOptions {
  readonly baseUrl: string
  /** An API key; without one, the cookie of the browser or nothing is sent. */
  readonly key?: string | undefined
  readonly fetch?: typeof fetch
}

export interface Client {
  /**
   * @returns undefined for a 202: the event of `after_event` is not in the numbers yet
   * @throws {ApiError}
   */
  call<O extends Operation>(operation: O, options: CallOptions<O>): Promise<AnswerOf<O>>
}

type Value = string | number | boolean
type Values = Readonly<Record<string, Value | readonly Value[] | undefined>>

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

export function createClient(options: ClientOptions): Client {
  const send = options.fetch ?? fetch
  const base = options.baseUrl.replace(/\/$/, '')
  return {
    async call(operation, given) {
      const [method, pattern] = operation.split(' ') as [string, string]
      const {path, query, body, headers, signal} = given as {
        path?: Values
        query?: Values
        body?: unknown
        headers?: Record<string, string>
        signal?: AbortSignal
      }
      const answer = await send(`${base}${addressOf(pattern, path, query)}`, {
        method,
        headers: {
          accept: 'application/json',
          ...(body === undefined ? {} : {'content-type': 'application/json'}),
          ...(options.key === undefined ? {} : {authorization: `Bearer ${options.key}`}),
          ...headers,
        },
        ...(body === undefined ? {} : {body: JSON.stringify(body)}),
        ...(signal === undefined ? {} : {signal}),
      })
      const text = await answer.text()
      const isJson = answer.headers.get('content-type')?.includes('json') === true
      const value: unknown = isJson && text !== '' ? JSON.parse(text) : undefined
      if (!answer.ok) throw new ApiError(answer.status, value as Problem | undefined)
      return (answer.status === 202 && method === 'GET' ? undefined : value) as never
    },
  }
}
