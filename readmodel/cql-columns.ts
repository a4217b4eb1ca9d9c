/** Typed columns in Cassandra: how a value of a record is laid out, and read back. */
import {KINDS, parsePrinted, type Carried, type ColumnKind} from '../contracts/kinds.ts'
import {
  toDateBytes,
  toDay,
  toLongBytes,
  toNumber,
  toText,
  toUuidBytes,
  type CqlValue,
} from '../platform/cassandra.ts'

export interface TypedColumn extends Carried {
  readonly name: string
}

export const cqlTypeOf = ({kind}: Carried): string => KINDS[kind].cql

export const columnTypes = (columns: readonly TypedColumn[]): string =>
  columns.map(column => `${column.name} ${cqlTypeOf(column)}`).join(', ')

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

/** Kinds that are printed there, though records hold no text of them. */
const isPrinted = ({kind}: Carried): boolean =>
  KINDS[kind].cql === 'text' && KINDS[kind].holds !== 'string'

/** A value as the driver takes it. */
export function toCql(of: Carried, value: unknown): CqlValue {
  if (isPrinted(of)) return KINDS[of.kind].print(value, of)
  return WRITERS[of.kind]?.(value as never) ?? (value as CqlValue)
}

/** A value as records have it; null where there is none. */
export function fromCql(of: Carried, value: unknown): unknown {
  if (value === null || value === undefined) return null
  if (isPrinted(of)) return parsePrinted(value as string, of)
  return READERS[of.kind]?.(value) ?? value
}
