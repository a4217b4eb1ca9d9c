/**
 * Rows of a rollup in Cassandra: roots (the total with what is open), and buckets of their own.
 *
 * A row is one blob, beside the number of its events for people who look; up to which record it counts is
 * its write timestamp.
 */
import {toName} from '../contracts/cql-names.ts'
import type {TimeLevel} from '../contracts/stream.ts'
import {toNumber, type Cassandra, type CqlParams, type CqlRow} from '../platform/cassandra.ts'
import {placed, type PlacedStatement} from './batches.ts'
import {ByteWriter} from './bytes.ts'
import {chunksOf} from './chunks.ts'
import {decodeBucketRow, Entity, type StoredBucket} from './entity.ts'
import {markOfAggregate, offsetOfWritetime, timestampBytes, type Fence} from './fence.ts'
import {
  collectSpill,
  createBodies,
  loadParts,
  PartMissing,
  readAgain,
  type PartReader,
} from './parts.ts'
import type {RollupPlan} from './plan.ts'
import {loadEach, type EncodedState, type Naming, type StateTable} from './rows.ts'
import {SHARDS, shardOf, sliceOf, startsByPeriod, totalSlice, type TimeRange} from './slices.ts'

/** Columns of the key: the fields that the rollup is by, as people know them. */
const columnsOf = ({by}: RollupPlan): readonly string[] => by.map(toName)

/** Rows that are written again and again. */
const COMPACTION = `compaction = {'class': 'UnifiedCompactionStrategy', 'scaling_parameters': 'T4'}`

export function rollupTable(plan: RollupPlan): string {
  const columns = columnsOf(plan)
  return `CREATE TABLE IF NOT EXISTS ${plan.table} (
    src_partition int, slice text, start timestamp, ${columns.map(name => `${name} text, `).join('')}
    events bigint, body blob,
    PRIMARY KEY ((src_partition, slice), ${['start', ...columns].join(', ')})) WITH ${COMPACTION}`
}

/** Texts of the key's columns. Several are kept as one text of JSON in memory. */
export const keyOfTexts = (texts: readonly string[]): string =>
  texts.length === 1 ? texts[0]! : texts.length === 0 ? '' : JSON.stringify(texts)
export const textsOfKey = ({by}: RollupPlan, key: string): readonly string[] =>
  by.length === 1 ? [key] : by.length === 0 ? [] : (JSON.parse(key) as string[])

export interface StoredRoot {
  readonly key: string
  readonly entity: Entity
}

export interface ReadOptions {
  /** False: what is stored beside a row is not read, uniques are incomplete. Default true. */
  readonly uniques?: boolean
}

/** A bucket of any entity. */
export interface KeyedBucket extends StoredBucket {
  readonly key: string
}

interface RowsAt {
  readonly partition: number
  readonly level: TimeLevel
}

export interface RollupTable extends StateTable<Entity> {
  /**
   * Reads what is stored beside an entity that was read elsewhere.
   *
   * @returns false when it is gone: the entity was written anew since
   */
  complete(entity: Entity, partition: number, options?: ReadOptions): Promise<boolean>
  root(key: string, partition: number, options?: ReadOptions): Promise<Entity | null>
  /** Rows of their own, those that are open not among them; oldest first. */
  buckets(
    at: RowsAt & {readonly key: string},
    range: TimeRange,
    options?: ReadOptions,
  ): Promise<readonly StoredBucket[]>
  /** Every root of a source partition, in pages. */
  roots(partition: number, options?: ReadOptions): AsyncIterable<readonly StoredRoot[]>
  /** Keys of every root of a source partition, in pages. */
  keys(partition: number): AsyncIterable<readonly string[]>
  /** Rows of every entity that start in a range; those that are open not among them. */
  bucketsOfAll(
    at: RowsAt,
    range: TimeRange,
    options?: ReadOptions,
  ): AsyncIterable<readonly KeyedBucket[]>
  /** Roots whose first column has this value, when the key has several. */
  rootsOf(first: string, partition: number): Promise<readonly StoredRoot[]>
}

const PAGE = 500
/** Starts that one question names. */
const STARTS_MAX = 100

export function createRollupTable(
  cassandra: Cassandra,
  plan: RollupPlan,
  parts: PartReader,
): RollupTable {
  const bodies = createBodies(parts, plan.id)
  const columns = columnsOf(plan)
  const names = ['src_partition', 'slice', 'start', ...columns, 'events', 'body']
  const insert = `INSERT INTO ${plan.table} (${names.join(', ')})
    VALUES (${names.map(() => '?').join(', ')}) USING TIMESTAMP ?`
  const shown = ['start', ...columns, 'body', 'writetime(body) AS written'].join(', ')
  const from = `SELECT ${shown} FROM ${plan.table} WHERE src_partition = ? AND slice = ?`
  const one = [from, 'start = ?', ...columns.map(name => `${name} = ?`)].join(' AND ')
  const some = [from, 'start IN ?', ...columns.map(name => `${name} = ?`)].join(' AND ')
  const ofNames = `SELECT ${['start', ...columns].join(', ')} FROM ${plan.table}
    WHERE src_partition = ? AND slice = ?`
  const ofStarts = `${from} AND start >= ? AND start <= ?`
  const ofFirst = `${from} AND start = ? AND ${columns[0]} = ?`
  const writer = new ByteWriter()

  const shardOfKey = (key: string): number => shardOf(textsOfKey(plan, key)[0] ?? '')
  const keyOfRow = (row: CqlRow): string => keyOfTexts(columns.map(name => row[name] as string))
  const startOfRow = (row: CqlRow): number => toNumber(row['start']) / 1000

  const loadAllParts = async (entity: Entity, partition: number): Promise<void> => {
    const at = {rollup: plan.id, partition}
    await loadParts(parts, at, entity.total)
    for (const {bucket} of entity.buckets()) await loadParts(parts, at, bucket)
  }

  const toEntity = async (
    row: CqlRow,
    partition: number,
    {uniques = true}: ReadOptions,
  ): Promise<Entity> => {
    const {body, keep} = await bodies.open(row, partition)
    const entity = keep(Entity.decode(plan, body, offsetOfWritetime(row['written'])))
    if (uniques) await loadAllParts(entity, partition)
    return entity
  }
  /** Of a bucket that is open its root has what is counted. */
  const isClosed = (row: CqlRow): boolean => (row['body'] as Buffer).length > 0
  const toBucket = async (
    row: CqlRow,
    partition: number,
    {uniques = true}: ReadOptions,
  ): Promise<StoredBucket> => {
    const {body, keep} = await bodies.open(row, partition)
    const guard = offsetOfWritetime(row['written'])
    const stored = decodeBucketRow(plan, body, {start: startOfRow(row), guard})
    keep(stored.bucket)
    if (uniques) await loadParts(parts, {rollup: plan.id, partition}, stored.bucket)
    return stored
  }
  const orNone = async <T>(work: Promise<T>): Promise<T | undefined> => {
    try {
      return await work
    } catch (error) {
      if (error instanceof PartMissing) return undefined
      throw error
    }
  }

  const root: RollupTable['root'] = (key, partition, options = {}) =>
    readAgain(async () => {
      const texts = textsOfKey(plan, key)
      const params = [partition, totalSlice(shardOfKey(key)), 0, ...texts]
      const [row] = await cassandra.rows(one, params)
      return row === undefined ? null : await toEntity(row, partition, options)
    })

  const readBucket = (
    at: RowsAt & {readonly key: string},
    start: number,
  ): Promise<StoredBucket | null> =>
    readAgain(async () => {
      const {key, partition, level} = at
      const slice = sliceOf(level, start, shardOfKey(key))
      const [row] = await cassandra.rows(one, [
        partition,
        slice,
        start * 1000,
        ...textsOfKey(plan, key),
      ])
      return row === undefined || !isClosed(row) ? null : await toBucket(row, partition, {})
    })

  /** Rows of a range, by questions of so many starts in one partition. */
  const rowsOfRange = async (
    query: string,
    at: RowsAt & {readonly shard: number},
    range: TimeRange,
    rest: CqlParams,
  ): Promise<readonly CqlRow[]> => {
    const {partition, level, shard} = at
    const questions = [...startsByPeriod(level, range)].flatMap(([period, starts]) =>
      chunksOf(starts, STARTS_MAX).map(list => {
        return [partition, `${level} ${period}/${shard}`, list.map(start => start * 1000), ...rest]
      }),
    )
    const found = await Promise.all(questions.map(params => cassandra.rows(query, params)))
    return found.flat().filter(isClosed)
  }

  /** Rows of one time, or of the totals, of every entity: one shard after the other. */
  async function* pagesOf(
    query: string,
    partition: number,
    time: string,
    rest: CqlParams = [],
  ): AsyncIterable<readonly CqlRow[]> {
    for (let shard = 0; shard < SHARDS; shard++) {
      yield* cassandra.pages(query, [partition, `${time}/${shard}`, ...rest], PAGE)
    }
  }

  const toStatement = (
    {slice, start, texts}: {slice: string; start: number; texts: readonly string[]},
    row: {readonly events: number; readonly stale: number; readonly body: Buffer},
    {partition, offset}: Fence,
  ): PlacedStatement => {
    const timestamp = timestampBytes(offset, markOfAggregate(row.stale))
    const params = [partition, slice, start * 1000, ...texts, row.events, row.body, timestamp]
    return placed(`${plan.table}/${partition}/${slice}`, insert, params)
  }

  return {
    root,
    complete: async (entity, partition, {uniques = true} = {}) =>
      !uniques || (await orNone(loadAllParts(entity, partition).then(() => true))) === true,
    load: (keys, partition) => loadEach(keys, key => root(key, partition)),
    async loadMissing(key, entity, partition) {
      const {missing} = entity
      const found = await Promise.all(
        missing.map(({level, start}) => readBucket({key, partition, level}, start)),
      )
      for (const [i, at] of missing.entries()) entity.setLoaded(at, found[i]?.bucket ?? null)
    },
    encode(key, entity, fence, naming: Naming): EncodedState {
      const spill = collectSpill(plan.id, fence, naming)
      const {rows, root: encoded, commit} = entity.encode(writer, spill, fence.offset)
      const texts = textsOfKey(plan, key)
      const shard = shardOfKey(key)
      const own = rows.map(({level, bucket, events, body}) => {
        const {start, isRetracted} = bucket
        const stale = isRetracted ? 1 : 0
        const isOpen = body.length === 0
        const row = {events, stale, body: isOpen ? body : bodies.seal(bucket, body, spill)}
        return toStatement({slice: sliceOf(level, start, shard), start, texts}, row, fence)
      })
      const sealed = encoded && {...encoded, body: bodies.seal(entity, encoded.body, spill)}
      return {
        parts: spill.statements,
        before: own,
        rows:
          sealed === null
            ? []
            : [toStatement({slice: totalSlice(shard), start: 0, texts}, sealed, fence)],
        commit() {
          spill.done()
          commit()
        },
      }
    },
    buckets: ({key, partition, level}, range, options = {}) =>
      readAgain(async () => {
        const at = {partition, level, shard: shardOfKey(key)}
        const rows = await rowsOfRange(some, at, range, textsOfKey(plan, key))
        const found = await Promise.all(rows.map(row => toBucket(row, partition, options)))
        return found.toSorted((a, b) => a.bucket.start - b.bucket.start)
      }),
    async *roots(partition, options = {}) {
      for await (const rows of pagesOf(from, partition, 'total')) {
        yield await Promise.all(
          rows.map(async row => ({
            key: keyOfRow(row),
            entity:
              (await orNone(toEntity(row, partition, options))) ??
              (await root(keyOfRow(row), partition, options))!,
          })),
        )
      }
    },
    async *keys(partition) {
      for await (const rows of pagesOf(ofNames, partition, 'total')) yield rows.map(keyOfRow)
    },
    async *bucketsOfAll({partition, level}, range, options = {}) {
      for (const [period, starts] of startsByPeriod(level, range)) {
        const bounds = [starts[0]! * 1000, starts.at(-1)! * 1000]
        for await (const rows of pagesOf(ofStarts, partition, `${level} ${period}`, bounds)) {
          yield await Promise.all(
            rows.filter(isClosed).map(async row => {
              const [key, start] = [keyOfRow(row), startOfRow(row)]
              const stored = await orNone(toBucket(row, partition, options))
              return {key, ...(stored ?? (await readBucket({key, partition, level}, start))!)}
            }),
          )
        }
      }
    },
    async rootsOf(first, partition) {
      return await readAgain(async () => {
        const params = [partition, totalSlice(shardOf(first)), 0, first]
        const rows = await cassandra.rows(ofFirst, params)
        return await Promise.all(
          rows.map(async row => ({key: keyOfRow(row), entity: await toEntity(row, partition, {})})),
        )
      })
    },
  }
}
