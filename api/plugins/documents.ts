/** The OpenAPI document, made from the routes' schemas, and a page to read and try it. */
import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type {Api} from '../app.ts'
import {GRAPHQL_WORDS} from '../graphql/words.ts'
import {ProblemSchema} from '../schemas/common.ts'
import {nameSchemas, type OpenapiDocument} from './named-schemas.ts'

const ROOT = join(import.meta.dirname, '../..')
const {version: VERSION} = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly version: string
}

const TITLE = 'Content engagement'
const DESCRIPTION = `Engagement of content, as numbers, live.

* Answers carry \`meta\`: which store answered, and how old its newest knowledge is.
* Errors are problems (RFC 9457): \`type\` leads to a page that explains it, \`errors\` name field and value.
* \`after_event=engagement:7\` waits until that event is in the answer.
* Lists are paged by opaque cursors. Numbers are exact; \`decimals\` rounds them.
* \`Accept: text/csv\` gives figures, lists and single objects as CSV, where an operation names that type.
* Messages of live streams have schemas: those of \`text/event-stream\` are of one message, its \`data\` parsed.`

const LOGO = readFileSync(join(import.meta.dirname, 'logo.svg'), 'utf8')

/**
 * What the page may load: only what is here. The library's own policy has browsers ask for its parts over
 * TLS, which leaves the page blank wherever the server is opened over plain HTTP under another name.
 */
const DOCS_CSP = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ')

const TAGS = [
  {name: 'content', description: 'what is watched, read and heard'},
  {name: 'metrics', description: 'figures of contents'},
  {name: 'events', description: 'single events'},
  {name: 'users', description: 'activity of users'},
  {name: 'query', description: 'one endpoint for many questions'},
  {name: 'streams', description: 'any declared stream: figures and events'},
  {name: 'insight', description: 'what stands out: what rises, what changed, who comes back'},
  {name: 'alerts', description: 'what is wrong: rules, incidents, and where they are sent'},
  {name: 'writes', description: 'events into the system'},
  {name: 'live', description: 'server-sent events'},
  {name: 'graphql', description: 'the same things in another language'},
  {name: 'health', description: 'whether it runs, and what is wrong'},
  {name: 'admin', description: 'the pipeline from inside'},
  {name: 'access', description: 'keys and sessions'},
  {name: 'problems', description: 'what refusals mean'},
]

export async function addDocuments(app: Api): Promise<void> {
  app.addSchema(ProblemSchema)
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: TITLE,
        description: DESCRIPTION,
        version: VERSION,
        license: {name: 'Apache-2.0', identifier: 'Apache-2.0'},
      },
      servers: [{url: '/'}],
      components: {
        securitySchemes: {
          key: {type: 'http', scheme: 'bearer', description: 'an API key'},
          cookie: {type: 'apiKey', in: 'cookie', name: 'oam_session'},
        },
      },
      tags: TAGS,
    },
    refResolver: {
      buildLocalReference: (json, _uri, _fragment, i) =>
        typeof json['$id'] === 'string' ? json['$id'] : `def-${i}`,
    },
    transform: ({schema, url, route}) => {
      // The library's routes say nothing of what they take and give.
      const words = url === '/graphql' && route.method === 'POST' ? GRAPHQL_WORDS : undefined
      if (words === undefined && /^\/graphi?ql/.test(url))
        return {schema: {...schema, hide: true}, url}
      const {scope} = (route as {config?: {scope?: string}}).config ?? {}
      const open = scope === undefined || scope === 'none'
      return {schema: {...(words ?? schema), security: open ? [] : [{key: []}, {cookie: []}]}, url}
    },
    transformObject: document =>
      'openapiObject' in document
        ? (nameSchemas(document.openapiObject as OpenapiDocument) as typeof document.openapiObject)
        : document.swaggerObject,
  })
  app.get(
    '/openapi.json',
    {config: {scope: 'none', maxAge: 60}, schema: {hide: true}},
    (_request, reply) => reply.type('application/json').send(JSON.stringify(app.swagger())),
  )
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: DOCS_CSP,
    logo: {type: 'image/svg+xml', content: LOGO, href: '/'},
    theme: {
      title: `${TITLE}: the API`,
      favicon: [
        {filename: 'icon.svg', rel: 'icon', type: 'image/svg+xml', sizes: 'any', content: LOGO},
      ],
    },
  })
}
