/**
 * A stream's columns, named as in SQL, and the Avro schema that follows from them.
 *
 * One list per stream is the only place where a column is named: the Avro schema, the relay's
 * encoding and the type of a record all come from it.
 */

/** How a SQL column travels. `json` travels as JSON text, `timestamp` as microseconds since 1970. */
export type ColumnKind =
  | 'long'
  | 'int'
  | 'double'
  | 'boolean'
  | 'text'
  | 'uuid'
  | 'timestamp'
  | 'json'

/**
 * Bounds of a `long` or `timestamp` in a record. A number holds integers up to 2^53; Avro's zigzag form
 * doubles a negative one first, and avsc does that in floating point, so half as far below zero.
 */
export const LONG_MAX = Number.MAX_SAFE_INTEGER - 1
export const LONG_MIN = -(2 ** 52)

export interface Column {
  /** Field name in the record: the SQL column name, except that an event's own `id` is `event_id`. */
  readonly field: string
  /** Column name in the source table. */
  readonly column: string
  readonly kind: ColumnKind
  readonly nullable: boolean
}

export type AvroType =
  | string
  | {readonly type: string; readonly logicalType?: string}
  | {
      readonly type: 'record'
      readonly name: string
      readonly namespace?: string
      readonly fields: readonly AvroField[]
    }
  | readonly AvroType[]

export interface AvroField {
  readonly name: string
  readonly type: AvroType
  readonly default?: null | boolean | number | string
}

export interface AvroRecord {
  readonly type: 'record'
  readonly name: string
  readonly namespace: string
  readonly fields: readonly AvroField[]
}

const AVRO_OF: Readonly<Record<ColumnKind, AvroType>> = {
  long: 'long',
  int: 'int',
  double: 'double',
  boolean: 'boolean',
  text: 'string',
  uuid: {type: 'string', logicalType: 'uuid'},
  timestamp: {type: 'long', logicalType: 'timestamp-micros'},
  json: 'string',
}

/** Fields that every record carries beside its columns, in this order. */
const META: readonly AvroField[] = [
  {name: 'op', type: 'string'},
  {name: 'outbox_id', type: 'long'},
  {name: 'created_at', type: {type: 'long', logicalType: 'timestamp-micros'}},
  {name: 'lanes', type: 'int'},
  {name: 'lane', type: 'int'},
  {name: 'epoch', type: 'long'},
  {name: 'redelivered', type: 'boolean'},
]

function toField({field, kind, nullable}: Column): AvroField {
  const type = AVRO_OF[kind]
  return nullable ? {name: field, type: ['null', type], default: null} : {name: field, type}
}

/**
 * The Avro schema of a stream: its columns, the common fields, and `before`, the row as it was
 * (for `u` and `d`).
 */
export function toAvroSchema(name: string, columns: readonly Column[]): AvroRecord {
  const row = columns.map(toField)
  return {
    type: 'record',
    name,
    namespace: 'content_analytics',
    fields: [
      ...row,
      ...META,
      {
        name: 'before',
        type: ['null', {type: 'record', name: `${name}_row`, fields: row}],
        default: null,
      },
    ],
  }
}
