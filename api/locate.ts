/** Where an awaited event was in Kafka, and how far each store is: for `after_event`. */
import type {Marker} from '../readmodel/live-reads.ts'
import type {Stores} from './reads/stores.ts'
import {shareReads, type EventOffset, type WaitDeps} from './waits.ts'

export interface LocateDeps {
  readonly stores: Pick<Stores, 'reads'>
  /** Next offset that is not durable in Cassandra yet. */
  readonly committed: (stream: string, partition: number) => Promise<number | null>
  /** Tells the owner of a partition that somebody waits for Cassandra. */
  readonly mark: (stream: string, partition: number) => Promise<void>
}

/** Marks of a partition are looked up at most so often, whoever waits. */
const MARK_MS = 4
/** The owner is told again so often while somebody waits: well before its notice ends. */
const NOTICE_AGAIN_MS = 250

/** As `shareReads`, for calls about one partition of a stream. */
function sharePartitionCalls<V>(
  call: (stream: string, partition: number) => Promise<V>,
  lifeMs: number,
): typeof call {
  const shared = shareReads(async (key: string) => {
    const [stream, partition] = key.split(':')
    return await call(stream!, Number(partition))
  }, lifeMs)
  return async (stream, partition) => await shared(`${stream}:${partition}`)
}

export function createLocate({
  stores,
  ...deps
}: LocateDeps): Pick<WaitDeps, 'locate' | 'watermark' | 'markNow' | 'hurry'> {
  const markersNow = async (stream: string): Promise<readonly (Marker | null)[]> =>
    await (await stores.reads(stream)).live.markers()
  const markers = shareReads(markersNow, MARK_MS)
  const committed = sharePartitionCalls(deps.committed, MARK_MS)
  const mark = sharePartitionCalls(deps.mark, NOTICE_AGAIN_MS)
  return {
    async locate({stream, id}): Promise<EventOffset | null> {
      const {plan, live, raw, partitions} = await stores.reads(stream)
      const {hashes} = plan.stream
      const fields = (hashes === null ? undefined : await live.event(hashes, id))?.fields
      if (fields !== undefined) {
        return {partition: Number(fields['partition']), offset: Number(fields['src_offset'])}
      }
      return await raw.find(id, partitions)
    },
    // Without Redis checkpoints come in their own time.
    hurry: (stream, partition) => void mark(stream, partition).catch(() => undefined),
    async watermark(store, stream, partition) {
      if (store === 'redis') {
        const standing = await markers(stream).catch((): (Marker | null)[] => [])
        // Without a marker Cassandra answers, so its mark counts.
        if (standing[partition]) return standing[partition]
      }
      const next = await committed(stream, partition)
      return next === null ? null : {offset: next - 1}
    },
    markNow: async (stream, partition) => (await markersNow(stream))[partition] ?? null,
  }
}
