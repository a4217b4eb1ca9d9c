/** A declared stream, bound to its servers: its projections, and where its events go. */
import type {Stream} from '../contracts/stream.ts'
import type {Cassandra} from '../platform/cassandra.ts'
import type {Redis} from '../platform/redis.ts'
import {createEventHash} from './event-hash.ts'
import {createFilesTable, type FilesTable} from './files-table.ts'
import {createLiveStore, type LiveOptions, type LiveStore} from './live-store.ts'
import type {PartReader} from './parts.ts'
import {planStream, type StreamPlan} from './plan.ts'
import type {Projection} from './projection.ts'
import {createRawTable, type RawTable} from './raw-table.ts'
import {createRollup} from './rollup.ts'
import {createRollupTable} from './rollup-table.ts'
import {planShown, type ShownPlan} from './shown.ts'
import {createRecent, createRecentTable} from './special/recent.ts'
import {createRetention, createRetentionTable} from './special/retention.ts'
import {createStepTable} from './step-table.ts'
import {createWindow} from './window.ts'

export interface StoreDeps {
  readonly cassandra: Cassandra
  readonly redis: Redis
  readonly parts: PartReader
  /** What the keyspace calls itself in Redis. */
  readonly space: string
}

export type StoreOptions = Pick<LiveOptions, 'lifeMs' | 'hashTtlS'>

export interface StreamStores {
  readonly plan: StreamPlan
  readonly shown: ShownPlan
  readonly projections: readonly Projection[]
  readonly raw: RawTable
  readonly files: FilesTable
  readonly live: LiveStore
}

export function createStreamStores(
  stream: Stream,
  {cassandra, redis, parts, space}: StoreDeps,
  options: StoreOptions,
): StreamStores {
  const plan = planStream(stream)
  const shown = planShown(stream)
  const raw = createRawTable(cassandra, plan, shown)
  const files = createFilesTable(cassandra, plan)
  const source = {plan, raw, files}
  return {
    plan,
    shown,
    raw,
    files,
    projections: [
      ...plan.rollups.map(rollup =>
        createRollup(plan, rollup, {
          table: createRollupTable(cassandra, rollup, parts),
          source,
          space,
        }),
      ),
      ...[...plan.tops, ...plan.actives].map(window =>
        createWindow(plan, window, {table: createStepTable(cassandra, window, parts), space}),
      ),
      ...stream.special.map(({kind}): Projection =>
        kind === 'retention'
          ? createRetention(stream, createRetentionTable(cassandra, stream, parts), space)
          : createRecent(plan, {table: createRecentTable(cassandra, stream), source, space}),
      ),
    ],
    live: createLiveStore(redis, createEventHash(plan, shown), {
      ...options,
      space,
      stream: stream.name,
      hashes: stream.hashes,
    }),
  }
}
