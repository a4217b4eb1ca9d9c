import {readFileSync} from 'node:fs'
import type {AddressInfo} from 'node:net'
import {fastify} from 'fastify'
import {pino} from 'pino'
import {expect, expectTypeOf, onTestFinished, test, vi} from 'vitest'
import type {Api} from '../api/app.ts'
import {buildDocument} from '../api/document.ts'
import {createHub} from '../api/live/hub.ts'
import {createApiMetrics} from '../api/metrics.ts'
import {addValidation} from '../api/plugins/validation.ts'
import {addLiveRoutes} from '../api/routes/live.ts'
import {addressOf, ApiError, createClient, type MessageOf} from '../client/client.ts'
import {OPERATIONS, type ContentStreamMessage, type TopItem} from '../client/schema.ts'
import {createMetrics} from '../platform/metrics.ts'
import {typesOf, type Document} from '../scripts/openapi-types.ts'

test("the client's types are those of the API", async () => {
  const document = await buildDocument<Document>()
  expect(typesOf(document) === readFileSync('client/schema.ts', 'utf8')).toBe(true)
}, 30_000)

test('every route states its answers, and every body of a refusal is a problem', async () => {
  const document = await buildDocument<{
    paths: Record<string, Record<string, {responses: Record<string, {content?: object}>}>>
  }>()
  const bad: string[] = []
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, {responses}] of Object.entries(methods)) {
      for (const [status, {content}] of Object.entries(responses)) {
        const isProblem = Object.keys(content ?? {}).join() === 'application/problem+json'
        // What is wrong with a question in GraphQL is told in the form of GraphQL.
        const isOther = path === '/graphql' && status === '400'
        if (status.startsWith('4') && !isProblem && !isOther)
          bad.push(`${method} ${path} ${status}`)
      }
    }
  }
  expect(bad).toEqual([])
  expect(Object.keys(document.paths).length).toBeGreaterThan(30)
}, 30_000)

test('an address is filled and its values are escaped', () => {
  expect(addressOf('/v1/users/{id}/days', {id: 'a/b ?'}, {from: '2026-01-01', to: undefined})).toBe(
    '/v1/users/a%2Fb%20%3F/days?from=2026-01-01',
  )
})

test('each value of a list is a parameter of its own', () => {
  expect(addressOf('/v1/streams/{stream}/metrics', {stream: 's'}, {key: ['a', 'b,c']})).toBe(
    '/v1/streams/s/metrics?key=a&key=b%2Cc',
  )
})

test('operations have names, and messages of streams have types', async () => {
  expect(OPERATIONS.getTop).toBe('GET /v1/top')
  type Event = MessageOf<'GET /v1/live/content/{id}'>['event']
  expectTypeOf<Event>().toEqualTypeOf<Exclude<ContentStreamMessage['event'], 'dropped'>>()
  const send = async () => await Promise.resolve(Response.json({items: []}))
  const api = createClient({baseUrl: 'http://x', fetch: send})
  const {items} = await api.call(OPERATIONS.getTop, {query: {by: 'plays'}})
  expectTypeOf(items).toEqualTypeOf<readonly TopItem[]>()
})

test('figures that are chosen are the only ones of an answer, by its type too', async () => {
  const asked: string[] = []
  const send = async (url: unknown) => {
    asked.push(String(url))
    return await Promise.resolve(Response.json({metrics: {plays: 3}}))
  }
  const api = createClient({baseUrl: 'http://x', fetch: send})
  const path = {id: 'a'}
  const {metrics} = await api.call('GET /v1/content/{id}/metrics', {
    path,
    query: {metrics: ['plays', 'events']},
  })
  expectTypeOf(metrics.plays).toEqualTypeOf<number | undefined>()
  const all = await api.call('GET /v1/content/{id}/metrics', {path})
  expectTypeOf(all.metrics.plays).toEqualTypeOf<number>()
  expect(asked[0]).toBe('http://x/v1/content/a/metrics?metrics=plays&metrics=events')
})

test('the key travels in a header, a refusal is an error with its problem, a 202 is undefined', async () => {
  const seen: {url: string; headers: Headers}[] = []
  const answers = [
    Response.json({active_users: 3}),
    Response.json({detail: 'no'}, {status: 403}),
    Response.json({status: 'pending'}, {status: 202}),
  ]
  const api = createClient({
    baseUrl: 'http://x/',
    key: 'k',
    fetch: async (url, init) => {
      seen.push({url: url as string, headers: new Headers(init?.headers)})
      return await Promise.resolve(answers.shift()!)
    },
  })
  expect(await api.call('GET /v1/active', {})).toEqual({active_users: 3})
  expect(seen[0]!.url).toBe('http://x/v1/active')
  expect(seen[0]!.headers.get('authorization')).toBe('Bearer k')
  await expect(api.call('GET /v1/active', {})).rejects.toThrow(ApiError)
  expect(await api.call('GET /v1/active', {query: {after_event: 'engagement:7'}})).toBeUndefined()
})

test("the API's own streams are heard across a lost connection, and end when the API says so", async () => {
  const options = {bufferBytesMax: 10_000, heartbeatMs: 60_000, lifeMsMax: 600_000}
  const hub = createHub(
    {log: pino({level: 'silent'}), metrics: createApiMetrics(createMetrics())},
    {...options, clientsMax: 3, perAddressMax: 3},
  )
  const read = async () =>
    await Promise.resolve(new Map([['', {data: {items: []}, version: 'v1'}]]))
  const app = fastify() as unknown as Api
  addValidation(app)
  app.setSerializerCompiler(() => JSON.stringify)
  addLiveRoutes(app, {
    hub,
    sources: [{kind: 'leaderboard', everyMs: 1, read}],
    tail: {streams: []},
  } as never)
  await app.listen({port: 0, host: '127.0.0.1'})
  onTestFinished(async () => await app.close())
  const {port} = app.server.address() as AddressInfo
  const api = createClient({baseUrl: `http://127.0.0.1:${port}`})
  const messages: unknown[] = []
  for await (const {id, data} of api.stream('GET /v1/live/leaderboard')) {
    messages.push([id, data])
    if (id === 'v2') hub.finish('leaderboard')
    else {
      hub.close()
      void vi
        .waitFor(() => expect(hub.clients).toBe(1), {timeout: 4000})
        .then(() =>
          hub.publish('leaderboard', {id: 'v2', event: 'leaderboard', data: {items: [1]}}),
        )
    }
  }
  expect(messages).toEqual([
    ['v1', {items: []}],
    ['v2', {items: [1]}],
  ])
}, 30_000)
