/**
 * Rows of reference streams in Cassandra: what their topic said last of each id. Metadata for what others
 * show; nothing is counted of it.
 */
import type {Stream} from '../contracts/stream.ts'
import {
  toBigintBytes,
  toNumber,
  type Cassandra,
  type CqlRow,
  type CqlValue,
} from '../platform/cassandra.ts'
import {chunksOf} from './chunks.ts'
import {columnTypes, fromCql, microsOf, toCql, type TypedColumn} from './cql-columns.ts'
import {timestampBytes} from './fence.ts'
import {textOf, type Fields} from './fields.ts'

/** A row of a reference stream, as a record said it. */
export interface Reference {
  /** Text of its id. */
  readonly id: string
  readonly row: Fields
  readonly outboxId: number
  /** Microseconds since 1970. */
  readonly createdAt: number
  readonly isDeleted: boolean
  /** The first of its id: cells without value stay unset. Otherwise they are written as null. */
  readonly isFresh?: boolean
}

export interface ReferenceTable {
  /** By the texts of their ids; those that are stored. */
  load(ids: readonly string[]): Promise<ReadonlyMap<string, Reference>>
  /** An older record never wins. */
  save(references: readonly Reference[]): Promise<void>
}

const columnsOf = (stream: Stream): readonly TypedColumn[] =>
  stream.columns
    .filter(({field}) => field !== stream.idField)
    .map(column => ({...column, name: column.field}))

export const referenceTable = (stream: Stream): string =>
  `CREATE TABLE IF NOT EXISTS ${stream.rawTable} (
    ${stream.idField} text PRIMARY KEY, ${columnTypes(columnsOf(stream))},
    micros blob, deleted boolean, outbox_id bigint, outbox_us bigint)`

const BATCH = 10
const SECONDS = 2 ** 20
const WIDE_IDS = 2 ** 42
const FEW_SECONDS = 2 ** 9

/**
 * The newer outbox row wins; where an id was handed out twice (after a crash) the later one, as
 * seconds of its creation within twelve days.
 */
export function versionOf({
  outboxId,
  createdAt,
}: Pick<Reference, 'outboxId' | 'createdAt'>): Buffer {
  const seconds = Math.floor(createdAt / 1_000_000)
  if (outboxId < WIDE_IDS) return timestampBytes(outboxId, seconds % SECONDS)
  // Ids of more than 42 bits leave less for the seconds: those of eight minutes.
  const rest = BigInt(outboxId - WIDE_IDS) * BigInt(FEW_SECONDS) + BigInt(seconds % FEW_SECONDS)
  return toBigintBytes(2n ** 62n + rest)
}

export function createReferenceTable(cassandra: Cassandra, stream: Stream): ReferenceTable {
  const columns = columnsOf(stream)
  const {idField, rawTable} = stream
  const names = columns.map(({name}) => name)
  const all = [idField, ...names, 'micros', 'deleted', 'outbox_id', 'outbox_us']
  const load = `SELECT ${all.join(', ')} FROM ${rawTable} WHERE ${idField} = ?`
  const save = `INSERT INTO ${rawTable} (${all.join(', ')})
    VALUES (${all.map(() => '?').join(', ')}) USING TIMESTAMP ?`

  const toReference = (row: CqlRow): Reference => {
    const id = row[idField] as string
    const micros = row['micros'] as Buffer
    const fields: Record<string, unknown> = {[idField]: id}
    for (const [i, column] of columns.entries()) {
      const {name} = column
      const value = fromCql(column, row[name])
      fields[name] =
        column.kind === 'timestamp' && value !== null
          ? (value as number) + micros.readUInt16BE(2 * i)
          : value
    }
    return {
      id,
      row: fields,
      outboxId: toNumber(row['outbox_id']),
      createdAt: toNumber(row['outbox_us']),
      isDeleted: row['deleted'] === true,
    }
  }
  const toParams = (reference: Reference): CqlValue[] => {
    const {id, row, outboxId, createdAt, isDeleted, isFresh = false} = reference
    const none = isFresh ? undefined : null
    const micros = Buffer.alloc(2 * columns.length)
    const values = columns.map((column, i) => {
      const value = row[column.name] ?? null
      if (column.kind === 'timestamp' && value !== null)
        micros.writeUInt16BE(microsOf(value as number), 2 * i)
      // Should the id come again, nothing of what it was before must be left.
      return value === null || isDeleted ? none : toCql(column, value)
    })
    return [id, ...values, micros, isDeleted, outboxId, createdAt, versionOf(reference)]
  }

  return {
    async load(ids) {
      const rows = await Promise.all(ids.map(id => cassandra.rows(load, [id])))
      return new Map(rows.flat().map(row => [textOf(row[idField]), toReference(row)]))
    },
    async save(references) {
      const statements = references.map(one => ({query: save, params: toParams(one)}))
      await Promise.all(chunksOf(statements, BATCH).map(batch => cassandra.batch(batch)))
    },
  }
}
