/**
 * Live figures over GraphQL: a listener of the same streams as SSE, one read for all of them.
 *
 * Guarantees    INV-69: a subscription takes the streams' limits, asks no store for its messages,
 *               and ends with its socket. What a slow reader has not taken is replaced by the
 *               latest figures, so nothing piles up.
 */
import type {IResolvers} from 'mercurius'
import type {Hub} from '../live/hub.ts'
import {channelOf} from '../live/sources.ts'
import type {MetricValues} from '../measures.ts'
import {refuse} from '../problem.ts'
import type {Reads} from '../reads/reads.ts'
import type {Content} from '../schemas/content.ts'
import {checkId} from './arguments.ts'
import type {Connection} from './connection.ts'

interface Figures {
  readonly content: Content
  readonly metrics: MetricValues | undefined
}
type Message = {readonly content_metrics: Figures}

const END = {done: true, value: undefined} as const

/** Figures of a content now, then whenever they change. */
export function liveMetrics(
  hub: Hub,
  first: () => Promise<Figures>,
  channel: string,
  {address, left}: Pick<Connection, 'address' | 'left'>,
): AsyncIterableIterator<Message> {
  const stream = hub.open(channel, {address})
  let latest: Figures | undefined
  let taken = ''
  let wake = (): void => {}
  const leave = (): void => void stream.body.destroy()
  stream.readBy(({event, data}) => {
    if (event !== 'content') return
    latest = data as Figures
    wake()
  })
  stream.onEnd(() => {
    left.removeEventListener('abort', leave)
    wake()
  })
  left.addEventListener('abort', leave, {once: true})
  if (left.aborted) leave()

  /** What is new since the last call; the first answer does not wait for a change. */
  const take = (): Message | undefined => {
    const figures = latest
    latest = undefined
    if (figures === undefined) return undefined
    const {content, metrics} = figures
    const text = JSON.stringify([content, metrics])
    if (text === taken) return undefined
    taken = text
    return {content_metrics: {content, metrics}}
  }
  let begun = false
  const begin = async (): Promise<void> => {
    begun = true
    const figures = await first()
    // A message that came meanwhile is newer.
    latest ??= figures
  }
  return {
    [Symbol.asyncIterator]() {
      return this
    },
    async next() {
      if (!begun) {
        await begin().catch((error: unknown) => {
          leave()
          throw error
        })
      }
      while (!stream.ended && !stream.body.destroyed) {
        const value = take()
        if (value !== undefined) return {done: false, value}
        await new Promise<void>(resolve => {
          wake = resolve
        })
      }
      return END
    },
    return() {
      leave()
      wake()
      return Promise.resolve(END)
    },
  }
}

export const subscriptions = ({
  reads,
  hub,
}: {
  readonly reads: Reads
  readonly hub: Hub
}): IResolvers =>
  ({
    Subscription: {
      content_metrics: {
        subscribe: async (_root: unknown, {id}: {id: string}, connection: Connection) => {
          const content = await reads.content(checkId(id))
          if (content === undefined) throw refuse('argument', 'id', id, 'there is no such content')
          const first = async (): Promise<Figures> => {
            const {value} = await reads.totals([content])
            return {content, metrics: value.get(content.id)}
          }
          return liveMetrics(hub, first, channelOf('content', content.id), connection)
        },
      },
    },
  }) as unknown as IResolvers
