/** How a live stream is described, opened and sent: the same for all of them. */
import type {FastifyContextConfig, FastifyReply, FastifyRequest} from 'fastify'
import {Type} from 'typebox'
import type {Hub} from '../live/hub.ts'
import {channelOf, messageOf, type FigureSource} from '../live/sources.ts'
import type {LiveMessage, LiveStream} from '../live/stream.ts'
import {LiveHeaders, MESSAGES} from '../schemas/live.ts'
import {optionsOf, type RouteSchema} from './options.ts'

export interface FigureDeps {
  readonly hub: Hub
  readonly sources: readonly FigureSource[]
}

const streamOf = (kind: keyof typeof MESSAGES) =>
  Type.Unsafe<string>({
    description: 'a stream that stays open',
    content: {'text/event-stream': {schema: MESSAGES[kind]}},
  })

export const LIVE = {scope: 'read', live: true} as const

/** Options of a route whose answer is a stream with messages of this kind. */
export const streaming = <const W extends Omit<RouteSchema, 'response'>>(
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

export const sendStream = (reply: FastifyReply, stream: LiveStream): FastifyReply =>
  reply
    .type('text/event-stream')
    .header('cache-control', 'no-store')
    .header('x-accel-buffering', 'no')
    .send(stream.body)

export const lastEventId = ({headers}: FastifyRequest): string | undefined => {
  const id = headers['last-event-id']
  return typeof id === 'string' ? id : undefined
}

async function readNow(source: FigureSource, id: string): Promise<LiveMessage | undefined> {
  try {
    const snapshot = (await source.read([id])).get(id)
    return snapshot && messageOf(source, snapshot)
  } catch {
    return {event: 'stale', data: {reason: 'the live store does not answer now'}}
  }
}

/** Figures as they are now, unless the listener has them; later ones come from the loop of their source. */
export async function openFigures(
  {hub, sources}: FigureDeps,
  request: FastifyRequest,
  {kind, id}: {readonly kind: string; readonly id: string},
): Promise<LiveStream> {
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
