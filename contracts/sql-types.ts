/** Types of PostgreSQL by their names in SQL, and how their values travel. Pure. */
import type {Carried, ColumnKind} from './kinds.ts'

/** All others travel as the text that PostgreSQL prints: enums, domains and types that nobody here knows, too. */
const KIND_OF: Readonly<Record<string, ColumnKind>> = {
  smallint: 'int',
  int2: 'int',
  smallserial: 'int',
  integer: 'int',
  int: 'int',
  int4: 'int',
  serial: 'int',
  bigint: 'long',
  int8: 'long',
  bigserial: 'long',
  real: 'double',
  float4: 'double',
  'double precision': 'double',
  float8: 'double',
  boolean: 'boolean',
  bool: 'boolean',
  uuid: 'uuid',
  timestamp: 'timestamp',
  'timestamp without time zone': 'timestamp',
  'timestamp with time zone': 'timestamp',
  timestamptz: 'timestamp',
  date: 'date',
  time: 'time',
  'time without time zone': 'time',
  json: 'json',
  jsonb: 'json',
  bytea: 'bytes',
}

const NUMERIC = /^(?:numeric|decimal)\s*\(\s*(\d+)\s*(?:,\s*(-?\d+)\s*)?\)$/
const ARRAY = /\[\d*\]$/

/** A list of such values. Lists of lists, or of documents, are JSON as they are. */
export const arrayOf = (element: Carried): Carried =>
  element.kind === 'array' || element.kind === 'json' ? {kind: 'json'} : {kind: 'array', element}

/** How a type travels. @param type as SQL names it: `numeric(10, 2)`, `timestamp (3) with time zone`, `text[]` */
export function carriedOf(type: string): Carried {
  const name = type.trim().toLowerCase()
  if (ARRAY.test(name)) return arrayOf(carriedOf(name.replace(ARRAY, '')))
  const digits = NUMERIC.exec(name)
  if (digits !== null) {
    const [precision, scale] = [Number(digits[1]), Number(digits[2] ?? 0)]
    // With a scale before the point it is whatever PostgreSQL prints, as without one.
    if (scale >= 0) return {kind: 'decimal', precision: Math.max(precision, scale), scale}
  }
  if (/^interval\b/.test(name)) return {kind: 'interval'}
  return {kind: KIND_OF[name.replace(/\s*\([^)]*\)/, '')] ?? 'text'}
}

/** Of a type whose text as a key, in SQL, is not the text that travels: which it is, and what to do. */
export function whyNoKey(type: string): string | undefined {
  if (/^(char|character|bpchar)\b(?! varying)/.test(type)) {
    return 'char(n), whose texts have spaces behind them here and not there: make it text'
  }
  return type === 'inet'
    ? 'inet, whose texts have a netmask there and not always here: make it text'
    : undefined
}
