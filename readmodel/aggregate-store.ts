/**
 * Loads and saves aggregate rows of one stream in Cassandra. What a projection's rows look like is
 * its table's business; this file only groups, fences and orders the writes.
 *
 * Guarantees    what a row refers to is durable before the row.
 */
import type {Cassandra} from '../platform/cassandra.ts'
import {PipelineError} from '../platform/errors.ts'
import {writeGrouped, type PlacedStatement} from './batches.ts'
import type {Fence} from './fence.ts'

export interface AggregateRow {
  readonly projection: string
  readonly key: string
  readonly state: unknown
}

export interface LoadedState {
  readonly state: unknown
  readonly srcOffset: number
}

export type LoadedRow = AggregateRow & {readonly srcOffset: number}

/** A row as statements. */
export interface EncodedRow {
  readonly row: PlacedStatement
  /** Written before the row. */
  readonly before?: readonly PlacedStatement[]
  /** Called when all of it is durable. */
  readonly commit?: () => void
}

/** How rows of one projection are stored. */
export interface AggregateTable {
  load(key: string, partition: number): Promise<LoadedState | null>
  /** Synchronous: the state is taken as it is now. */
  encode(key: string, state: unknown, fence: Fence): EncodedRow
  /** Rows of a partition that belong in Redis; absent when none do. */
  scanLive?(partition: number): AsyncIterable<readonly LoadedRow[]>
}

export interface AggregateStore {
  load(
    projection: string,
    keys: readonly string[],
    partition: number,
  ): Promise<ReadonlyMap<string, LoadedState>>
  save(rows: readonly AggregateRow[], fence: Fence): Promise<void>
  scanLive(partition: number): AsyncIterable<readonly LoadedRow[]>
}

export function createAggregateStore(
  cassandra: Cassandra,
  tables: Readonly<Record<string, AggregateTable>>,
): AggregateStore {
  const tableOf = (projection: string): AggregateTable => {
    const table = tables[projection]
    if (table !== undefined) return table
    throw new PipelineError('STATE_CONTRADICTS', `projection ${projection} has no table`, {
      disposition: 'stop',
    })
  }
  return {
    async load(projection, keys, partition) {
      const table = tableOf(projection)
      const found = new Map<string, LoadedState>()
      await Promise.all(
        keys.map(async key => {
          const loaded = await table.load(key, partition)
          if (loaded !== null) found.set(key, loaded)
        }),
      )
      return found
    },
    async save(rows, fence) {
      const encoded = rows.map(({projection, key, state}) =>
        tableOf(projection).encode(key, state, fence),
      )
      const before = encoded.flatMap(row => row.before ?? [])
      if (before.length > 0) await writeGrouped(cassandra, before)
      await writeGrouped(
        cassandra,
        encoded.map(({row}) => row),
      )
      for (const {commit} of encoded) commit?.()
    },
    async *scanLive(partition) {
      for (const table of Object.values(tables)) {
        if (table.scanLive !== undefined) yield* table.scanLive(partition)
      }
    },
  }
}
