/** Server-sent events: one content, the leaderboard, the platform, raw activity, one's own request. */
import {ownerFilter} from '../access.ts'
import {readRequest} from '../activity-requests.ts'
import type {Api, Deps} from '../app.ts'
import {parsePositions} from '../live/positions.ts'
import type {Tail} from '../live/tail.ts'
import {notFound} from '../problem.ts'
import type {Overview} from '../pipeline/overview.ts'
import type {Reads} from '../reads/reads.ts'
import {ContentParams} from '../schemas/content.ts'
import {RequestParams} from '../schemas/writes.ts'
import {
  lastEventId,
  LIVE,
  openFigures,
  sendStream,
  streaming,
  type FigureDeps,
} from './live-open.ts'
import {contentOr404} from './metrics.ts'

export interface LiveDeps extends FigureDeps, Pick<Deps, 'db'> {
  readonly reads: Reads
  readonly tail: Tail
  readonly overview: Pick<Overview, 'history'>
  /** Whether activities are written here, in the background too. */
  readonly takesRequests: boolean
}

export function addLiveRoutes(app: Api, deps: LiveDeps): void {
  const {sources} = deps
  const isFed = (kind: string): boolean => sources.some(one => one.kind === kind)
  if (isFed('content'))
    app.get(
      '/v1/live/content/:id',
      streaming(LIVE, 'content', {
        operationId: 'streamContent',
        summary: 'Figures of one content as they change',
        description: 'Events: `content`, `stale`, `dropped`.',
        params: ContentParams,
      }),
      async (request, reply) => {
        const content = await contentOr404(deps.reads, request.params.id)
        const stream = await openFigures(deps, request, {kind: 'content', id: content.id})
        return sendStream(reply, stream)
      },
    )
  for (const [kind, path, operationId, summary] of [
    [
      'leaderboard',
      '/v1/live/leaderboard',
      'streamLeaderboard',
      'The ten most engaging contents of the last ten minutes',
    ],
    [
      'platform',
      '/v1/live/platform',
      'streamPlatform',
      'Figures of the whole platform, each second',
    ],
  ] as const) {
    if (!isFed(kind)) continue
    app.get(
      path,
      streaming(LIVE, kind, {
        operationId,
        summary,
        description: `Events: \`${kind}\`, \`stale\`, \`dropped\`.`,
      }),
      async (request, reply) => {
        const stream = await openFigures(deps, request, {kind, id: ''})
        if (kind === 'platform') {
          const history = await deps.overview.history().catch(() => undefined)
          if (history !== undefined) stream.send({event: 'history', data: history})
        }
        return sendStream(reply, stream)
      },
    )
  }
  if (deps.tail.streams.length > 0) addActivity(app, deps)
  if (deps.takesRequests) addRequests(app, deps)
}

function addActivity(app: Api, {hub, tail}: LiveDeps): void {
  app.get(
    '/v1/live/activity',
    streaming(LIVE, 'activity', {
      operationId: 'streamActivity',
      summary: 'Every record of engagement and activity as it arrives',
      description:
        'Events: `engagement`, `activity`, `gap` (how many were missed), `stale`, `dropped`. Last-Event-ID goes on where the connection was lost.',
    }),
    async (request, reply) => {
      const stream = hub.open('activity', {address: request.ip})
      const positions = parsePositions(lastEventId(request) ?? '')
      // Only who was here before has something to catch up on.
      if (positions !== undefined) {
        await tail.primed()
        const {messages, missed} = tail.since(positions)
        if (missed !== 0) stream.send({event: 'gap', data: {missed}})
        for (const message of messages) if (!stream.send(message)) break
      }
      return sendStream(reply, stream)
    },
  )
}

function addRequests(app: Api, deps: LiveDeps): void {
  app.get(
    '/v1/live/requests/:id',
    streaming({scope: 'write', live: true}, 'request', {
      operationId: 'streamRequest',
      summary: 'Tells when an asynchronous write is done',
      description: 'One event `request`, then the end.',
      params: RequestParams,
    }),
    async (request, reply) => {
      const {id} = request.params
      const owner = ownerFilter(request.principal)
      const read = () => readRequest(deps.db, id, owner)
      if ((await read()) === undefined) throw notFound('request', id)
      const stream = deps.hub.open(`request:${id.toLowerCase()}`, {address: request.ip})
      // Done between the two looks: whoever listens too late is told at once.
      const found = await read()
      if (found !== undefined && found.status !== 'pending') {
        stream.send({event: 'request', data: found})
        stream.drop('done')
      }
      return sendStream(reply, stream)
    },
  )
}
