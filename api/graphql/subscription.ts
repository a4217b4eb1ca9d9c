/**
 * Live figures over GraphQL: a listener of the same streams as SSE, one read for all of them.
 *
 * Guarantees    INV-69: a subscription takes the streams' limits, asks no store for its messages,
 *               and ends with its socket. What a slow reader has not taken is replaced by the
 *               latest figures, so nothing piles up.
 */
import type {IResolvers} from 'mercurius'
import type {Stream} from '../../contracts/stream.ts'
import type {Hub} from '../live/hub.ts'
import {channelOf} from '../live/sources.ts'
import type {MetricValues} from '../measures.ts'
import {refuse} from '../problem.ts'
import type {Reads} from '../reads/reads.ts'
import type {Content} from '../schemas/content.ts'
import {checkId} from './arguments.ts'
import type {Connection} from './connection.ts'

/** What a subscription listens to, and what it tells of that. */
export interface Listened<Value> {
  readonly channel: string
  /** Its messages with figures are called so. */
  readonly event: string
  /** Figures as they are now: the first answer does not wait for a change. */
  readonly first: () => Promise<Value>
  readonly toValue: (data: unknown) => Value
  /** What of it is told again only when it has changed. */
  readonly figuresOf: (value: Value) => unknown
}

const END = {done: true, value: undefined} as const

/** Figures now, then whenever they change, under the name of the subscription. */
export function listenTo<Name extends string, Value>(
  hub: Hub,
  name: Name,
  {channel, event: wanted, first, toValue, figuresOf}: Listened<Value>,
  {address, left}: Pick<Connection, 'address' | 'left'>,
): AsyncIterableIterator<Record<Name, Value>> {
  const stream = hub.open(channel, {address})
  let latest: Value | undefined
  let taken = ''
  let wake = (): void => {}
  const leave = (): void => void stream.body.destroy()
  stream.readBy(({event, data}) => {
    if (event !== wanted) return
    latest = toValue(data)
    wake()
  })
  stream.onEnd(() => {
    left.removeEventListener('abort', leave)
    wake()
  })
  left.addEventListener('abort', leave, {once: true})
  if (left.aborted) leave()

  /** What is new since the last call; the first answer does not wait for a change. */
  const take = (): Record<Name, Value> | undefined => {
    const value = latest
    latest = undefined
    if (value === undefined) return undefined
    const text = JSON.stringify(figuresOf(value))
    if (text === taken) return undefined
    taken = text
    return {[name]: value} as Record<Name, Value>
  }
  let begun = false
  const begin = async (): Promise<void> => {
    begun = true
    const value = await first()
    // A message that came meanwhile is newer.
    latest ??= value
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

interface ContentFigures {
  readonly content: Content
  readonly metrics: MetricValues | undefined
}

/** Figures of a content, of the same channel as its stream. */
export const figuresOfContent = (
  content: Content,
  reads: Pick<Reads, 'totals'>,
): Listened<ContentFigures> => ({
  channel: channelOf('content', content.id),
  event: 'content',
  async first() {
    const {value} = await reads.totals([content])
    return {content, metrics: value.get(content.id)}
  },
  toValue: data => data as ContentFigures,
  figuresOf: ({content: one, metrics}) => [one, metrics],
})

export const subscriptions = (
  {reads, hub}: {readonly reads: Reads; readonly hub: Hub},
  stream: Stream,
): IResolvers =>
  ({
    Subscription: {
      content_metrics: {
        subscribe: async (_root: unknown, {id}: {id: string}, connection: Connection) => {
          const content = await reads.content(checkId(stream, id))
          if (content === undefined) throw refuse('argument', 'id', id, 'there is no such content')
          return listenTo(hub, 'content_metrics', figuresOfContent(content, reads), connection)
        },
      },
    },
  }) as unknown as IResolvers
