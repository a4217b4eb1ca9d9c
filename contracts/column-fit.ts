/**
 * Which types of PostgreSQL a declared column carries: of those every value becomes the value of its kind in a record.
 * Of another type some, or all, become dead letters.
 */
import type {Column} from './columns.ts'
import type {Carried, ColumnKind} from './kinds.ts'

/** Types as the catalog names them, without domains around them; null: all of them travel as what PostgreSQL prints. */
const TYPES_OF: Readonly<Record<Exclude<ColumnKind, 'array'>, readonly string[] | null>> = {
  long: ['smallint', 'integer', 'bigint'],
  int: ['smallint', 'integer'],
  double: ['smallint', 'integer', 'real', 'double precision'],
  decimal: ['smallint', 'integer', 'bigint', 'numeric'],
  boolean: ['boolean'],
  text: null,
  uuid: ['uuid'],
  timestamp: ['timestamp without time zone', 'timestamp with time zone'],
  date: ['date'],
  time: ['time without time zone'],
  interval: ['interval'],
  bytes: ['bytea'],
  json: null,
}

/** Of a list those of its elements, as lists. */
function typesOf({kind, element}: Carried): readonly string[] | null {
  if (kind !== 'array') return TYPES_OF[kind]
  return element === undefined ? null : (typesOf(element)?.map(type => `${type}[]`) ?? null)
}

/** What a declaration says of a column of its table. */
export interface DeclaredColumn {
  readonly name: string
  readonly types: readonly string[] | null
  /** Digits before the point, and behind it, of a numeric that is carried with them. */
  readonly whole_digits: number | null
  readonly scale: number | null
  readonly is_nullable: boolean
}

export function declaredOf(declared: Column): DeclaredColumn {
  const {column, kind, nullable, precision, scale} = declared
  const isDecimal = kind === 'decimal' && precision !== undefined && scale !== undefined
  return {
    name: column,
    types: typesOf(declared),
    whole_digits: isDecimal ? precision - scale : null,
    scale: isDecimal ? scale : null,
    is_nullable: nullable,
  }
}

/** What the catalog says of a column. */
export interface CatalogType {
  readonly type: string
  readonly notNull: boolean
  /** Digits in all, and behind the point, of a numeric that has them. */
  readonly precision: number | null
  readonly scale: number | null
}

/** Why values of a column of the table are not carried; null: all of them are. The same as `cdc.changed_columns()` says. */
export function misfitOf(declared: Column, found: CatalogType): 'type' | 'digits' | 'null' | null {
  const {types, whole_digits: digits, scale, is_nullable: isNullable} = declaredOf(declared)
  if (types !== null && !types.includes(found.type)) return 'type'
  if (digits !== null && scale !== null && found.type === 'numeric') {
    if (found.precision === null || found.scale === null) return 'digits'
    if (found.scale > scale || found.precision - found.scale > digits) return 'digits'
  }
  return !found.notNull && !isNullable ? 'null' : null
}
