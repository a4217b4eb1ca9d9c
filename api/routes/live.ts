/** Server-sent events: one content, the leaderboard, the platform, raw activity, one's own request. */
import type {FastifyContextConfig, FastifyReply, FastifyRequest} from 'fastify'
import {Type} from 'typebox'
import {ownerFilter} from '../access.ts'
import {readRequest} from '../activity-requests.ts'
import type {Api, Deps} from '../app.ts'
import type {Hub} from '../live/hub.ts'
import {parsePositions} from '../live/positions.ts'
import {channelOf, type FigureSource} from '../live/sources.ts'
import type {LiveMessage, LiveStream} from '../live/stream.ts'
import type {Tail} from '../live/tail.ts'
import {notFound} from '../problem.ts'
import type {Overview} from '../pipeline/overview.ts'
import type {Reads} from '../reads/reads.ts'
import {ContentParams} from '../schemas/content.ts'
import {LiveHeaders, MESSAGES} from '../schemas/live.ts'
import {RequestParams} from '../schemas/writes.ts'
import {contentOr404} from './metrics.ts'
import {optionsOf, type RouteSchema} from './options.ts'

export interface LiveDeps extends Pick<Deps, 'db'> {
  readonly hub: Hub
  readonly reads: Reads
  readonly tail: Tail
  readonly sources: readonly FigureSource[]
  readonly overview: Pick<Overview, 'history'>
  /** Whether activities are written here, in the background too. */
  readonly takesRequests: boolean
}

const streamOf = (kind: keyof typeof MESSAGES) =>
  Type.Unsafe<string>({
    description: 'a stream that stays open',
    content: {'text/event-stream': {schema: MESSAGES[kind]}},
  })

function send(reply: FastifyReply, stream: LiveStream): FastifyReply {
  return reply
    .type('text/event-stream')
    .header('cache-control', 'no-store')
    .header('x-accel-buffering', 'no')
    .send(stream.body)
}

const lastEventId = ({headers}: FastifyRequest): string | undefined => {
  const id = headers['last-event-id']
  return typeof id === 'string' ? id : undefined
}

async function readNow(source: FigureSource, id: string): Promise<LiveMessage | undefined> {
  try {
    const snapshot = (await source.read([id])).get(id)
    if (snapshot === undefined) return undefined
    return {id: snapshot.version, event: source.kind, data: snapshot.data}
  } catch {
    return {event: 'stale', data: {reason: 'the live store does not answer now'}}
  }
}

const LIVE = {scope: 'read', live: true} as const
const streaming = <const W extends Omit<RouteSchema, 'response'>>(
  config: FastifyContextConfig,
  kind: keyof typeof MESSAGES,
  words: W,
) => ({
  exposeHeadRoute: false,
  ...optionsOf('live', config, {
    ...words,
    headers: LiveHeaders,
    response: {200: streamOf(kind)},
    problems: ['not-found'],
  }),
})

export function addLiveRoutes(app: Api, deps: LiveDeps): void {
  const {hub, sources} = deps

  /** Figures as they are now, unless the listener has them; later ones come from the loop. */
  const openFigures = async (
    request: FastifyRequest,
    kind: FigureSource['kind'],
    id: string,
  ): Promise<LiveStream> => {
    const client = {address: request.ip, heard: lastEventId(request)}
    const stream = hub.open(channelOf(kind, id), client)
    const message = await readNow(
      sources.find(one => one.kind === kind)!,
      id,
    )
    // What the loop has sent meanwhile may be newer, and it goes on from there.
    if (message !== undefined && !stream.begun) stream.send(message)
    return stream
  }

  const isFed = (kind: FigureSource['kind']): boolean => sources.some(one => one.kind === kind)
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
        return send(reply, await openFigures(request, 'content', content.id))
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
        const stream = await openFigures(request, kind, '')
        if (kind === 'platform') {
          const history = await deps.overview.history().catch(() => undefined)
          if (history !== undefined) stream.send({event: 'history', data: history})
        }
        return send(reply, stream)
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
      return send(reply, stream)
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
      return send(reply, stream)
    },
  )
}
