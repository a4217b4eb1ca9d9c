/** Subscriptions over a real socket, with figures made up here. */
import {fastify} from 'fastify'
import {buildClientSchema, getIntrospectionQuery, type IntrospectionQuery} from 'graphql'
import {pino} from 'pino'
import {expect, onTestFinished, test, vi} from 'vitest'
import {createMetrics} from '../../platform/metrics.ts'
import {content} from '../../streams/content.ts'
import {engagement} from '../../streams/engagement.ts'
import {subscribe} from '../../test/graphql-socket.ts'
import type {Api} from '../app.ts'
import type {Database} from '../database.ts'
import {createHub, type Hub} from '../live/hub.ts'
import {createApiMetrics} from '../metrics.ts'
import type {Reads} from '../reads/reads.ts'
import type {Content} from '../schemas/content.ts'
import {openConnection} from './connection.ts'
import {addGraphql} from './plugin.ts'
import {figuresOfContent, listenTo} from './subscription.ts'

const ID = '11111111-1111-1111-1111-111111111111'
const CONTENT = {id: ID, slug: 's', title: 'T'} as Content
const QUERY = `subscription {content_metrics(id: "${ID}") {content {title} metrics {events}}}`
const figures = (events: number) => ({content: CONTENT, metrics: {events} as never})
const message = (events: number) => ({event: 'content', data: figures(events)})
const data = (events: number) => ({
  type: 'next',
  id: '1',
  payload: {data: {content_metrics: {content: {title: 'T'}, metrics: {events}}}},
})

function makeHub(): Hub {
  const hub = createHub(
    {log: pino({level: 'silent'}), metrics: createApiMetrics(createMetrics())},
    {
      bufferBytesMax: 1000,
      heartbeatMs: 60_000,
      lifeMsMax: 600_000,
      clientsMax: 2,
      perAddressMax: 1,
    },
  )
  onTestFinished(() => hub.close())
  return hub
}

async function setup(production = false) {
  const hub = makeHub()
  const reads = {
    content: vi.fn(async (id: string) => (id === ID ? CONTENT : undefined)),
    totals: vi.fn(async () => ({value: new Map([[ID, {events: 1}]])})),
  }
  const app = fastify() as unknown as Api
  const streams = {plans: [], figures: {}, tops: {}, events: {}, cursors: {}} as never
  await addGraphql(app, {
    reads: reads as unknown as Reads,
    db: {} as Database,
    subjects: {} as never,
    hub,
    declared: [content, engagement],
    streams,
    production,
  })
  const url = await app.listen({host: '127.0.0.1', port: 0})
  onTestFinished(() => app.close())
  return {app, hub, reads, url}
}

test('INV-69: figures come at once and with each change, and the stores are asked once', async () => {
  const {hub, reads, url} = await setup()
  const stream = subscribe(url, QUERY)
  expect((await stream.next()).value).toEqual(data(1))
  hub.publish(`content:${ID}`, message(1))
  hub.publish(`content:${ID}`, message(2))
  expect((await stream.next()).value).toEqual(data(2))
  expect(reads.totals).toHaveBeenCalledTimes(1)
  hub.finish(`content:${ID}`)
  expect((await stream.next()).value).toMatchObject({type: 'complete'})
  expect(hub.clients).toBe(0)
})

test('INV-69: a subscription ends with its socket, and takes the limit of its address', async () => {
  const {hub, url} = await setup()
  const first = subscribe(url, QUERY)
  await first.next()
  const second = await subscribe(url, QUERY).next()
  expect(second.value).toMatchObject({
    type: 'error',
    payload: [{message: expect.stringContaining('from one address')}],
  })
  await first.return(undefined)
  await vi.waitFor(() => expect(hub.clients).toBe(0))
})

test.each([
  [
    'a fragment within itself',
    `subscription {content_metrics(id: "${ID}") {content {...F}}}
     fragment F on Content {events {content {...F}}}`,
    'Graphql validation error',
  ],
  [
    'figures of the stores',
    `subscription {content_metrics(id: "${ID}") {content {events {event_id}}}}`,
    'depth of a subscription 4',
  ],
  ['no such field', `subscription {content_metrics(id: "${ID}") {nothing}}`, 'Cannot query field'],
  [
    'no UUID',
    'subscription {content_metrics(id: "x") {metrics {events}}}',
    'is no UUID, as ids of content are',
  ],
  ['no such content', QUERY.replace(ID, ID.replaceAll('1', '2')), 'there is no such content'],
  ['a query', '{active_users}', 'Invalid operation: query'],
])('a subscription with %s is refused', async (_what, query, reason) => {
  const {hub, url} = await setup()
  const {value} = await subscribe(url, query).next()
  expect(value).toMatchObject({
    type: 'error',
    payload: [{message: expect.stringContaining(reason)}],
  })
  expect(hub.clients).toBe(0)
})

test('INV-69: a slow reader gets the latest figures, not those between', async () => {
  const hub = makeHub()
  const left = new AbortController()
  const connection = {address: 'x', left: left.signal}
  const reads = {totals: async () => ({value: new Map([[ID, {events: 0}]])})} as never
  const live = listenTo(hub, 'content_metrics', figuresOfContent(CONTENT, reads), connection)
  await live.next()
  for (let events = 1; events <= 1000; events++) hub.publish(`content:${ID}`, message(events))
  expect(await live.next()).toMatchObject({value: {content_metrics: {metrics: {events: 1000}}}})
  const waiting = live.next()
  left.abort()
  expect(await waiting).toEqual({done: true, value: undefined})
  expect(hub.clients).toBe(0)
})

test('a connection may begin a hundred subscriptions, then it is closed', () => {
  const close = vi.fn()
  const connection = openConnection({close, once: () => undefined}, 'x')
  for (let i = 0; i < 100; i++) connection.countStart()
  expect(close).not.toHaveBeenCalled()
  expect(() => connection.countStart()).toThrow('more than 100')
  expect(close).toHaveBeenCalledWith(1008)
})

test('the page to try GraphQL names no foreign address, and is not there in production', async () => {
  const {app} = await setup()
  for (const path of ['', '/console.js', '/console.css', '/schema.graphql']) {
    const {statusCode, body, headers} = await app.inject(`/graphiql${path}`)
    expect(statusCode).toBe(200)
    expect(headers['content-security-policy']).toContain("script-src 'self'")
    expect(body).not.toMatch(/https?:\/\//)
    expect(body).not.toMatch(/<script>|<style>| style=| on\w+=/)
  }
  const production = await setup(true)
  expect((await production.app.inject('/graphiql')).statusCode).toBe(404)
})

test('a client learns the whole schema by the standard question', async () => {
  const {app} = await setup()
  const query = getIntrospectionQuery()
  const answer = await app.inject({method: 'POST', url: '/graphql', payload: {query}})
  const schema = buildClientSchema(answer.json<{data: IntrospectionQuery}>().data)
  expect(Object.keys(schema.getQueryType()!.getFields())).toContain('top')
})
