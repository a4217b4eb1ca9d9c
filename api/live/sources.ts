/**
 * Feeds the open streams: figures from Redis while somebody looks, raw records from Kafka. Each
 * source reads once for all listeners; Cassandra is never polled.
 */
import {pause, type Loop} from '../../platform/lifecycle.ts'
import type {Logger} from '../../platform/log.ts'
import {messageOf as reasonOf} from '../../platform/errors.ts'
import type {Hub} from './hub.ts'
import type {LiveMessage} from './stream.ts'

/** What a figure stream shows, and a text that changes when it does. */
export interface Snapshot {
  readonly data: unknown
  readonly version: string
}

/** What figures are read for all who look at once: of contents, of rows and tops of a stream, of the platform. */
export interface FigureSource {
  /** First part of its channels; a source of its own fails alone. */
  readonly kind: string
  /** What its messages are called; as its kind when left out. */
  readonly event?: string
  readonly everyMs: number
  /** @param ids what listeners named after the kind: contents, questions; empty where there is one thing to see */
  readonly read: (ids: readonly string[]) => Promise<ReadonlyMap<string, Snapshot>>
}

/** Changes when the figures do. */
export function versionOf(value: unknown): string {
  let hash = 0
  for (const char of JSON.stringify(value)) hash = (Math.imul(hash, 31) + char.charCodeAt(0)) | 0
  return (hash >>> 0).toString(36)
}

/** What a listener is told of figures. */
export const messageOf = (
  {kind, event = kind}: Pick<FigureSource, 'kind' | 'event'>,
  {version, data}: Snapshot,
): LiveMessage => ({id: version, event, data})

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
      for (const [id, snapshot] of snapshots) {
        // Told to those who have not heard it: who is new, or was told that it is stale.
        publish(channelOf(source.kind, id), messageOf(source, snapshot))
      }
    } catch (error) {
      if (!away) log.warn({err: error}, 'live figures are not available')
      away = true
      for (const channel of channels) {
        // The empty id takes the last one back: who comes again after this has not heard the figures. Told once.
        publish(channel, {id: '', event: 'stale', data: {reason: reasonOf(error)}})
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
