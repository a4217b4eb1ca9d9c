import {Readable} from 'node:stream'
import {brotliDecompressSync, gunzipSync} from 'node:zlib'
import fastify, {type FastifyInstance} from 'fastify'
import {expect, test} from 'vitest'
import {addCompression, chooseEncoding} from './compression.ts'
import {addCaching} from './observe.ts'

const LONG = {items: Array.from({length: 200}, (_, event_id) => ({event_id, type: 'play'}))}

function setup(): FastifyInstance {
  const app = fastify({exposeHeadRoutes: true})
  addCaching(app)
  addCompression(app)
  app.get('/long', {config: {maxAge: 0}}, () => LONG)
  app.get('/short', () => ({ok: true}))
  app.get('/live', (_request, reply) =>
    reply.type('text/event-stream').send(Readable.from([`data: ${JSON.stringify(LONG)}\n\n`])),
  )
  return app
}
const ask = (app: FastifyInstance, url: string, encoding?: string) =>
  app.inject({url, headers: encoding === undefined ? {} : {'accept-encoding': encoding}})

test('JSON travels compressed by what both sides know, and says so to caches', async () => {
  const app = setup()
  const plain = await ask(app, '/long')
  expect(plain.headers['content-encoding']).toBeUndefined()
  expect(plain.headers['vary']).toContain('accept-encoding')
  for (const [asked, encoding, open] of [
    ['gzip, deflate, br, zstd', 'br', brotliDecompressSync],
    ['gzip', 'gzip', gunzipSync],
  ] as const) {
    const {headers, rawPayload} = await ask(app, '/long', asked)
    expect(headers['content-encoding']).toBe(encoding)
    expect(headers['vary']).toContain('accept-encoding')
    expect(Number(headers['content-length'])).toBe(rawPayload.length)
    expect(rawPayload.length).toBeLessThan(plain.rawPayload.length / 3)
    expect(JSON.parse(open(rawPayload).toString())).toEqual(LONG)
    // The tag is that of the figures, however they travel.
    expect(headers['etag']).toBe(plain.headers['etag'])
  }
})

test('small answers, unchanged ones and heads are not touched', async () => {
  const app = setup()
  const small = await ask(app, '/short', 'br')
  expect([small.headers['content-encoding'], small.body]).toEqual([undefined, '{"ok":true}'])
  const tag = (await ask(app, '/long')).headers['etag']
  const headers = {'accept-encoding': 'br', 'if-none-match': String(tag)}
  const unchanged = await app.inject({url: '/long', headers})
  expect([unchanged.statusCode, unchanged.body]).toEqual([304, ''])
  expect(unchanged.headers['content-encoding']).toBeUndefined()
  const head = await app.inject({url: '/long', method: 'HEAD', headers: {'accept-encoding': 'br'}})
  expect([head.statusCode, head.body]).toEqual([200, ''])
})

test('a stream of events is sent as it comes', async () => {
  const {headers, body} = await ask(setup(), '/live', 'br, gzip')
  expect(headers['content-encoding']).toBeUndefined()
  expect(body).toContain('data: {"items"')
})

test.each([
  [undefined, undefined],
  ['', undefined],
  ['identity', undefined],
  ['gzip', 'gzip'],
  ['br;q=0, gzip', 'gzip'],
  ['br;q=0.5, gzip;q=0.8', 'gzip'],
  ['*', 'br'],
  ['*;q=0', undefined],
  ['gzip;q=nonsense', undefined],
  ['GZIP', 'gzip'],
])('Accept-Encoding: %s is answered by %s', (accepted, encoding) => {
  expect(chooseEncoding(accepted)).toBe(encoding)
})
