/** INV-68: what the OpenAPI document says holds: names, words, examples, versions, types of answers. */
import {readFileSync} from 'node:fs'
import {Ajv2020} from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import {buildSchema, printSchema} from 'graphql'
import {afterAll, describe, expect, test} from 'vitest'
import {graphOf} from '../api/graphql/schema.ts'
import {planStream} from '../readmodel/plan.ts'
import {loadStreams} from '../streams/load.ts'
import {ADMIN, composeAway} from './api-away.ts'

type Schema = Readonly<Record<string, unknown>>

/** The name of what a reference leads to. */
const nameOf = (schema: Schema | undefined): string =>
  ((schema?.['$ref'] ?? '') as string).split('/').at(-1)!

interface Media {
  readonly schema?: Schema
  readonly example?: unknown
  readonly examples?: Readonly<Record<string, {readonly value: unknown}>>
}

interface Parameter extends Media {
  readonly in: 'path' | 'query' | 'header'
  readonly name: string
  readonly description?: string
  readonly required?: boolean
}

interface Operation {
  readonly operationId?: string
  readonly summary?: string
  readonly tags?: readonly string[]
  readonly deprecated?: boolean
  readonly security: readonly unknown[]
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: {readonly content: Readonly<Record<string, Media>>}
  readonly responses: Readonly<
    Record<string, {readonly description: string; readonly content?: Record<string, Media>}>
  >
  readonly 'x-exclusive-parameters'?: readonly (readonly string[])[]
}

interface Document {
  readonly info: {readonly version: string}
  readonly tags: readonly {readonly name: string}[]
  readonly components: {readonly schemas: Readonly<Record<string, Schema>>}
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

const {app} = await composeAway()
await app.ready()
afterAll(async () => await app.close())
const document = (await app.inject('/openapi.json')).json<Document>()

interface Route {
  readonly name: string
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly operation: Operation
}

const ROUTES: readonly Route[] = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    name: `${method.toUpperCase()} ${path}`,
    method: method.toUpperCase() as Route['method'],
    path,
    operation,
  })),
)
const parametersOf = ({operation}: Route): readonly Parameter[] => operation.parameters ?? []
const isLive = ({operation}: Route): boolean =>
  operation.responses['200']?.content?.['text/event-stream'] !== undefined
const bodyOf = ({operation}: Route): Media | undefined =>
  operation.requestBody?.content['application/json']

const badOnes = (isBad: (route: Route) => boolean): readonly string[] =>
  ROUTES.filter(isBad).map(({name}) => name)

describe('names and words', () => {
  test('every operation has a name of its own, a summary, and a tag that is explained', () => {
    expect(ROUTES.length).toBeGreaterThan(55)
    const tags = new Set(document.tags.map(({name}) => name))
    const isBad = ({operation: {operationId, summary, tags: own = []}}: Route): boolean =>
      !/^[a-z][A-Za-z]+$/.test(operationId ?? '') ||
      summary === undefined ||
      own.length !== 1 ||
      !tags.has(own[0]!)
    expect(badOnes(isBad)).toEqual([])
    const ids = ROUTES.map(({operation}) => operation.operationId)
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([])
  })

  test('every parameter is described', () => {
    const bad = ROUTES.flatMap(route =>
      parametersOf(route)
        .filter(({description = ''}) => description === '')
        .map(({name}) => `${route.name} ${name}`),
    )
    expect(bad).toEqual([])
  })

  test('every body and every JSON answer has a named schema, and every answer words of its own', () => {
    const bad: string[] = []
    const check = (name: string, {schema = {}}: Media): void => {
      if (!String(schema['$ref']).startsWith('#/components/schemas/') && !('anyOf' in schema)) {
        bad.push(name)
      }
    }
    for (const {name, operation} of ROUTES) {
      const body = operation.requestBody?.content['application/json']
      if (body !== undefined) check(`${name} body`, body)
      for (const [status, {content = {}, description}] of Object.entries(operation.responses)) {
        if (description === 'Default Response') bad.push(`${name} ${status} has no words`)
        for (const [type, media] of Object.entries(content)) {
          if (type.includes('json') || type === 'text/event-stream') {
            check(`${name} ${status} ${type}`, media)
          }
        }
      }
    }
    expect(bad).toEqual([])
    const names = Object.keys(document.components.schemas)
    expect(names).toEqual(
      expect.arrayContaining(['Content', 'Metrics', 'Bucket', 'Meta', 'Problem', 'ProblemDetail']),
    )
  })

  test('what has a pattern says in words what it takes', () => {
    const silent: string[] = []
    const walk = (value: unknown, path: string): void => {
      if (typeof value !== 'object' || value === null) return
      const {pattern, 'x-expected': words} = value as Record<string, unknown>
      if (typeof pattern === 'string' && typeof words !== 'string') silent.push(path)
      for (const [name, inner] of Object.entries(value)) walk(inner, `${path}/${name}`)
    }
    for (const route of ROUTES) walk([parametersOf(route), bodyOf(route)], route.name)
    walk(document.components.schemas, '')
    expect(silent).toEqual([])
  })

  test('milliseconds are whole ones', () => {
    const found: [string, unknown][] = []
    for (const [name, {properties = {}}] of Object.entries(document.components.schemas)) {
      for (const [field, {type}] of Object.entries(properties as Record<string, Schema>)) {
        if (/(^|_)ms(_|$)|^milliseconds$/.test(field)) found.push([`${name}.${field}`, type])
      }
    }
    expect(found.map(([name]) => name)).toEqual(
      expect.arrayContaining(['Meta.age_ms', 'Platform.latency_ms_p99', 'Store.milliseconds']),
    )
    expect(found.filter(([, type]) => ![type].flat().includes('integer'))).toEqual([])
  })

  test('there is one version: that of the package', () => {
    const {version} = JSON.parse(readFileSync('package.json', 'utf8')) as {version: string}
    expect(document.info.version).toBe(version)
  })
})

describe('examples', () => {
  const examplesOf = ({example, examples = {}, schema = {}}: Media): readonly unknown[] => {
    const own = example === undefined ? [] : [example]
    const ofSchema = (schema['examples'] ?? []) as readonly unknown[]
    return [...own, ...Object.values(examples).map(({value}) => value), ...ofSchema]
  }

  /** The address with the given parameters. Needed ones have examples. */
  function urlOf(route: Route, isWanted: (parameter: Parameter) => boolean): string {
    const search = new URLSearchParams()
    let path = route.path
    for (const parameter of parametersOf(route)) {
      const [example] = examplesOf(parameter)
      if (parameter.in === 'path') {
        path = path.replace(`{${parameter.name}}`, encodeURIComponent(String(example)))
      }
      if (parameter.in !== 'query' || example === undefined) continue
      if (parameter.required !== true && !isWanted(parameter)) continue
      for (const value of [example].flat()) search.append(parameter.name, value as string)
    }
    return `${path}?${search.toString()}`
  }

  const bodiesOf = (route: Route): readonly unknown[] => {
    const media = bodyOf(route)
    if (media === undefined) return [undefined]
    const name = nameOf(media.schema)
    const schema = document.components.schemas[name] ?? media.schema!
    return [...examplesOf(media), ...examplesOf({schema})]
  }

  async function ask({method}: Route, url: string, body: unknown) {
    const headers = {
      authorization: `Bearer ${ADMIN.key}`,
      ...(body === undefined ? {} : {'content-type': 'application/json'}),
    }
    const payload = body === undefined ? {} : {payload: JSON.stringify(body)}
    return await app.inject({method, url, headers, ...payload})
  }

  // Streams stay open once they are accepted; their parameters are those of other routes.
  const ASKED = ROUTES.filter(route => !isLive(route))

  test.each(ASKED.map(route => [route.name, route] as const))(
    '%s: what is needed has an example, and every example is accepted, alone and with the others',
    async (_name, route) => {
      const needed = parametersOf(route).filter(({required}) => required === true)
      expect(needed.filter(one => examplesOf(one).length === 0).map(({name}) => name)).toEqual([])
      const bodies = bodiesOf(route)
      expect(bodies.length).toBeGreaterThan(0)
      const urls = [
        urlOf(route, () => true),
        ...parametersOf(route).map(one => urlOf(route, other => other === one)),
      ]
      for (const url of new Set(urls)) {
        for (const body of bodies) {
          const {statusCode, body: text} = await ask(route, url, body)
          expect([400, 422], `${url} ${JSON.stringify(body)} ${text}`).not.toContain(statusCode)
        }
      }
    },
  )

  test('parameters that exclude each other say so, and are refused together by name', async () => {
    const exclusive = ROUTES.filter(({operation}) => 'x-exclusive-parameters' in operation)
    expect(exclusive.length).toBeGreaterThan(6)
    for (const route of exclusive) {
      const words = parametersOf(route).find(({name}) => name === 'period')!.description
      expect(words).toContain('Not together with `from` and `to`')
      const url = `${urlOf(route, () => false)}&period=7d&from=2026-01-01`
      const answer = await ask(route, url, undefined)
      expect([route.name, answer.statusCode]).toEqual([route.name, 422])
      expect(answer.json<{errors: unknown[]}>().errors).toMatchObject([{field: 'period'}])
    }
  })
})

describe('streams and GraphQL', () => {
  const resolve = (schema: Schema): Schema => {
    return document.components.schemas[nameOf(schema)] ?? schema
  }

  test('every live stream has a schema for each of its messages', () => {
    const events = ROUTES.filter(isLive).map(({path, operation}) => {
      const media = operation.responses['200']!.content!['text/event-stream']!
      const messages = resolve(media.schema!)['anyOf'] as readonly Schema[]
      const names = messages.flatMap(message => {
        const {event, data} = resolve(message)['properties'] as Record<string, Schema>
        expect(resolve(data!)['type']).toBe('object')
        return event!['enum'] as readonly string[]
      })
      return [path, names]
    })
    expect(Object.fromEntries(events)).toEqual({
      '/v1/live/content/{id}': ['content', 'stale', 'dropped'],
      '/v1/streams/{stream}/live': ['figures', 'stale', 'dropped'],
      '/v1/streams/{stream}/top/live': ['top', 'stale', 'dropped'],
      '/v1/alerts/live': ['alerts', 'stale', 'dropped'],
      '/v1/live/leaderboard': ['leaderboard', 'stale', 'dropped'],
      '/v1/live/platform': ['platform', 'history', 'stale', 'dropped'],
      '/v1/live/activity': ['engagement', 'activity', 'gap', 'stale', 'dropped'],
      '/v1/live/requests/{id}': ['request', 'stale', 'dropped'],
    })
  })

  test('messages are of their schema: figures, that there are none now, and the end', async () => {
    const {app: own} = await composeAway()
    const url = await own.listen({host: '127.0.0.1', port: 0})
    const headers = {authorization: `Bearer ${ADMIN.key}`}
    const open = async (kind: string) => await fetch(`${url}/v1/live/${kind}`, {headers})
    const streams = {
      PlatformStreamMessage: await open('platform'),
      LeaderboardStreamMessage: await open('leaderboard'),
    }
    await own.close()
    const ajv = new Ajv2020({strict: false}).addSchema(document, 'document')
    addFormats.default(ajv)
    const told: string[] = []
    for (const [name, stream] of Object.entries(streams)) {
      const isOfSchema = ajv.compile({$ref: `document#/components/schemas/${name}`})
      const text = await stream.text()
      for (const [, event, data] of text.matchAll(/^event: (\w+)\ndata: (.+)$/gm)) {
        expect(
          isOfSchema({event, data: JSON.parse(data!)}),
          ajv.errorsText(isOfSchema.errors),
        ).toBe(true)
        told.push(event!)
      }
    }
    expect(told).toEqual(['platform', 'dropped', 'stale', 'dropped'])
  })

  test('GraphQL is in the document, and its schema is the file among the documents', async () => {
    const {post, get} = document.paths['/graphql']!
    expect(post!.operationId).toBe('graphql')
    expect(get).toBeUndefined()
    const streams = await loadStreams('streams')
    const counted = streams.filter(({isReference}) => !isReference)
    const {sdl} = graphOf(counted.map(planStream), streams)
    expect(readFileSync('docs/schema.graphql', 'utf8')).toBe(`${printSchema(buildSchema(sdl))}\n`)
  })
})

describe('the page', () => {
  test('it asks for nothing over TLS, so that it works over plain HTTP under any name', async () => {
    const answer = await app.inject({url: '/docs/', headers: {host: 'analytics.internal:3000'}})
    expect(answer.statusCode).toBe(200)
    const policy = String(answer.headers['content-security-policy'])
    expect(policy).toContain("script-src 'self'")
    expect(policy).not.toMatch(/upgrade-insecure-requests|https:/)
    expect(answer.headers['strict-transport-security']).toBeUndefined()
    expect(answer.body).toContain('<title>Content engagement')
  })

  test('its sign is that of the pages', async () => {
    const sign = readFileSync('dashboard/public/icon.svg', 'utf8')
    expect(readFileSync('api/plugins/logo.svg', 'utf8')).toBe(sign)
    const icon = await app.inject('/docs/static/theme/icon.svg')
    expect(icon.body).toBe(sign)
    const script = await app.inject('/docs/static/swagger-initializer.js')
    expect(script.body).toContain(Buffer.from(sign).toString('base64'))
  })
})

test('paths that have a successor are deprecated in the document and in their answers', async () => {
  const deprecated = ROUTES.filter(({operation}) => operation.deprecated === true)
  expect(deprecated.map(({name}) => name)).toEqual([
    'POST /api/activity',
    'GET /api/activity/requests/{id}',
  ])
  const ask = async (url: string) =>
    await app.inject({
      method: 'POST',
      url,
      headers: {authorization: `Bearer ${ADMIN.key}`},
      payload: {user_id: 'u1', activity_type: 'page_view'},
    })
  const old = await ask('/api/activity')
  expect(old.headers['deprecation']).toMatch(/^@\d+$/)
  expect(old.headers['link']).toBe('</v1/activity-events>; rel="successor-version"')
  const present = await ask('/v1/activity-events')
  expect(present.statusCode).toBe(old.statusCode)
  expect(present.headers['deprecation']).toBeUndefined()
})
