import {expect, expectTypeOf, onTestFinished, test, vi} from 'vitest'
import type {Static} from 'typebox'
import type {Pending as PendingAnswer} from '../api/schemas/common.ts'
import {settle} from '../test/timers.ts'
import {
  ApiError,
  createClient,
  PendingError,
  type AnswerOf,
  type ClientOptions,
  type Pending,
} from './client.ts'

const NOT_YET = {status: 'pending', after_event: 'engagement:7', reason: 'not through'}
const passing = (retryAfter: string): Response =>
  Response.json(
    {detail: 'busy'},
    {
      status: 503,
      headers: {'retry-after': retryAfter, 'content-type': 'application/problem+json'},
    },
  )
const pending = (): Response => Response.json(NOT_YET, {status: 202, headers: {'retry-after': '1'}})

/** A client of an API that gives these answers; an error is a lost connection. */
function setup(answers: readonly (Response | Error)[], options: Partial<ClientOptions> = {}) {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const left = [...answers]
  const seen: {readonly url: URL; readonly method: string; readonly headers: Headers}[] = []
  const api = createClient({
    baseUrl: 'http://api',
    ...options,
    async fetch(url, init) {
      init?.signal?.throwIfAborted()
      const headers = new Headers(init?.headers)
      seen.push({url: new URL(url), method: init?.method ?? '', headers})
      const answer = left.shift() ?? new Error('one request too many')
      if (answer instanceof Error) throw answer
      return await Promise.resolve(answer)
    },
  })
  return {api, seen}
}

test('a question is asked again after a lost connection and after 503, with what it was asked with', async () => {
  const {api, seen} = setup([new TypeError('lost'), passing('2'), Response.json({items: []})], {
    key: 'k',
  })
  const before = performance.now()
  await settle(api.call('GET /v1/top', {query: {period: '7d'}, headers: {accept: 'text/plain'}}))
  expect(performance.now() - before).toBeGreaterThan(2000)
  expect(seen.map(({url}) => url.href)).toEqual(Array(3).fill('http://api/v1/top?period=7d'))
  expect(seen[2]!.headers.get('authorization')).toBe('Bearer k')
  expect(seen[2]!.headers.get('accept')).toBe('text/plain')
})

test('a write is sent again with a key only, which stays the same', async () => {
  const body = {event_type: 'play'} as const
  const without = setup([new TypeError('lost')])
  const writing = without.api.call('POST /v1/engagement-events', {body})
  await expect(settle(writing)).rejects.toThrow('lost')
  const {api, seen} = setup([new TypeError('lost'), Response.json({}, {status: 201})])
  const headers = {'idempotency-key': 'one'}
  await settle(api.call('POST /v1/engagement-events', {body, headers}))
  expect(seen.map(one => one.headers.get('idempotency-key'))).toEqual(['one', 'one'])
})

test('attempts end, and the last refusal is told with the time to wait', async () => {
  const {api, seen} = setup([passing('1'), passing('1')], {retry: {attempts: 2}})
  const error = await settle(api.call('GET /v1/top')).catch((cause: unknown) => cause)
  expect(error).toBeInstanceOf(ApiError)
  expect(error).toMatchObject({status: 503, message: 'busy', retryAfterMs: 1000})
  expect(seen).toHaveLength(2)
})

test('a refusal that is no problem keeps what was answered', async () => {
  const {api} = setup([Response.json({healthy: false}, {status: 503})])
  const error = await settle(api.call('GET /health')).catch((cause: unknown) => cause)
  expect(error).toMatchObject({status: 503, problem: undefined, body: {healthy: false}})
})

test('an answer that cannot be read is told, and not asked for again', async () => {
  const headers = {'content-type': 'application/json'}
  const {api, seen} = setup([new Response('{"items":', {headers})])
  await expect(settle(api.call('GET /v1/top'))).rejects.toThrow(SyntaxError)
  expect(seen).toHaveLength(1)
})

test('a signal ends waiting for the next attempt', async () => {
  const {api, seen} = setup([passing('20')])
  const stop = new AbortController()
  const asking = api.call('GET /v1/top', {signal: stop.signal})
  await vi.advanceTimersByTimeAsync(10)
  stop.abort(new Error('left'))
  await expect(asking).rejects.toThrow('left')
  await expect(api.call('GET /v1/top', {signal: stop.signal})).rejects.toThrow('left')
  expect(seen).toHaveLength(1)
})

test('an awaited event is asked for until it is in the numbers', async () => {
  const {api, seen} = setup([pending(), passing('1'), pending(), Response.json({active_users: 3})])
  const query = {after_event: 'engagement:7'}
  const answer = await settle(api.waitFor('GET /v1/active', {query, withinMs: 7000}))
  expect(answer).toEqual({active_users: 3})
  const waits = seen.map(({url}) => Number(url.searchParams.get('wait_ms')))
  expect(waits.slice(0, 2)).toEqual([5000, 5000])
  expect(waits[3]).toBeLessThan(5000)
})

test('an event that does not come in time is told, with how far it is', async () => {
  const {api} = setup([pending(), pending(), pending()])
  const query = {after_event: 'engagement:7', wait_ms: 0}
  const error = await settle(api.waitFor('GET /v1/active', {query, withinMs: 1500})).catch(
    (cause: unknown) => cause,
  )
  expect(error).toBeInstanceOf(PendingError)
  expect(error).toMatchObject({pending: NOT_YET})
})

test('a store that is away for longer than one waits is told at once', async () => {
  const {api, seen} = setup([passing('2')])
  const query = {after_event: 'engagement:7'}
  const waiting = settle(api.waitFor('GET /v1/active', {query, withinMs: 1500}))
  await expect(waiting).rejects.toThrow(ApiError)
  expect(seen).toHaveLength(1)
})

test('a question by POST that is not answered yet is no answer, an accepted write is one', async () => {
  const {api} = setup([pending(), Response.json({request_id: 'r'}, {status: 202})])
  const body = {metrics: ['plays'], date_range: '7d'} as const
  expect(
    await api.call('POST /v1/query', {body, query: {after_event: 'engagement:7'}}),
  ).toBeUndefined()
  expect(
    await api.call('POST /api/activity', {
      body: {user_id: 'u', activity_type: 'page_view'},
      headers: {prefer: 'respond-async'},
    }),
  ).toEqual({request_id: 'r'})
})

test('pages follow cursors to the last one, and an event is awaited on the way', async () => {
  const page = (ids: readonly number[], next: string | null): Response =>
    Response.json({items: ids.map(id => ({event_id: id})), page: {limit: 2, next_cursor: next}})
  const {api, seen} = setup([pending(), page([1, 2], 'b'), page([], 'c'), page([3], null)])
  const collect = async (): Promise<readonly number[]> => {
    const ids: number[] = []
    const query = {limit: 2, after_event: 'engagement:3'}
    for await (const {event_id} of api.pages('GET /v1/content/{id}/events', {
      path: {id: 'x/y'},
      query,
    })) {
      ids.push(event_id)
    }
    return ids
  }
  expect(await settle(collect())).toEqual([1, 2, 3])
  expect(seen.map(({url}) => url.pathname)).toEqual(Array(4).fill('/v1/content/x%2Fy/events'))
  expect(seen.map(({url}) => url.searchParams.get('cursor'))).toEqual([null, null, 'b', 'c'])
})

test('who has seen enough of a list asks for no further page', async () => {
  const {api, seen} = setup([
    Response.json({items: [{id: 'a'}, {id: 'b'}], page: {limit: 2, next_cursor: 'more'}}),
  ])
  for await (const {id} of api.pages('GET /v1/content')) {
    expect(id).toBe('a')
    break
  }
  expect(seen).toHaveLength(1)
})

test('a stream carries key and place, and its messages as values', async () => {
  const text = 'id: v1\nevent: leaderboard\ndata: {"by":"plays","items":[]}\n\n'
  const headers = {'content-type': 'text/event-stream; charset=utf-8'}
  const {api, seen} = setup([new Response(text, {headers})], {key: 'k'})
  for await (const message of api.stream('GET /v1/live/leaderboard', {lastEventId: 'v0'})) {
    expect(message).toEqual({id: 'v1', event: 'leaderboard', data: {by: 'plays', items: []}})
    break
  }
  expect(Object.fromEntries(seen[0]!.headers)).toEqual({
    accept: 'text/event-stream',
    authorization: 'Bearer k',
    'last-event-id': 'v0',
  })
})

test('a refused stream is an error with its problem', async () => {
  const {api} = setup([
    Response.json(
      {detail: 'no'},
      {status: 403, headers: {'content-type': 'application/problem+json'}},
    ),
  ])
  await expect(api.stream('GET /v1/live/platform').next()).rejects.toThrow(ApiError)
})

test('types tell what may be missing, which lists have pages, and what messages hold', () => {
  const {api} = setup([])
  const path = {id: '1'}
  const after = {after_event: 'engagement:7'}
  type Active = AnswerOf<'GET /v1/active'>
  const calls = {
    plain: () => api.call('GET /v1/active'),
    after: () => api.call('GET /v1/active', {query: after}),
    waited: () => api.waitFor('GET /v1/active', {query: after}),
    pages: () => api.pages('GET /v1/content'),
    live: () => api.stream('GET /v1/live/requests/{id}', {path}),
    // @ts-expect-error Nothing is awaited.
    waitedForNothing: () => api.waitFor('GET /v1/active', {query: {}}),
    // @ts-expect-error It needs a path.
    pathless: () => api.call('GET /v1/content/{id}'),
    // @ts-expect-error It does not come in pages.
    pageless: () => api.pages('GET /v1/top'),
    // @ts-expect-error It is no stream.
    still: () => api.stream('GET /v1/top'),
    // @ts-expect-error There is no such parameter.
    mistyped: () => api.call('GET /v1/top', {query: {perid: '7d'}}),
  }
  expectTypeOf(calls.plain).returns.resolves.toEqualTypeOf<Active>()
  expectTypeOf(calls.after).returns.resolves.toEqualTypeOf<Active | undefined>()
  expectTypeOf(calls.waited).returns.resolves.toEqualTypeOf<Active>()
  expectTypeOf(calls.pages).returns.toEqualTypeOf<
    AsyncGenerator<AnswerOf<'GET /v1/content'>['items'][number], void, undefined>
  >()
  type Heard = typeof calls.live extends () => AsyncGenerator<infer M, void, undefined> ? M : never
  expectTypeOf<Extract<Heard, {event: 'request'}>>().toEqualTypeOf<{
    readonly event: 'request'
    readonly data: AnswerOf<'GET /api/activity/requests/{id}'>
    readonly id: string
  }>()
  expectTypeOf<Heard['event']>().toEqualTypeOf<'request' | 'stale'>()
  expectTypeOf<Static<typeof PendingAnswer>>().toExtend<Pending>()
})
