/**
 * What readers get of a stream: Redis where it is as new, else Cassandra, merged per bucket and source
 * partition by the higher offset, never added up twice.
 */
import type {Cassandra} from '../platform/cassandra.ts'
import {partitionFor} from '../contracts/partition.ts'
import type {TimeLevel} from '../contracts/stream.ts'
import type {Bucket} from './bucket.ts'
import type {Entity, StoredBucket} from './entity.ts'
import type {EventSource} from './event-reads.ts'
import {LONG_KEY, NULL_KEY} from './fields.ts'
import {createFilesTable} from './files-table.ts'
import type {LiveReads, RowAt} from './live-reads.ts'
import type {PartReader} from './parts.ts'
import type {RollupPlan, StreamPlan, WindowPlan} from './plan.ts'
import {createRawTable, type RawTable} from './raw-table.ts'
import {
  createRollupTable,
  textsOfKey,
  type ReadOptions,
  type RollupTable,
  type StoredRoot,
} from './rollup-table.ts'
import {planShown} from './shown.ts'
import type {TimeRange} from './slices.ts'
import {createStepTable} from './step-table.ts'
import {addStep, type WindowTotals} from './step.ts'
import {createRecentTable, readRecent, type RecentTable, type RecentView} from './special/recent.ts'
import {
  createRetentionTable,
  readSegments,
  type RetentionSegment,
  type RetentionTable,
} from './special/retention.ts'

export type Source = 'redis' | 'cassandra'

/** States that are added up, and the split values of their places. */
export interface Piece {
  readonly bucket: Bucket
  readonly valuesOf: (place: number) => readonly string[]
}

/** One entity as one source partition has it. */
export interface EntityPart {
  readonly partition: number
  readonly entity: Entity
  readonly source: Source
  /** An owner keeps Redis up to date. */
  readonly isFresh: boolean
}

/** An entity, of every source partition that has it. */
export interface EntityView {
  readonly key: string
  readonly parts: readonly EntityPart[]
}

/** A bucket of an entity: its pieces are to be added up. */
export interface BucketView {
  /** Seconds since 1970. */
  readonly start: number
  readonly pieces: readonly Piece[]
}

export interface KeyedBucketView extends BucketView {
  readonly key: string
}

/** The pieces of a total. */
export const piecesOfTotal = ({parts}: EntityView): readonly Piece[] =>
  parts.flatMap(({entity}) => piecesOf(entity, entity.totalParts))

const piecesOf = (entity: Entity, buckets: readonly Bucket[]): readonly Piece[] =>
  buckets.map(bucket => ({bucket, valuesOf: place => entity.places.valuesOf(place)}))

/** True when everything of the view is as new as Redis: what that does not hold is stored. */
export const isFresh = ({parts}: EntityView): boolean => parts.every(part => part.isFresh)
export const sourceOf = ({parts}: EntityView): Source =>
  parts.every(({source}) => source === 'redis') ? 'redis' : 'cassandra'

export interface WindowView {
  readonly totals: WindowTotals
  readonly source: Source
}

export interface RollupReads {
  /** Entities by key; those without any events are missing. */
  entities(keys: readonly string[], options?: ReadOptions): Promise<ReadonlyMap<string, EntityView>>
  /** Buckets of a level that start in a range, oldest first. */
  buckets(
    view: EntityView,
    level: TimeLevel,
    range: TimeRange,
    options?: ReadOptions,
  ): Promise<readonly BucketView[]>
  /** Every entity as it is stored, of one source partition after the other: an entity may come again. */
  all(options?: ReadOptions): AsyncIterable<readonly EntityView[]>
  /** Buckets of every entity as they are stored, in no order. */
  bucketsOfAll(
    level: TimeLevel,
    range: TimeRange,
    options?: ReadOptions,
  ): AsyncIterable<readonly KeyedBucketView[]>
  /** Entities whose first key column has this value, as they are stored. */
  entitiesOf(first: string): Promise<readonly EntityView[]>
}

export interface StreamReads {
  readonly plan: StreamPlan
  readonly partitions: number
  readonly live: LiveReads
  readonly raw: RawTable
  readonly events: EventSource
  rollup(plan: RollupPlan): RollupReads
  window(plan: WindowPlan, nowS: number): Promise<WindowView>
  /** Source partitions that hold an entity with this text as its Kafka key. */
  partitionsOf(key: string): readonly number[]
  readonly retention: RetentionTable | undefined
  readonly recent: RecentTable | undefined
  /** What the retention curve of a thing is made of. @throws when the stream has none */
  segmentsOf(key: string): Promise<readonly RetentionSegment[]>
  /** The newest events of a thing, by source partition. @throws when the stream has no such list */
  recentOf(key: string): Promise<readonly RecentView[]>
}

export interface StreamReadsDeps {
  readonly cassandra: Cassandra
  readonly live: LiveReads
  readonly parts: PartReader
  /** Of the stream's topic: its number never changes. */
  readonly partitions: number
}

export function createStreamReads(plan: StreamPlan, deps: StreamReadsDeps): StreamReads {
  const {cassandra, live, parts, partitions} = deps
  const {stream} = plan
  const every = Array.from({length: partitions}, (_, partition) => partition)
  const raw = createRawTable(cassandra, plan, planShown(stream))
  const kinds = new Map(stream.special.map(special => [special.kind, special]))
  const retention = kinds.has('retention')
    ? createRetentionTable(cassandra, stream, parts)
    : undefined
  const recent = kinds.has('recent') ? createRecentTable(cassandra, stream) : undefined
  // A key that is null says nothing about the partition, that goes by the row; nor do keys of one name.
  const partitionsOf = (key: string): readonly number[] =>
    key === NULL_KEY || key === LONG_KEY ? every : [partitionFor(key, '', partitions)]
  /** Of every source partition that may have the thing. */
  const readEach = async <T>(
    kind: 'retention' | 'recent',
    key: string,
    read: (at: RowAt) => Promise<T>,
  ): Promise<readonly T[]> => {
    const where = kinds.get(kind)?.by === stream.keyField ? partitionsOf(key) : every
    return await Promise.all(where.map(partition => read({key, partition})))
  }
  const rollups = new Map(
    plan.rollups.map(rollup => [
      rollup.id,
      createRollupReads(rollup, createRollupTable(cassandra, rollup, parts), {
        live,
        every,
        partitionsOf: key => (rollup.isByKey ? partitionsOf(textsOfKey(rollup, key)[0]!) : every),
      }),
    ]),
  )
  const steps = new Map(
    [...plan.tops, ...plan.actives].map(window => [
      window.id,
      createStepTable(cassandra, window, parts),
    ]),
  )
  return {
    plan,
    partitions,
    live,
    raw,
    events: {plan, raw, files: createFilesTable(cassandra, plan)},
    rollup: rollup => rollups.get(rollup.id)!,
    async window(window, nowS) {
      const totals: WindowTotals = new Map()
      const found = await live.window(window, nowS, totals)
      let source: Source = 'redis'
      await Promise.all(
        found.map(async (own, partition) => {
          if (own?.isWhole === true) return
          source = 'cassandra'
          for (const {start, body} of await steps.get(window.id)!.window(partition, nowS)) {
            if (own?.found.has(start) !== true) addStep(totals, window, body)
          }
        }),
      )
      return {totals, source}
    },
    partitionsOf,
    retention,
    recent,
    async segmentsOf(key) {
      if (retention === undefined) throw new TypeError(`${stream.name} has no retention curve`)
      const own = {live, table: retention}
      return (await readEach('retention', key, at => readSegments(stream, own, at))).flat()
    },
    async recentOf(key) {
      if (recent === undefined) throw new TypeError(`${stream.name} has no list of recent events`)
      const own = {live, table: recent}
      const lists = await readEach('recent', key, at => readRecent(stream, own, at))
      return lists.filter(list => list !== null)
    },
  }
}

interface RollupContext {
  readonly live: LiveReads
  readonly every: readonly number[]
  readonly partitionsOf: (key: string) => readonly number[]
}

function createRollupReads(
  rollup: RollupPlan,
  table: RollupTable,
  {live, every, partitionsOf}: RollupContext,
): RollupReads {
  const entities: RollupReads['entities'] = async (keys, options) => {
    const rows = [...new Set(keys)].flatMap(key =>
      partitionsOf(key).map(partition => ({key, partition})),
    )
    const fresh = await live.entities(rollup, rows)
    const parts = await Promise.all(
      rows.map(async ({key, partition}, i): Promise<EntityPart | null> => {
        const entity = fresh[i]
        if (entity && (await table.complete(entity, partition, options))) {
          return {partition, entity, source: 'redis', isFresh: true}
        }
        const stored = await table.root(key, partition, options)
        if (stored === null) return null
        return {partition, entity: stored, source: 'cassandra', isFresh: entity !== null}
      }),
    )
    const found = rows.flatMap(({key}, i) => (parts[i] ? [{key, part: parts[i]}] : []))
    const views = Map.groupBy(found, ({key}) => key)
    return new Map([...views].map(([key, of]) => [key, {key, parts: of.map(({part}) => part)}]))
  }

  const viewsOf = (partition: number, roots: readonly StoredRoot[]): readonly EntityView[] =>
    roots.map(({key, entity}) => {
      return {key, parts: [{partition, entity, source: 'cassandra', isFresh: false}]}
    })

  async function* rootsOf(partition: number, options?: ReadOptions) {
    for await (const page of table.roots(partition, options)) yield viewsOf(partition, page)
  }
  async function* bucketsOf(
    partition: number,
    level: TimeLevel,
    range: TimeRange,
    options?: ReadOptions,
  ): AsyncIterable<readonly KeyedBucketView[]> {
    // What is open lies in the roots alone, however old it is.
    const open = new Set<string>()
    for await (const page of table.roots(partition, options)) {
      const found = page.flatMap(({key, entity}) => {
        const start = entity.newestOf(level)
        if (start < range.from || start >= range.to) return []
        open.add(`${start} ${key}`)
        return [{key, start, pieces: piecesOf(entity, entity.partsOf(level, start))}]
      })
      if (found.length > 0) yield found
    }
    for await (const rows of table.bucketsOfAll({partition, level}, range, options)) {
      const closed = rows.filter(({key, bucket}) => !open.has(`${bucket.start} ${key}`))
      if (closed.length === 0) continue
      yield closed.map(row => ({...row, start: row.bucket.start, pieces: [toPiece(row)]}))
    }
  }

  return {
    entities,
    async buckets({key, parts}, level, range, options) {
      // Roots were read before: a bucket that has left its root since is stored by now.
      const perPart = await Promise.all(
        parts.map(async ({partition, entity}) => {
          const stored = await table.buckets({key, partition, level}, range, options)
          return mergeBuckets(entity, level, range, stored)
        }),
      )
      return [...Map.groupBy(perPart.flat(), ({start}) => start)]
        .map(([start, views]) => ({start, pieces: views.flatMap(({pieces}) => pieces)}))
        .toSorted((a, b) => a.start - b.start)
    },
    all: options => interleave(every.map(partition => rootsOf(partition, options))),
    bucketsOfAll: (level, range, options) =>
      interleave(every.map(partition => bucketsOf(partition, level, range, options))),
    async entitiesOf(first) {
      const views = await Promise.all(
        partitionsOf(JSON.stringify([first, ''])).map(async partition => {
          return viewsOf(partition, await table.rootsOf(first, partition))
        }),
      )
      return views.flat()
    },
  }
}

const toPiece = ({bucket, values}: StoredBucket): Piece => ({
  bucket,
  valuesOf: place => values.get(place)!,
})

/** Pages of several sources as they come: one of each is read ahead. */
async function* interleave<T>(sources: readonly AsyncIterable<T>[]): AsyncIterable<T> {
  const iterators = sources.map(source => source[Symbol.asyncIterator]())
  const next = (i: number) => {
    const reading = iterators[i]!.next().then(result => ({i, result}))
    // Of several failures the first is thrown.
    reading.catch(() => undefined)
    return reading
  }
  const reading = new Map(iterators.map((_, i) => [i, next(i)]))
  try {
    while (reading.size > 0) {
      const {i, result} = await Promise.race(reading.values())
      if (result.done === true) reading.delete(i)
      else {
        reading.set(i, next(i))
        yield result.value
      }
    }
  } finally {
    for (const iterator of iterators) void iterator.return?.()
  }
}

/** Of each bucket the newer: as its root has it, or as it is stored. */
function mergeBuckets(
  entity: Entity,
  level: TimeLevel,
  range: TimeRange,
  stored: readonly StoredBucket[],
): readonly BucketView[] {
  const merged = new Map<number, {guard: number; pieces: readonly Piece[]}>()
  for (const row of stored) {
    merged.set(row.bucket.start, {guard: row.bucket.guard, pieces: [toPiece(row)]})
  }
  for (const {level: own, bucket} of entity.buckets()) {
    if (own !== level || bucket.start < range.from || bucket.start >= range.to) continue
    const known = merged.get(bucket.start)
    if (known !== undefined && known.guard > bucket.guard) continue
    const pieces = piecesOf(entity, entity.partsOf(level, bucket.start))
    merged.set(bucket.start, {guard: bucket.guard, pieces})
  }
  return [...merged].map(([start, {pieces}]) => ({start, pieces}))
}
