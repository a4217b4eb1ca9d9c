/**
 * Groups statements into batches as measured: large ones of one partition (a single mutation for
 * the server), small ones across partitions that stay inside the server's default warnings.
 */
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
const PARTITION_BYTES_MAX = 128 * 1024
/** Partitions, and bytes, of a batch across partitions (warned about from 10 and 5 KiB). */
export const MIXED_PARTITIONS_MAX = 9
const MIXED_BYTES_MAX = 4600
/** A guess of what a statement costs beside its texts and blobs, bytes. */
const STATEMENT_BYTES = 130

export function bytesOf({params}: CqlStatement): number {
  let bytes = STATEMENT_BYTES
  for (const value of params) {
    if (typeof value === 'string' || Buffer.isBuffer(value)) bytes += value.length
  }
  return bytes
}

/** Batches to send, in any order: statements about one row must not be in one call. Pure. */
export function planBatches(
  statements: readonly PlacedStatement[],
): ReadonlyArray<readonly CqlStatement[]> {
  const partitions = Map.groupBy(statements, ({partition}) => partition)
  const batches: CqlStatement[][] = []
  const mixed = {batch: [] as CqlStatement[], partitions: 0, bytes: 0}
  const flushMixed = (): void => {
    if (mixed.batch.length > 0) batches.push(mixed.batch)
    Object.assign(mixed, {batch: [], partitions: 0, bytes: 0})
  }
  for (const rows of partitions.values()) {
    const group = rows.map(({statement}) => statement)
    const bytes = group.reduce((sum, statement) => sum + bytesOf(statement), 0)
    if (bytes > MIXED_BYTES_MAX / 2 || group.length > MIXED_PARTITIONS_MAX) {
      batches.push(...chunk(group))
      continue
    }
    if (mixed.partitions >= MIXED_PARTITIONS_MAX || mixed.bytes + bytes > MIXED_BYTES_MAX) {
      flushMixed()
    }
    mixed.batch.push(...group)
    mixed.partitions += 1
    mixed.bytes += bytes
  }
  flushMixed()
  return batches
}

function chunk(group: readonly CqlStatement[]): CqlStatement[][] {
  const chunks: CqlStatement[][] = []
  let current: CqlStatement[] = []
  let bytes = 0
  for (const statement of group) {
    const size = bytesOf(statement)
    if (current.length >= PARTITION_ROWS_MAX || (bytes > 0 && bytes + size > PARTITION_BYTES_MAX)) {
      chunks.push(current)
      current = []
      bytes = 0
    }
    current.push(statement)
    bytes += size
  }
  if (current.length > 0) chunks.push(current)
  return chunks
}

/** Resolves when all are durable. Parameters were taken by the caller already. */
export async function writeGrouped(
  cassandra: Cassandra,
  statements: readonly PlacedStatement[],
): Promise<void> {
  await Promise.all(planBatches(statements).map(batch => cassandra.batch(batch)))
}
