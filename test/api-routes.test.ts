/**
 * INV-68: every route of the OpenAPI document, asked for what it must refuse, with all stores away: refusals
 * come before any store is asked, and what needs one is 503. Answers are tested on real stores.
 */
import {afterAll, describe, expect, test} from 'vitest'
import {makeKey} from '../api/access.ts'
import {ADMIN, BODY_BYTES_MAX, composeAway, NOTHING} from './api-away.ts'

interface Schema {
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly maxLength?: number
  readonly maxItems?: number
}

interface Parameter {
  readonly in: string
  readonly name: string
  readonly required?: boolean
  readonly example?: string | number
  readonly schema: Schema
}

interface Operation {
  readonly security: readonly unknown[]
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: {readonly content: Readonly<Record<string, {readonly schema: Schema}>>}
  readonly responses: Readonly<Record<string, {readonly content?: object}>>
}

interface Route {
  readonly name: string
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly operation: Operation
}

const {app} = await composeAway()
await app.ready()
const document = (await app.inject('/openapi.json')).json<{
  paths: Record<string, Record<string, Operation>>
}>()
/** GraphQL refuses in its own form: its tests are in api/graphql. */
const PATHS = Object.entries(document.paths).filter(([path]) => path !== '/graphql')
const ROUTES: readonly Route[] = PATHS.flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => {
    const name = `${method.toUpperCase()} ${path}`
    return {name, method: method.toUpperCase() as Route['method'], path, operation}
  }),
)
const GUARDED = ROUTES.filter(({operation}) => operation.security.length > 0)
const WITH_BODY = GUARDED.filter(({operation}) => operation.requestBody !== undefined)

test('the document has its routes: without them every test below would pass', () => {
  expect(ROUTES.length).toBeGreaterThan(45)
  expect(WITH_BODY.length).toBeGreaterThan(4)
})
afterAll(async () => await app.close())

const GOOD: Readonly<Record<string, string>> = {
  id: '11111111-1111-1111-1111-111111111111',
  dimension: 'device',
  stream: 'engagement',
  topic: 'user_activity',
  subject: 'user_activity-value',
  prefix: 'abcdefgh',
  by: 'content_id',
}

/** A value that the schema of a path's parameter takes. */
function goodValue({name, schema, example}: Parameter): string {
  if (schema.pattern?.includes('outbox:') === true) return 'outbox:1'
  if (schema.pattern?.startsWith('^[1-9]') === true) return '1'
  if (schema.enum !== undefined) return String(schema.enum[0])
  if (schema.type === 'integer') return '1'
  if (example !== undefined) return String(example)
  return GOOD[name] ?? 'x'
}

const isLive = ({operation}: Route): boolean =>
  'text/event-stream' in (operation.responses['200']?.content ?? {})

const parametersOf = ({operation}: Route, place: string): readonly Parameter[] =>
  (operation.parameters ?? []).filter(one => one.in === place)

function addressOf(route: Route, changes: Readonly<Record<string, string>> = {}): string {
  return route.path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => {
    const parameter = parametersOf(route, 'path').find(one => one.name === name)!
    return encodeURIComponent(changes[name] ?? goodValue(parameter))
  })
}

/** What the route cannot be asked without. */
function queryOf(route: Route, changes: Readonly<Record<string, string>> = {}): string {
  const needed = parametersOf(route, 'query').filter(one => one.required === true)
  const own = Object.fromEntries(needed.map(one => [one.name, goodValue(one)]))
  return String(new URLSearchParams({...own, ...changes}))
}

/** Values that a schema refuses, each for another reason. */
function badValues({type, enum: values, pattern, minimum, maximum, maxLength}: Schema): string[] {
  const types = new Set([type].flat())
  const bad: string[] = []
  if (values !== undefined) bad.push('nothing-of-the-list')
  if (types.has('integer') || types.has('number')) bad.push('many', '1e999')
  if (types.has('integer')) bad.push('1.5')
  if (types.has('boolean')) bad.push('perhaps')
  if (minimum !== undefined) bad.push(String(minimum - 1))
  if (maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER) bad.push(String(maximum + 1))
  if (pattern !== undefined) bad.push('\0')
  if (maxLength !== undefined) bad.push('a'.repeat(maxLength + 1))
  return bad
}

interface Asked {
  readonly url: string
  readonly key?: string | undefined
  readonly payload?: string
  readonly type?: string
}

async function ask(route: Route, {url, key = ADMIN.key, payload, type}: Asked) {
  const answer = await app.inject({
    method: route.method,
    url,
    headers: {
      ...(key === '' ? {} : {authorization: `Bearer ${key}`}),
      ...(payload === undefined ? {} : {'content-type': type ?? 'application/json'}),
    },
    ...(payload === undefined ? {} : {payload}),
  })
  return {status: answer.statusCode, headers: answer.headers, text: answer.body}
}

type Answer = Awaited<ReturnType<typeof ask>>

/** That the answer is a problem with this status, which the document states for the route. */
function expectProblem(route: Route, answer: Answer, statuses: readonly number[]): void {
  const what = `${answer.status} ${answer.text.slice(0, 300)}`
  expect(statuses, what).toContain(answer.status)
  expect(answer.headers['content-type'], what).toMatch('application/problem+json')
  expect(JSON.parse(answer.text)).toMatchObject({status: answer.status})
  expect(Object.keys(route.operation.responses), what).toContain(String(answer.status))
}

describe('who asks', () => {
  test.each(GUARDED.map(route => [route.name, route] as const))(
    '%s: 401 without a key, 403 with one that may nothing',
    async (_name, route) => {
      const url = addressOf(route)
      const payload = route.operation.requestBody === undefined ? {} : {payload: '{}'}
      expectProblem(route, await ask(route, {url, key: '', ...payload}), [401])
      // Signing in and out needs a key, whatever it may.
      if (route.path === '/v1/session') return
      expectProblem(route, await ask(route, {url, key: NOTHING.key, ...payload}), [403])
    },
  )

  test.each([
    ['no key', '', 401],
    ['an unknown key', makeKey().key, 401],
    ['a key that may nothing', NOTHING.key, 403],
  ])('GraphQL with %s: refused as anywhere else', async (_, key, status) => {
    const headers = key === '' ? {} : {authorization: `Bearer ${key}`}
    const query = '{active_users}'
    for (const answer of [
      await app.inject({method: 'POST', url: '/graphql', headers, payload: {query}}),
      await app.inject({url: '/graphql', headers, query: {query}}),
    ]) {
      expect(answer.statusCode).toBe(status)
      expect(answer.headers['content-type']).toMatch('application/problem+json')
      expect(answer.headers['www-authenticate']).toBe(
        status === 401 ? 'Bearer realm="api"' : undefined,
      )
    }
  })
})

describe('what is asked', () => {
  test.each(GUARDED.map(route => [route.name, route] as const))(
    '%s: 400 for parameters that are unknown or have a bad value, with their names',
    async (_name, route) => {
      const payload = route.operation.requestBody === undefined ? {} : {payload: '{}'}
      const base = addressOf(route)
      const tries = [
        {field: 'colour', url: `${base}?${queryOf(route, {colour: 'red'})}`},
        ...parametersOf(route, 'query').flatMap(({name, schema}) =>
          badValues(schema).map(value => ({
            field: name,
            url: `${base}?${queryOf(route, {[name]: value})}`,
          })),
        ),
        ...parametersOf(route, 'path').flatMap(({name, schema}) =>
          badValues(schema).map(value => ({
            field: name,
            url: `${addressOf(route, {[name]: value})}?${queryOf(route)}`,
          })),
        ),
      ]
      for (const {field, url} of tries) {
        const answer = await ask(route, {url, ...payload})
        expectProblem(route, answer, [400])
        // The body is refused too where it is checked first.
        const {errors} = JSON.parse(answer.text) as {errors: {in: string; field: string}[]}
        const isBody = errors.some(error => error.in === 'body')
        if (!isBody)
          expect([url, errors.map(error => error.field)]).toContainEqual([
            expect.stringContaining(field),
          ])
      }
    },
  )

  const takes = (place: string, name: string) =>
    GUARDED.filter(route => parametersOf(route, place).some(one => one.name === name)).map(
      route => [route.name, route] as const,
    )

  test.each(takes('path', 'stream'))(
    '%s: 404 for a stream that is not counted',
    async (_, route) => {
      const url = `${addressOf(route, {stream: 'nothing'})}?${queryOf(route)}`
      expectProblem(route, await ask(route, {url}), [404])
    },
  )

  test.each(takes('query', 'after_event'))(
    '%s: 422 for an awaited event of a stream that is not counted, with its name',
    async (_, route) => {
      const question = JSON.stringify({metrics: ['plays'], date_range: '7d'})
      const payload = route.operation.requestBody === undefined ? {} : {payload: question}
      const url = `${addressOf(route)}?${queryOf(route, {after_event: 'nothing:1'})}`
      const answer = await ask(route, {url, ...payload})
      // Whether there is such a content is asked first.
      const isOfContent = route.path.startsWith('/v1/content/')
      expectProblem(route, answer, [isOfContent ? 503 : 422])
      if (!isOfContent) expect(answer.text).toContain('"field":"after_event"')
    },
  )

  test.each(WITH_BODY.map(route => [route.name, route] as const))(
    '%s: bodies of another form, type or size are refused',
    async (_name, route) => {
      const url = addressOf(route)
      for (const payload of ['{', '[]', '"text"', '7', '{"colour_of_it": "red"}']) {
        expectProblem(route, await ask(route, {url, payload}), [400])
      }
      const large = JSON.stringify({text: 'a'.repeat(BODY_BYTES_MAX)})
      expectProblem(route, await ask(route, {url, payload: large}), [413])
      expectProblem(route, await ask(route, {url, payload: 'a=b', type: 'text/plain'}), [415])
    },
  )
})

test.each([
  ['a', 503],
  ['€', 503],
  ['/', 503],
  ['aa', 400],
])('a user may be called by 1,024 characters, %s: %i', async (letter, status) => {
  const headers = {authorization: `Bearer ${ADMIN.key}`}
  for (const part of ['stats', 'days', 'activity']) {
    const url = `/v1/users/${encodeURIComponent(letter.repeat(1024))}/${part}`
    const answer = await app.inject({url, headers})
    expect([part, answer.statusCode]).toEqual([part, status])
  }
})

describe('without stores', () => {
  test.each(GUARDED.map(route => [route.name, route] as const))(
    '%s: 503 that says when to come back, or an answer that needs none',
    async (_name, route) => {
      if (route.operation.requestBody !== undefined || isLive(route)) {
        return expect(Object.keys(route.operation.responses)).toContain('503')
      }
      const answer = await ask(route, {url: `${addressOf(route)}?${queryOf(route)}`})
      if (answer.status === 204) return expect(answer.text).toBe('')
      if (answer.status < 400) return expect(answer.headers['content-type']).toMatch('json')
      // Keys are known here, and this one is not among them.
      if (route.path.startsWith('/v1/admin/keys')) return expectProblem(route, answer, [404])
      expectProblem(route, answer, [503])
      return expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
    },
  )
})
