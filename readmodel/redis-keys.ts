/**
 * Names of keys in Redis. `{p}` is the source partition: the hash tag keeps what one owner writes in one
 * slot of a cluster. `space` is drawn when the keyspace is made: values of another one are never met.
 */
import type {Stream} from '../contracts/stream.ts'

/** A row of a projection, as hash of run, offset and what it holds. */
export const liveKey = (
  space: string,
  partition: number,
  projection: string,
  key: string,
): string => `${space}:{${partition}}:${projection}:${key}`

/**
 * What an owner says about all keys of a stream's partition: hash of run, sequence, takeover, offset, since.
 * It ends by itself.
 */
export const markerKey = (space: string, stream: string, partition: number): string =>
  `${space}:{${partition}}:${stream}:live`

/** There while a reader waits until Cassandra has what is folded; expires by itself. */
export const awaitedKey = (space: string, stream: string, partition: number): string =>
  `${space}:{${partition}}:${stream}:awaited`

/** Streams whose declared keys begin with a prefix. */
export const underPrefix = (prefix: string, streams: readonly Stream[]): readonly Stream[] =>
  streams.map(stream => ({
    ...stream,
    hashes: stream.hashes === null ? null : prefix + stream.hashes,
    rollups: stream.rollups.map(rollup => {
      return rollup.hash === undefined ? rollup : {...rollup, hash: prefix + rollup.hash}
    }),
  }))

/** List of the event hashes that an owner wrote, oldest first. */
export const hashesKey = (space: string, stream: string, partition: number): string =>
  `${space}:{${partition}}:${stream}:hashes`

/** A single event as hash; fields without value are absent. */
export const eventKey = (hashes: string, id: number | string): string => `${hashes}:${id}`

/** Hash of counts by source partition, by the name that people know. */
export const namedHashKey = (name: string, partition: number): string => `${name}:{${partition}}`
