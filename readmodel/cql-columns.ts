/** Typed columns in Cassandra: how a value of a record is laid out, and read back. */
import type {ColumnKind} from '../contracts/columns.ts'
import {
  toDateBytes,
  toDay,
  toLongBytes,
  toNumber,
  toText,
  toUuidBytes,
  type CqlValue,
} from '../platform/cassandra.ts'

export interface TypedColumn {
  readonly name: string
  readonly kind: ColumnKind
}

export const CQL_OF: Readonly<Record<ColumnKind, string>> = {
  long: 'bigint',
  int: 'int',
  double: 'double',
  decimal: 'text',
  boolean: 'boolean',
  text: 'text',
  uuid: 'uuid',
  timestamp: 'timestamp',
  date: 'date',
  json: 'text',
}

export const columnTypes = (columns: readonly TypedColumn[]): string =>
  columns.map(({name, kind}) => `${name} ${CQL_OF[kind]}`).join(', ')

/** What milliseconds, all that a timestamp keeps, leave of microseconds. */
export const microsOf = (us: number): number => us - Math.floor(us / 1000) * 1000

/** Laid out as bytes where the driver would make an object first. */
const WRITERS: Partial<Readonly<Record<ColumnKind, (value: never) => CqlValue>>> = {
  long: toLongBytes,
  // Milliseconds: what is finer is kept beside it.
  timestamp: (us: number) => toLongBytes(Math.floor(us / 1000)),
  uuid: toUuidBytes,
  date: toDateBytes,
}

const READERS: Partial<Readonly<Record<ColumnKind, (value: unknown) => unknown>>> = {
  long: toNumber,
  timestamp: value => toNumber(value) * 1000,
  uuid: toText,
  date: toDay,
}

/** A value as the driver takes it. */
export const toCql = (kind: ColumnKind, value: unknown): CqlValue =>
  WRITERS[kind]?.(value as never) ?? (value as CqlValue)

/** A value as records have it; null where there is none. */
export function fromCql(kind: ColumnKind, value: unknown): unknown {
  if (value === null || value === undefined) return null
  return READERS[kind]?.(value) ?? value
}
