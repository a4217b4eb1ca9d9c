/** The OpenAPI document, made from the routes' schemas, and a page to read and try it. */
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type {Api} from '../app.ts'
import {ProblemSchema} from '../schemas/common.ts'

const DESCRIPTION = `Engagement of content, as numbers, live.

* Answers carry \`meta\`: which store answered, and how old its newest knowledge is.
* Errors are problems (RFC 9457) that name the field and the value.
* \`after_event=engagement:7\` waits until that event is in the answer.
* Lists are paged by opaque cursors. Numbers are exact; \`decimals\` rounds them.
* \`Accept: text/csv\` gives lists and series as CSV.`

export async function addDocuments(app: Api): Promise<void> {
  app.addSchema(ProblemSchema)
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Content engagement',
        description: DESCRIPTION,
        version: '1.0.0',
        license: {name: 'Apache-2.0', identifier: 'Apache-2.0'},
      },
      servers: [{url: '/'}],
      components: {
        securitySchemes: {
          key: {type: 'http', scheme: 'bearer', description: 'an API key'},
          cookie: {type: 'apiKey', in: 'cookie', name: 'oam_session'},
        },
      },
      tags: [
        {name: 'content', description: 'what is watched, read and heard'},
        {name: 'metrics', description: 'figures of contents'},
        {name: 'events', description: 'single events'},
        {name: 'users', description: 'activity of users'},
        {name: 'query', description: 'one endpoint for many questions'},
        {name: 'writes', description: 'events into the system'},
        {name: 'live', description: 'server-sent events'},
        {name: 'admin', description: 'the pipeline from inside'},
        {name: 'access', description: 'keys and sessions'},
      ],
    },
    refResolver: {
      buildLocalReference: (json, _uri, _fragment, i) =>
        typeof json['$id'] === 'string' ? json['$id'] : `def-${i}`,
    },
    transform: ({schema, url, route}) => {
      // GraphQL describes itself.
      if (/^\/graphi?ql/.test(url)) return {schema: {...schema, hide: true}, url}
      const {scope} = (route as {config?: {scope?: string}}).config ?? {}
      const open = scope === undefined || scope === 'none'
      return {schema: {...schema, security: open ? [] : [{key: []}, {cookie: []}]}, url}
    },
  })
  app.get(
    '/openapi.json',
    {config: {scope: 'none', maxAge: 60}, schema: {hide: true}},
    (_request, reply) => reply.type('application/json').send(JSON.stringify(app.swagger())),
  )
  await app.register(swaggerUi, {routePrefix: '/docs', staticCSP: true})
}
