/**
 * Feeds the open streams: figures from Redis while somebody looks, raw records from Kafka. Each
 * source reads once for all listeners; Cassandra is never polled.
 */
import {pause, type Loop} from '../../platform/lifecycle.ts'
import type {Logger} from '../../platform/log.ts'
import {messageOf} from '../../platform/errors.ts'
import type {Hub} from './hub.ts'
import type {LiveMessage} from './stream.ts'

/** What a figure stream shows, and a text that changes when it does. */
export interface Snapshot {
  readonly data: unknown
  readonly version: string
}

export interface FigureSource {
  readonly kind: 'content' | 'leaderboard' | 'platform'
  readonly everyMs: number
  /** @param ids what listeners named after the kind: contents; empty for the others */
  readonly read: (ids: readonly string[]) => Promise<ReadonlyMap<string, Snapshot>>
}

export const channelOf = (kind: string, id: string): string => (id === '' ? kind : `${kind}:${id}`)

/** Reads while somebody listens; says so when the store is away, once, and when it is back. */
export function createFigureLoop(
  deps: {readonly hub: Hub; readonly log: Logger},
  source: FigureSource,
): Loop {
  const {hub} = deps
  const log = deps.log.child({component: `live-${source.kind}`})
  let away = false

  const publish = (channel: string, message: LiveMessage): void => hub.publish(channel, message)
  const look = async (channels: readonly string[]): Promise<void> => {
    const ids = channels.map(channel => channel.slice(source.kind.length + 1))
    try {
      const snapshots = await source.read(ids)
      if (away) log.info('live figures are back')
      away = false
      for (const [id, {data, version}] of snapshots) {
        // Told to those who have not heard it: who is new, or was told that it is stale.
        publish(channelOf(source.kind, id), {id: version, event: source.kind, data})
      }
    } catch (error) {
      if (!away) log.warn({err: error}, 'live figures are not available')
      away = true
      for (const channel of channels) {
        // The empty id takes the last one back: who comes again after this has not heard the figures. Told once.
        publish(channel, {id: '', event: 'stale', data: {reason: messageOf(error)}})
      }
    }
  }

  return {
    name: `live-${source.kind}`,
    async run(signal) {
      while (!signal.aborted) {
        const channels = hub.channels(source.kind)
        if (channels.length > 0) await look(channels)
        await pause(source.everyMs, signal)
      }
    },
  }
}
