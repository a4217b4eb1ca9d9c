/**
 * Groups statements into batches as measured: large ones of one partition (a single mutation for
 * the server), small ones across partitions that stay inside the server's default warnings.
 */
import {packsOf, type PackLimits} from './chunks.ts'
import {MIXED_BYTES_MAX, PARTITION_BYTES_MAX} from './limits.ts'
import type {Cassandra, CqlParams, CqlStatement} from '../platform/cassandra.ts'

export interface PlacedStatement {
  /** Equal texts lie in one Cassandra partition. */
  readonly partition: string
  readonly statement: CqlStatement
}

export const placed = (partition: string, query: string, params: CqlParams): PlacedStatement => ({
  partition,
  statement: {query, params},
})

/** Statements of one partition in one batch. */
export const PARTITION_ROWS_MAX = 100
/** Partitions of a batch across several (warned about from 10). */
export const MIXED_PARTITIONS_MAX = 9
/** A guess of what a statement costs beside its texts and blobs, bytes. */
const STATEMENT_BYTES = 130

export function bytesOf({params}: CqlStatement): number {
  let bytes = STATEMENT_BYTES
  for (const value of params) {
    if (typeof value === 'string' || Buffer.isBuffer(value)) bytes += value.length
  }
  return bytes
}

const OF_PARTITION: PackLimits<CqlStatement> = {
  countMax: PARTITION_ROWS_MAX,
  sizeOf: bytesOf,
  sizeMax: PARTITION_BYTES_MAX,
}
const MIXED: PackLimits<{readonly bytes: number}> = {
  countMax: MIXED_PARTITIONS_MAX,
  sizeOf: ({bytes}) => bytes,
  sizeMax: MIXED_BYTES_MAX,
}

/** Batches to send, in any order: statements about one row must not be in one call. Pure. */
export function planBatches(
  statements: readonly PlacedStatement[],
): ReadonlyArray<readonly CqlStatement[]> {
  const batches: (readonly CqlStatement[])[] = []
  const small: {readonly group: readonly CqlStatement[]; readonly bytes: number}[] = []
  for (const rows of Map.groupBy(statements, ({partition}) => partition).values()) {
    const group = rows.map(({statement}) => statement)
    const bytes = group.reduce((sum, statement) => sum + bytesOf(statement), 0)
    if (bytes > MIXED_BYTES_MAX / 2 || group.length > MIXED_PARTITIONS_MAX) {
      batches.push(...packsOf(group, OF_PARTITION))
    } else small.push({group, bytes})
  }
  for (const mixed of packsOf(small, MIXED)) batches.push(mixed.flatMap(({group}) => group))
  return batches
}

/** Resolves when all are durable. Parameters were taken by the caller already. */
export async function writeGrouped(
  cassandra: Cassandra,
  statements: readonly PlacedStatement[],
): Promise<void> {
  await Promise.all(planBatches(statements).map(batch => cassandra.batch(batch)))
}
