/**
 * Who listens to what, in this process. Sources publish; each message is made once for all.
 *
 * Guarantees    INV-65: clients are bounded, in number and by address. A source runs only while
 *               somebody listens.
 */
import type {Logger} from '../../platform/log.ts'
import type {ApiMetrics} from '../metrics.ts'
import {Problem} from '../problem.ts'
import {openLiveStream, type LiveMessage, type LiveStream, type StreamOptions} from './stream.ts'

export interface HubOptions extends StreamOptions {
  readonly clientsMax: number
  readonly perAddressMax: number
}

export interface Client {
  readonly address: string
  /** Id of the message that it had last. */
  readonly heard?: string | undefined
}

export interface Hub {
  /** Opens a stream on a channel such as `content:<id>`. */
  open(channel: string, client: Client): LiveStream
  publish(channel: string, message: LiveMessage): void
  /** Ends all streams of a channel after their last message. */
  finish(channel: string): void
  /** Channels that somebody listens to, by their first part. */
  channels(kind: string): readonly string[]
  readonly clients: number
  close(): void
}

export function createHub(
  deps: {readonly log: Logger; readonly metrics: ApiMetrics},
  options: HubOptions,
): Hub {
  const log = deps.log.child({component: 'live'})
  const channels = new Map<string, Set<LiveStream>>()
  const addresses = new Map<string, number>()
  let clients = 0

  const admit = (address: string): void => {
    const limit = (what: string, max: number): Problem =>
      new Problem('too-many-requests', `more than ${max} open streams ${what}`, {
        retryAfterSeconds: 10,
      })
    if (clients >= options.clientsMax) throw limit('in all', options.clientsMax)
    if ((addresses.get(address) ?? 0) >= options.perAddressMax) {
      throw limit('from one address', options.perAddressMax)
    }
  }

  return {
    get clients() {
      return clients
    },
    open(channel, {address, heard}) {
      admit(address)
      const stream = openLiveStream(options, heard)
      const kind = channel.split(':', 1)[0]!
      const listeners = channels.get(channel) ?? new Set()
      channels.set(channel, listeners.add(stream))
      clients++
      addresses.set(address, (addresses.get(address) ?? 0) + 1)
      deps.metrics.liveClients.inc({stream: kind})
      stream.onEnd(reason => {
        clients--
        listeners.delete(stream)
        if (listeners.size === 0 && channels.get(channel) === listeners) channels.delete(channel)
        const left = (addresses.get(address) ?? 1) - 1
        if (left === 0) addresses.delete(address)
        else addresses.set(address, left)
        deps.metrics.liveClients.dec({stream: kind})
        if (reason === 'client-left') return
        deps.metrics.liveDropped.inc({reason})
        log.info({channel, reason}, 'stream ended')
      })
      return stream
    },
    publish(channel, message) {
      for (const stream of channels.get(channel) ?? []) stream.send(message)
    },
    finish(channel) {
      for (const stream of channels.get(channel) ?? []) stream.drop('done')
    },
    channels: kind =>
      [...channels.keys()].filter(name => name === kind || name.startsWith(`${kind}:`)),
    close() {
      for (const streams of channels.values()) {
        for (const stream of streams) stream.drop('server-stops')
      }
    },
  }
}
