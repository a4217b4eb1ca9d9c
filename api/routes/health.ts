/** Is the process alive, does the pipeline flow, and the figures. */
import {Type, type Static} from 'typebox'
import type {Api} from '../app.ts'
import {closed} from '../schemas/common.ts'
import type {Metrics} from '../../platform/metrics.ts'
import type {Readiness} from '../../platform/status-server.ts'

export interface HealthDeps {
  readonly registry: Metrics
  readonly readiness: () => Promise<Readiness>
}

const Live = closed({live: Type.Boolean()})
const Ready = closed({
  ready: Type.Boolean(),
  reasons: Type.Array(Type.String()),
  details: Type.Unsafe<Readonly<Record<string, unknown>>>({
    type: 'object',
    additionalProperties: true,
  }),
})
type Ready = Static<typeof Ready>

export function addHealthRoutes(app: Api, deps: HealthDeps): void {
  const config = {scope: 'none'} as const
  const tags = ['admin']
  app.get(
    '/health/live',
    {config, schema: {tags, summary: 'The process answers', response: {200: Live}}},
    () => ({live: true}),
  )
  app.get(
    '/health/ready',
    {
      config,
      schema: {
        tags,
        summary: 'The pipeline flows',
        description: 'Looks at lag and age, not only at connections.',
        response: {200: Ready, 503: Ready},
      },
    },
    async (_request, reply): Promise<Ready> => {
      const {ready, reasons, details = {}} = await deps.readiness()
      reply.code(ready ? 200 : 503)
      return {ready, reasons: [...reasons], details}
    },
  )
  app.get(
    '/metrics',
    {
      config,
      schema: {
        tags,
        summary: 'Figures for Prometheus',
        response: {200: {content: {'text/plain': {schema: Type.String()}}}},
      },
    },
    async (_request, reply) => {
      const text = await deps.registry.render()
      return reply.type(deps.registry.contentType).send(text)
    },
  )
}
