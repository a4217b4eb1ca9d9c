import {readFileSync} from 'node:fs'
import {expect, expectTypeOf, test} from 'vitest'
import {buildDocument} from '../api/document.ts'
import {addressOf, ApiError, createClient, type MessageOf} from '../client/client.ts'
import {OPERATIONS, type ContentStreamMessage, type TopItem} from '../client/schema.ts'
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
  expectTypeOf<MessageOf<'GET /v1/live/content/{id}'>>().toEqualTypeOf<ContentStreamMessage>()
  expectTypeOf<MessageOf<'GET /v1/top'>>().toBeNever()
  const send = async () => await Promise.resolve(Response.json({items: []}))
  const api = createClient({baseUrl: 'http://x', fetch: send})
  const {items} = await api.call(OPERATIONS.getTop, {query: {by: 'plays'}})
  expectTypeOf(items).toEqualTypeOf<readonly TopItem[]>()
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
