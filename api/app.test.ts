import {pino} from 'pino'
import {expect, onTestFinished, test} from 'vitest'
import {createMetrics} from '../platform/metrics.ts'
import {activity} from '../streams/sample/activity.ts'
import {content} from '../streams/sample/content.ts'
import {engagement} from '../streams/sample/engagement.ts'
import {buildApp, type Api, type AppOptions} from './app.ts'
import {createCursors} from './cursor.ts'
import type {Database, Rows} from './database.ts'
import {createKeyStore} from './key-store.ts'
import {createApiMetrics} from './metrics.ts'
import {makeKey} from './access.ts'
import {conclude, finding} from './pipeline/findings.ts'

type Answer = (text: string, values: readonly unknown[]) => readonly unknown[]

function fakeDatabase(answer: Answer): Database {
  const query: Database['query'] = <T>(text: string, values: readonly unknown[] = []) => {
    const rows = answer(text, values) as readonly T[]
    return Promise.resolve<Rows<T>>({rows, rowCount: rows.length})
  }
  return {query, transaction: async work => await work({query})}
}

const KEY = makeKey()
const UNHEALTHY = conclude([finding('service-away', 'The relay is away.', 'http://10.0.0.7:3001')])
const OPTIONS: AppOptions = {
  access: 'keys',
  production: false,
  secret: 'test-secret',
  corsOrigins: ['https://pages.example'],
  trustProxy: false,
  bodyBytesMax: 10_000,
  requestTimeoutMs: 5000,
  perKeyPerMinute: 0,
  perAddressPerMinute: 0,
  inFlightMax: 100,
  eventLoopDelayMsMax: 0,
}

async function setup(
  options: Partial<AppOptions> = {},
  scopes: readonly string[] = ['read', 'write', 'admin'],
  verdict = {now: UNHEALTHY},
  contents: readonly object[] = [],
): Promise<Api> {
  const db = fakeDatabase((text, values) => {
    if (text.includes('FROM api.keys') || text.includes('UPDATE api.keys')) {
      return values[0] === KEY.prefix
        ? [{prefix: KEY.prefix, hash: KEY.hash, scopes, expires_at: null, revoked_at: null}]
        : []
    }
    return text.includes('FROM "public"."content"') ? contents : []
  })
  const counts = new Map<string, number>()
  const registry = createMetrics()
  const app = await buildApp(
    {
      db,
      cursors: createCursors('test-secret'),
      keys: createKeyStore(db),
      metrics: createApiMetrics(registry),
      waits: {until: () => Promise.reject(new Error('not here'))},
      activityWorker: {name: 'worker', run: async () => {}, wake: () => {}},
      streams: [content, engagement, activity],
      health: {
        registry,
        readiness: async () => ({ready: false, reasons: ['still'], details: {}}),
        verdict: async () => verdict.now,
      },
    },
    {
      logger: pino({level: 'silent'}),
      counter: {
        add: async (key, amount) => {
          counts.set(key, (counts.get(key) ?? 0) + amount)
          return counts.get(key)!
        },
      },
    },
    {...OPTIONS, ...options},
  )
  onTestFinished(async () => await app.close())
  return app
}

const withKey = {authorization: `Bearer ${KEY.key}`}

test('health needs no key and says why the pipeline is not ready', async () => {
  const app = await setup()
  expect((await app.inject('/health/live')).json()).toEqual({live: true})
  const ready = await app.inject('/health/ready')
  expect(ready.statusCode).toBe(503)
  expect(ready.json()).toEqual({ready: false, reasons: ['still'], details: {}})
})

test('health of the whole is 503 with what is wrong and what to do, and needs no key', async () => {
  const verdict = {now: UNHEALTHY}
  const app = await setup({}, ['read'], verdict)
  const {todo, runbook} = UNHEALTHY.findings[0]!
  const told = {code: 'service-away', severity: 'error', what: 'The relay is away.', todo, runbook}
  const answer = await app.inject('/health')
  expect(answer.statusCode).toBe(503)
  expect(answer.json()).toEqual({
    healthy: false,
    state: 'unhealthy',
    findings: [{...told, detail: null}],
  })
  verdict.now = conclude([])
  const healthy = await app.inject('/health')
  expect([healthy.statusCode, healthy.json()]).toEqual([
    200,
    {healthy: true, state: 'healthy', findings: []},
  ])
})

test('addresses are told to administrators only, and the pages are answered 200 in any case', async () => {
  const detailFor = async (scopes: readonly string[]): Promise<unknown> => {
    const app = await setup({}, scopes)
    const answer = await app.inject({url: '/v1/platform/health', headers: withKey})
    expect(answer.statusCode).toBe(200)
    return answer.json().findings[0].detail
  }
  expect(await detailFor(['admin'])).toBe('http://10.0.0.7:3001')
  expect(await detailFor(['read'])).toBeNull()
})

test('the OpenAPI document is 3.1 and names a scope or none for every route', async () => {
  const app = await setup()
  const document = (await app.inject('/openapi.json')).json()
  expect(document.openapi).toBe('3.1.0')
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const operation of Object.values(methods as Record<string, {security: unknown[]}>)) {
      const open = /^\/(health|metrics|problems)/.test(path)
      expect([path, operation.security.length]).toEqual([path, open ? 0 : 2])
    }
  }
})

test('a list without members is a header as CSV, and JSON comes where CSV is not preferred', async () => {
  const app = await setup()
  const ask = async (accept?: string) =>
    await app.inject({
      url: '/v1/content',
      headers: {...withKey, ...(accept === undefined ? {} : {accept})},
    })
  const csv = await ask('text/csv')
  expect(csv.headers['content-type']).toBe('text/csv; charset=utf-8; header=present')
  expect(csv.body).toBe('id,slug,title,content_type,length_seconds,publish_ts\r\n')
  for (const accept of [undefined, '*/*', 'text/csv;q=0.5, application/json']) {
    expect((await ask(accept)).json()).toMatchObject({items: [], page: {next_cursor: null}})
  }
})

const CONTENTS = [1, 2].map(n => ({
  id: `${n}1111111-1111-1111-1111-111111111111`,
  slug: `s${n}`,
  title: 'A, B',
  content_type: null,
  length_seconds: 60,
  publish_ts: '2026-01-01T00:00:00.000000Z',
}))

test('one object is one row of CSV', async () => {
  const app = await setup({}, ['read'], {now: UNHEALTHY}, CONTENTS)
  const [{id, publish_ts: at}] = CONTENTS as [(typeof CONTENTS)[number]]
  const one = await app.inject({
    url: `/v1/content/${id}`,
    headers: {...withKey, accept: 'text/csv'},
  })
  expect(one.body).toBe(
    `id,slug,title,content_type,length_seconds,publish_ts\r\n${id},s1,"A, B",,60,${at}\r\n`,
  )
})

test('CSV of a page says where the next one is', async () => {
  const app = await setup({}, ['read'], {now: UNHEALTHY}, CONTENTS)
  const headers = {...withKey, accept: 'text/csv'}
  const page = await app.inject({url: '/v1/content?limit=1', headers})
  expect(page.body.trim().split('\r\n')).toHaveLength(2)
  const link = String(page.headers['link'])
  const next = /^<(\/v1\/content\?limit=1&cursor=[^>]+)>; rel="next"$/.exec(link)?.[1]
  expect((await app.inject({url: next!, headers})).statusCode).toBe(200)
})

test('without a key, with a wrong one and with a key in the address the answer is 401', async () => {
  const app = await setup()
  const other = makeKey()
  const forged = `${KEY.key.slice(0, -4)}AAAA`
  const tries = [
    app.inject('/v1/content'),
    app.inject(`/v1/content?key=${KEY.key}`),
    app.inject({url: '/v1/content', headers: {authorization: `Bearer ${other.key}`}}),
    app.inject({url: '/v1/content', headers: {authorization: `Bearer ${forged}`}}),
    app.inject({url: '/v1/content', headers: {authorization: 'Bearer x'}}),
    app.inject({url: '/v1/content', headers: {cookie: 'oam_session=abcdefgh.9999999999999.x'}}),
  ]
  for (const answer of await Promise.all(tries)) {
    expect(answer.statusCode).toBe(401)
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer/)
    expect(answer.headers['content-type']).toMatch('application/problem+json')
    expect(answer.body).not.toContain(KEY.key)
  }
})

test('a key without the scope is told which one it lacks', async () => {
  const app = await setup({}, ['read'])
  const answer = await app.inject({
    method: 'POST',
    url: '/api/activity',
    headers: withKey,
    payload: {user_id: 'u', activity_type: 't'},
  })
  expect(answer.statusCode).toBe(403)
  expect(answer.json().detail).toMatch('write')
  expect((await app.inject({url: '/v1/admin/keys', headers: withKey})).statusCode).toBe(403)
})

test('a key buys a cookie that reads, and writes only from our own pages', async () => {
  const app = await setup()
  const session = await app.inject({method: 'POST', url: '/v1/session', headers: withKey})
  expect(session.statusCode).toBe(200)
  expect(session.json()).toMatchObject({by: 'key', roles: ['content', 'engagement', 'activity']})
  const setCookie = String(session.headers['set-cookie'])
  expect(setCookie).toMatch(/HttpOnly/)
  expect(setCookie).toMatch(/SameSite=Strict/)
  const cookie = setCookie.split(';', 1)[0]!
  expect((await app.inject({url: '/v1/content', headers: {cookie}})).statusCode).toBe(200)
  const write = async (headers: Record<string, string>): Promise<number> => {
    const answer = await app.inject({
      method: 'DELETE',
      url: '/v1/session',
      headers: {cookie, host: 'api.example', ...headers},
    })
    return answer.statusCode
  }
  expect(await write({})).toBe(403)
  expect(await write({origin: 'https://evil.example'})).toBe(403)
  expect(await write({origin: 'http://api.example'})).toBe(204)
  expect(await write({origin: 'https://pages.example'})).toBe(204)
  const openSocket = async (origin: string) => {
    const headers = {cookie, host: 'api.example', upgrade: 'websocket', origin}
    return (await app.inject({url: '/v1/content', headers})).statusCode
  }
  expect(await openSocket('https://evil.example')).toBe(403)
  expect(await openSocket('http://api.example')).toBe(200)
})

test('open access is for this machine and its own pages only', async () => {
  const app = await setup({access: 'open'})
  const ask = async (headers: Record<string, string>): Promise<number> =>
    (await app.inject({url: '/v1/content', headers})).statusCode
  expect(await ask({host: '127.0.0.1:3000'})).toBe(200)
  expect(await ask({host: 'localhost:3000', origin: 'http://localhost:3000'})).toBe(200)
  expect(await ask({host: 'evil.example'})).toBe(403)
  expect(await ask({host: 'localhost:3000', origin: 'https://evil.example'})).toBe(403)
})

test('an unknown address is 404; a known one with another method is 405 with what is allowed', async () => {
  const app = await setup()
  expect((await app.inject({url: '/nothing', headers: withKey})).statusCode).toBe(404)
  const answer = await app.inject({method: 'PUT', url: '/v1/content/x', headers: withKey})
  expect(answer.statusCode).toBe(405)
  expect(answer.headers['allow']).toBe('GET, HEAD, PATCH, DELETE')
})

test.each([
  ['an unknown parameter', '/v1/content?colour=red', 'colour', 'red'],
  ['a limit that is too high', '/v1/content?limit=501', 'limit', 501],
  ['a limit that is no number', '/v1/content?limit=many', 'limit', 'many'],
  ['an order that is not offered', '/v1/content?order=id;drop', 'order', 'id;drop'],
  ['NUL', '/v1/content?search=a%00b', 'search', 'a\uFFFDb'],
  ['an id that is none', '/v1/content/1', 'id', '1'],
  ['a cursor that is none', '/v1/content?cursor=abc', 'cursor', 'abc'],
])('%s is refused with field and value', async (_what, url, field, value) => {
  const app = await setup()
  const answer = await app.inject({url, headers: withKey})
  expect(answer.statusCode).toBe(400)
  expect(answer.json().errors).toContainEqual(expect.objectContaining({field, value}))
})

test.each([
  ['a type that is unknown', {event_type: 'view'}, '/event_type'],
  ['a negative duration', {event_type: 'play', duration_ms: -1}, '/duration_ms'],
  ['a field too many', {event_type: 'play', id: 7}, '/id'],
  ['a missing field', {device: 'ios'}, '/event_type'],
  ['text for a number', {event_type: 'play', duration_ms: '5'}, '/duration_ms'],
  ['NUL in text', {event_type: 'play', device: 'a\0b'}, '/device'],
  [
    'NUL deep inside',
    {event_type: 'play', raw_payload: {a: [{'b/c': '\0'}]}},
    '/raw_payload/a/0/b~1c',
  ],
  ['half a surrogate', {event_type: 'play', raw_payload: {a: '\uD800'}}, '/raw_payload/a'],
  ['one bad of many', {events: [{event_type: 'play'}, {event_type: 'x'}]}, '/events/1/event_type'],
  ['no event at all', {events: []}, '/events'],
])('a body with %s is refused with its place', async (_what, payload, pointer) => {
  const app = await setup()
  const answer = await app.inject({
    method: 'POST',
    url: '/v1/engagement-events',
    headers: withKey,
    payload,
  })
  expect(answer.statusCode).toBe(400)
  expect(answer.json().errors.map((error: {field: string}) => error.field)).toContain(pointer)
})

test.each([
  ['__proto__', '{"event_type":"play","raw_payload":{"__proto__":{"a":1}}}', 400],
  [
    'a prototype by constructor',
    '{"event_type":"play","raw_payload":{"constructor":{"prototype":1}}}',
    400,
  ],
  ['nesting without end', '['.repeat(10_000), 400],
  ['a number beyond all', '{"event_type":"play","raw_payload":{"a":1e999}}', 400],
  ['no JSON', '{', 400],
  ['nothing', '', 400],
  ['too much', `"${'a'.repeat(10_001)}"`, 413],
])('a body of %s is refused', async (_what, payload, status) => {
  const app = await setup()
  const headers = {...withKey, 'content-type': 'application/json'}
  const answer = await app.inject({method: 'POST', url: '/v1/engagement-events', headers, payload})
  expect(answer.statusCode).toBe(status)
  expect(answer.headers['content-type']).toMatch('application/problem+json')
})

test('a body that is not JSON by its type is 415', async () => {
  const app = await setup()
  const headers = {...withKey, 'content-type': 'text/plain'}
  const answer = await app.inject({method: 'POST', url: '/api/activity', headers, payload: 'x'})
  expect(answer.statusCode).toBe(415)
})

test('times that do not exist or lie more than a day ahead are refused by name', async () => {
  const app = await setup()
  for (const time of ['2026-02-30T00:00:00Z', '1969-12-31T23:59:59Z', '2199-01-01T00:00:00Z']) {
    const answer = await app.inject({
      method: 'POST',
      url: '/v1/engagement-events',
      headers: withKey,
      payload: {events: [{event_type: 'play'}, {event_type: 'play', event_ts: time}]},
    })
    expect([400, 422]).toContain(answer.statusCode)
    expect(answer.json().errors[0]).toMatchObject({field: '/events/1/event_ts', value: time})
  }
})

test('limits answer 429 and say when to come back, by key and by address', async () => {
  for (const limit of [{perKeyPerMinute: 3}, {perAddressPerMinute: 3}]) {
    const app = await setup(limit)
    const statuses: number[] = []
    for (let i = 0; i < 5; i++) {
      statuses.push((await app.inject({url: '/v1/content', headers: withKey})).statusCode)
    }
    expect(statuses).toEqual([200, 200, 200, 429, 429])
    const last = await app.inject({url: '/v1/content', headers: withKey})
    expect(Number(last.headers['retry-after'])).toBeGreaterThan(0)
  }
})

test('an answer that did not change is 304, also when its age did', async () => {
  const app = await setup()
  const first = await app.inject({url: '/v1/content', headers: withKey})
  const tag = String(first.headers['etag'])
  expect(first.headers['cache-control']).toMatch('max-age=0')
  const again = await app.inject({
    url: '/v1/content',
    headers: {...withKey, 'if-none-match': `"x", ${tag}`},
  })
  expect(again.statusCode).toBe(304)
  expect(again.body).toBe('')
})

test('pages get a strict content security policy, and other origins no CORS', async () => {
  const app = await setup()
  const answer = await app.inject({
    url: '/v1/content',
    headers: {...withKey, origin: 'https://evil.example'},
  })
  expect(answer.headers['content-security-policy']).toMatch("script-src 'self'")
  expect(answer.headers['access-control-allow-origin']).toBeUndefined()
  const known = await app.inject({
    url: '/v1/content',
    headers: {...withKey, origin: 'https://pages.example'},
  })
  expect(known.headers['access-control-allow-origin']).toBe('https://pages.example')
})
