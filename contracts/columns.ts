/**
 * Columns as they travel: what a SQL type becomes in Avro and in a decoded record.
 *
 * Names, types and nullability come from the drizzle table, once: the Avro schema, the relay's
 * encoding, the type of a record, and the tables of the read model follow from them.
 */
import {getTableConfig, type PgColumn, type PgTable} from 'drizzle-orm/pg-core'

/**
 * How a SQL column travels. `json` as JSON text, `timestamp` as microseconds and `date` as days since
 * 1970, `decimal` as text with all digits of its scale (Avro's decimal on the wire). Enums, and numerics
 * without a scale, are `text`.
 */
export type ColumnKind =
  | 'long'
  | 'int'
  | 'double'
  | 'decimal'
  | 'boolean'
  | 'text'
  | 'uuid'
  | 'timestamp'
  | 'date'
  | 'json'

/**
 * Bounds of a `long` or `timestamp` in a record. A number holds integers up to 2^53; Avro's zigzag form
 * doubles a negative one first, and avsc does that in floating point, so half as far below zero.
 */
export const LONG_MAX = Number.MAX_SAFE_INTEGER - 1
export const LONG_MIN = -(2 ** 52)

export interface Column {
  /** Field name in the record: the SQL column name unless the stream says otherwise. */
  readonly field: string
  /** Column name in the source table. */
  readonly column: string
  readonly kind: ColumnKind
  readonly nullable: boolean
  /** Digits in all, and behind the point, of a `decimal`. */
  readonly precision?: number
  readonly scale?: number
}

const KIND_OF: Readonly<Record<string, ColumnKind>> = {
  PgBigSerial53: 'long',
  PgBigSerial64: 'long',
  PgBigInt53: 'long',
  PgBigInt64: 'long',
  PgSerial: 'int',
  PgInteger: 'int',
  PgSmallInt: 'int',
  PgSmallSerial: 'int',
  PgReal: 'double',
  PgDoublePrecision: 'double',
  PgBoolean: 'boolean',
  PgText: 'text',
  PgVarchar: 'text',
  PgChar: 'text',
  PgEnumColumn: 'text',
  PgEnumObjectColumn: 'text',
  PgUUID: 'uuid',
  PgTimestamp: 'timestamp',
  PgTimestampString: 'timestamp',
  PgDate: 'date',
  PgDateString: 'date',
  PgJson: 'json',
  PgJsonb: 'json',
}

/** What Avro lets be a name, and JavaScript and CQL too. */
const NAME = /^[A-Za-z_]\w*$/

/** @throws when the column's type cannot be carried, or its name */
function toColumn(table: string, column: PgColumn, field: string): Column {
  if (!NAME.test(field)) {
    throw new TypeError(
      `${table}.${column.name} cannot be the name of a field: give it one of letters, digits and _ in fields`,
    )
  }
  const base = {field, column: column.name, nullable: !column.notNull}
  if (column.columnType.startsWith('PgNumeric')) {
    const {precision, scale = 0} = column as PgColumn & {precision?: number; scale?: number}
    // Without a scale, or with one before the point, it is whatever PostgreSQL prints.
    if (precision === undefined || scale < 0) return {...base, kind: 'text'}
    return {...base, kind: 'decimal', precision: Math.max(precision, scale), scale}
  }
  const kind = KIND_OF[column.columnType]
  if (kind !== undefined) return {...base, kind}
  throw new TypeError(
    `${table}.${column.name} is ${column.getSQLType()}, which cannot be carried: leave the column out of the table in db/tables.ts`,
  )
}

/**
 * The columns of a table, in its order.
 *
 * @param fields names of fields by column, where they differ
 * @throws when a type cannot be carried, naming table and column
 */
export function columnsOf(table: PgTable, fields: FieldNames = {}): readonly Column[] {
  const {name, columns} = getTableConfig(table)
  return columns.map(column => {
    const field = Object.hasOwn(fields, column.name) ? fields[column.name]! : column.name
    return toColumn(name, column, field)
  })
}

/** Schema-qualified name of the table in PostgreSQL. */
export function nameOfTable(table: PgTable): string {
  const {name, schema} = getTableConfig(table)
  return `${schema ?? 'public'}.${name}`
}

/** Name of the column that is the primary key; undefined when there is none, or it has several columns. */
export function primaryKeyOf(table: PgTable): string | undefined {
  const {columns} = getTableConfig(table)
  const keys = columns.filter(column => column.primary)
  return keys.length === 1 ? keys[0]!.name : undefined
}

/** The value of a column in a decoded record. */
type ValueOf<C extends PgColumn> = C['_']['columnType'] extends
  | `PgTimestamp${string}`
  | `PgDate${string}`
  | `PgBig${string}`
  ? number
  : C['_']['columnType'] extends 'PgJson' | 'PgJsonb' | `PgNumeric${string}`
    ? string
    : C['_']['data']

/** Names of fields by column, where they differ. */
export type FieldNames = Readonly<Record<string, string>>
/** No column has an empty name. */
export type NoFieldNames = Readonly<Record<'', string>>

type FieldOf<Name extends string, F> = Name extends keyof F ? Extract<F[Name], string> : Name

/** A decoded row of a table, null where the column may be. */
export type RowOfTable<T extends PgTable, F extends FieldNames = NoFieldNames> = {
  readonly [C in keyof T['_']['columns'] as FieldOf<T['_']['columns'][C]['_']['name'], F>]:
    | ValueOf<T['_']['columns'][C]>
    | (T['_']['columns'][C]['_']['notNull'] extends true ? never : null)
}

type AvroType =
  | string
  | {
      readonly type: string
      readonly logicalType?: string
      readonly precision?: number
      readonly scale?: number
    }
  | AvroRecord
  | readonly AvroType[]

interface AvroField {
  readonly name: string
  readonly type: AvroType
  readonly default?: null | boolean | number | string
}

export interface AvroRecord {
  readonly type: 'record'
  readonly name: string
  readonly namespace?: string
  readonly fields: readonly AvroField[]
}

const AVRO_OF: Readonly<Record<Exclude<ColumnKind, 'decimal'>, AvroType>> = {
  long: 'long',
  int: 'int',
  double: 'double',
  boolean: 'boolean',
  text: 'string',
  uuid: {type: 'string', logicalType: 'uuid'},
  timestamp: {type: 'long', logicalType: 'timestamp-micros'},
  date: {type: 'int', logicalType: 'date'},
  json: 'string',
}

/** Fields that every record carries beside its columns, in this order; `before` follows. */
export const META: readonly AvroField[] = [
  {name: 'op', type: 'string'},
  {name: 'outbox_id', type: 'long'},
  {name: 'created_at', type: {type: 'long', logicalType: 'timestamp-micros'}},
  {name: 'lanes', type: 'int'},
  {name: 'lane', type: 'int'},
  {name: 'epoch', type: 'long'},
  {name: 'redelivered', type: 'boolean'},
]

function typeOf({kind, precision = 0, scale = 0}: Column): AvroType {
  if (kind === 'decimal') return {type: 'bytes', logicalType: 'decimal', precision, scale}
  return AVRO_OF[kind]
}

/** A value, or null. */
const optional = (name: string, type: AvroType): AvroField => ({
  name,
  type: ['null', type],
  default: null,
})

function toField(column: Column): AvroField {
  const type = typeOf(column)
  const {field: name} = column
  return column.nullable ? optional(name, type) : {name, type}
}

/**
 * The Avro schema of a stream: its columns, the common fields, looked-up columns, and `before`, the row
 * as it was (for `u` and `d`).
 *
 * @param lookedUp columns of other tables that look-ups add, by their aliases
 */
export function toAvroSchema(
  name: string,
  columns: readonly Column[],
  lookedUp: Readonly<Record<string, {readonly columns: readonly Column[]}>> = {},
): AvroRecord {
  const row = columns.map(toField)
  const recordName = name.replaceAll(/\W/g, '_')
  return {
    type: 'record',
    name: recordName,
    namespace: 'content_analytics',
    fields: [
      ...row,
      ...META,
      ...Object.entries(lookedUp).map(([alias, {columns: added}]) =>
        optional(alias, {
          type: 'record',
          name: `${recordName}_${alias}`,
          // Absent in PostgreSQL, or added to the declaration later.
          fields: added.map(column => toField({...column, nullable: true})),
        }),
      ),
      optional('before', {type: 'record', name: `${recordName}_row`, fields: row}),
    ],
  }
}
