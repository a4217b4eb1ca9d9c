/** Is the process alive, can it serve, is the whole pipeline healthy, and the figures. */
import {Type, type Static} from 'typebox'
import {allows} from '../access.ts'
import type {Api} from '../app.ts'
import {columnsOf} from '../csv.ts'
import {withoutDetails, type Verdict} from '../pipeline/findings.ts'
import {named} from '../schemas/common.ts'
import {FindingView, VerdictView} from '../schemas/health.ts'
import type {Metrics} from '../../platform/metrics.ts'
import type {Readiness} from '../../platform/status-server.ts'
import {OPEN, optionsOf, UNCACHED} from './options.ts'

export interface HealthDeps {
  readonly registry: Metrics
  readonly readiness: () => Promise<Readiness>
  /** Of the whole pipeline. */
  readonly verdict: () => Promise<Verdict>
}

const Live = named('Live', {live: Type.Boolean()})
const Ready = named('Readiness', {
  ready: Type.Boolean(),
  reasons: Type.Array(Type.String()),
  details: Type.Unsafe<Readonly<Record<string, unknown>>>({
    type: 'object',
    additionalProperties: true,
  }),
})
type Ready = Static<typeof Ready>

const toView = ({healthy, state, findings}: Verdict): VerdictView => ({
  healthy,
  state,
  findings: [...findings],
})

export function addHealthRoutes(app: Api, deps: HealthDeps): void {
  app.get(
    '/health/live',
    optionsOf('health', OPEN, {
      operationId: 'getLiveness',
      summary: 'The process answers',
      response: {200: Live},
    }),
    () => ({live: true}),
  )
  app.get(
    '/health/ready',
    optionsOf('health', OPEN, {
      operationId: 'getReadiness',
      summary: 'This API can serve',
      description: 'For load balancers: this process and the stores it needs, nothing else.',
      response: {200: Ready, 503: Ready},
    }),
    async (_request, reply): Promise<Ready> => {
      const {ready, reasons, details = {}} = await deps.readiness()
      reply.code(ready ? 200 : 503)
      return {ready, reasons: [...reasons], details}
    },
  )
  app.get(
    '/health',
    optionsOf('health', OPEN, {
      operationId: 'getHealth',
      summary: 'The whole pipeline is healthy',
      description:
        'For monitors: 200 or 503. What is wrong, and what to do; without addresses, since it needs no key.',
      response: {200: VerdictView, 503: VerdictView},
    }),
    async (_request, reply): Promise<VerdictView> => {
      const verdict = await deps.verdict()
      reply.code(verdict.healthy ? 200 : 503)
      return toView(withoutDetails(verdict))
    },
  )
  app.get(
    '/v1/platform/health',
    optionsOf('health', UNCACHED, {
      operationId: 'getPlatformHealth',
      summary: 'What is wrong with the pipeline, and what to do',
      description: 'As /health, always 200; with the scope admin in full.',
      response: {200: VerdictView},
      csv: ({findings}: VerdictView) => ({columns: columnsOf(FindingView), rows: findings}),
    }),
    async ({principal}) => {
      const verdict = await deps.verdict()
      return toView(allows(principal.scopes, 'admin') ? verdict : withoutDetails(verdict))
    },
  )
  app.get(
    '/metrics',
    optionsOf('health', OPEN, {
      operationId: 'getPrometheusMetrics',
      summary: 'Figures for Prometheus',
      response: {
        200: Type.Unsafe<string>({
          description: 'in the text format of Prometheus',
          content: {'text/plain': {schema: Type.String()}},
        }),
      },
    }),
    async (_request, reply) => {
      const text = await deps.registry.render()
      return reply.type(deps.registry.contentType).send(text)
    },
  )
}
