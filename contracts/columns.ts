/**
 * Columns as they travel: what a SQL type becomes in Avro and in a decoded record.
 *
 * Names, types and nullability come from the drizzle table, once: the Avro schema, the relay's
 * encoding, the type of a record, and the tables of the read model follow from them.
 */
import {customType, getTableConfig, PgArray, type PgColumn, type PgTable} from 'drizzle-orm/pg-core'
import {KINDS, type AvroValue, type Carried} from './kinds.ts'
import {arrayOf, carriedOf} from './sql-types.ts'

export interface Column extends Carried {
  /** Field name in the record: the SQL column name unless the stream says otherwise. */
  readonly field: string
  /** Column name in the source table. */
  readonly column: string
  readonly nullable: boolean
  /** Of an id that is made of several columns: those. The table has no column of its name. */
  readonly parts?: readonly string[]
}

/** A column of bytes, for which drizzle has no name. */
export const bytea = customType<{data: Buffer}>({dataType: () => 'bytea'})

/** What Avro lets be a name, and JavaScript and CQL too. */
const NAME = /^[A-Za-z_]\w*$/

/** A user's type may be called as one of PostgreSQL's: an enum is told by its class. */
function travels(column: PgColumn): Carried {
  if (column.columnType.startsWith('PgEnum')) return {kind: 'text'}
  if (column instanceof PgArray) return arrayOf(travels(column.baseColumn))
  return carriedOf(column.getSQLType())
}

/** @throws when its name cannot be that of a field */
function toColumn(table: string, column: PgColumn, field: string): Column {
  if (NAME.test(field)) {
    return {field, column: column.name, nullable: !column.notNull, ...travels(column)}
  }
  throw new TypeError(
    `${table}.${column.name} cannot be the name of a field: give it one of letters, digits and _ in fields`,
  )
}

/**
 * The columns of a table, in its order.
 *
 * @param fields names of fields by column, where they differ
 * @throws when a name cannot be that of a field, naming table and column
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

/** Names of the columns that are the primary key; none when there is none. */
export function primaryKeysOf(table: PgTable): readonly string[] {
  const {columns, primaryKeys} = getTableConfig(table)
  const keys = primaryKeys[0]?.columns ?? columns.filter(column => column.primary)
  return keys.map(({name}) => name)
}

/** Name of the column that is the primary key; undefined when there is none, or it has several columns. */
export function primaryKeyOf(table: PgTable): string | undefined {
  const keys = primaryKeysOf(table)
  return keys.length === 1 ? keys[0] : undefined
}

/** Of a custom type only its name in SQL says how it travels. */
type AnyValue = number | string | boolean | Buffer | readonly unknown[]

type NumberType =
  | `PgTimestamp${string}`
  | `PgDate${string}`
  | `PgBig${string}`
  | `Pg${'Small' | ''}${'Int' | 'Integer' | 'Serial'}`
  | 'PgReal'
  | 'PgDoublePrecision'

/** The value of a type of drizzle's in a decoded record. */
type ValueOfType<Type extends string> = Type extends NumberType
  ? number
  : Type extends 'PgBoolean'
    ? boolean
    : // With a time zone it is text.
      Type extends 'PgTime'
      ? number | string
      : Type extends 'PgCustomColumn'
        ? AnyValue
        : string

type ElementTypeOf<C extends PgColumn> = C['_'] extends {
  readonly baseColumn: {readonly _: {readonly columnType: infer Element extends string}}
}
  ? Element
  : string

/** The value of a column in a decoded record. Lists of lists, and of documents, are JSON text. */
type ValueOf<C extends PgColumn> = C['_']['columnType'] extends 'PgArray'
  ? readonly (ValueOfType<ElementTypeOf<C>> | null)[] | string
  : C['_']['columnType'] extends `Pg${'Text' | 'Varchar' | 'Char' | `Enum${string}`}`
    ? C['_']['data']
    : ValueOfType<C['_']['columnType']>

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

type AvroType = AvroValue | AvroRecord | readonly AvroType[]

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

/** A value, or null. */
const optional = (name: string, type: AvroType): AvroField => ({
  name,
  type: ['null', type],
  default: null,
})

function toField(column: Column): AvroField {
  const type = KINDS[column.kind].avro(column)
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
