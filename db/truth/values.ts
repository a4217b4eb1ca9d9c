/**
 * SQL of single values, as a decoded record has them: what cannot be carried is null, times are
 * microseconds and dates days since 1970, texts compare by bytes. Pure.
 */
import type {Column} from '../../contracts/columns.ts'
import {
  KINDS,
  LONG_MAX,
  LONG_MIN,
  parsePrinted,
  type Carried,
  type ColumnKind,
} from '../../contracts/kinds.ts'
import type {JsonPath, LookupKeyType} from '../../contracts/stream.ts'

export interface Parameters {
  readonly values: readonly unknown[]
  /** @returns its place in the text, as the SQL type */
  add(value: unknown, type: string): string
}

/** @param given values that a text refers to already, as `$1` and on */
export function createParameters(given: readonly unknown[] = []): Parameters {
  const values = [...given]
  return {values, add: (value, type) => `$${values.push(value)}::${type}`}
}

/** Whether a text of PostgreSQL can be equal to it. */
export const isStorable = (text: string): boolean => !text.includes('\0') && text.isWellFormed()

/** A value in a statement. */
export interface Value extends Carried {
  readonly sql: string
  /** Digits behind the point of a `decimal`. */
  readonly scale: number
}

const textual = (sql: string): string => `(${sql}) COLLATE "C"`

/** As JSON prints it, which is how it travels: `char(n)` keeps its blanks, an enum is its label. */
export const printedSql = (at: string): string => `to_json(${at}) #>> '{}'`

/** The same; most texts are printed as they are, which costs a tenth. */
const textOfSql = (at: string): string =>
  `CASE WHEN pg_typeof(${at}) IN ('text'::regtype, 'varchar'::regtype) THEN ${at}::text ELSE ${printedSql(at)} END`

/** A column as a record carries it; null also where it cannot be carried. @param at the column in SQL */
export function carriedSql(of: Carried, at: string): string {
  const {kind, precision = 0, scale = 0, element} = of
  switch (kind) {
    case 'long':
      return `CASE WHEN ${at} BETWEEN ${LONG_MIN} AND ${LONG_MAX} THEN ${at}::bigint END`
    case 'int':
      return `${at}::bigint`
    case 'double':
      // By its text: a real is 0.1, not 0.10000000149011612.
      return `${at}::text::float8`
    case 'decimal':
      // A whole number of another type may be declared as one.
      return `CASE WHEN abs(${at}::numeric) < '1e${precision - scale}'::numeric THEN round(${at}::numeric, ${scale}) END`
    case 'boolean':
      return at
    case 'text':
      return textual(textOfSql(at))
    case 'uuid':
      return textual(`${at}::text`)
    case 'json':
      // JSON's null is no value either, and what is around a value does not travel.
      // An array, or a row, is JSON in a record only.
      return textual(`nullif(btrim(to_json(${at})::text, E' \\t\\n\\r'), 'null')`)
    case 'timestamp':
      return `CASE WHEN ${isTimeCarried(at)} THEN (extract(epoch FROM ${at}) * 1000000)::bigint END`
    case 'time':
      return `(extract(epoch FROM ${at}) * 1000000)::bigint`
    case 'interval':
      return textual(printedSql(at))
    case 'bytes':
      return textual(`chr(92) || 'x' || encode(${at}, 'hex')`)
    case 'array':
      return `CASE WHEN ${isListSql(element!, at)} THEN to_json(${at})::text END`
    case 'date':
      return `CASE WHEN isfinite(${at}) THEN (${at} - DATE '1970-01-01')::bigint END`
    default:
      return kind satisfies never
  }
}

/** Whether an array is a list of values that are carried; where it begins to count does not travel. */
function isListSql(element: Carried, at: string): string {
  const isFlat = `coalesce(array_ndims(${at}), 1) = 1`
  if (!PARTLY_CARRIED.has(element.kind)) return isFlat
  const isLost = `x.value IS NOT NULL AND (${carriedSql(element, 'x.value')}) IS NULL`
  return `${isFlat} AND NOT EXISTS (SELECT FROM unnest(${at}) x (value) WHERE ${isLost})`
}

/** Whole numbers of microseconds; years that are far from the ends are told without arithmetic. */
const isTimeCarried = (at: string): string =>
  `(${at} > '1828-01-01' AND ${at} < '2255-01-01' OR extract(epoch FROM ${at}) BETWEEN ${toSeconds(LONG_MIN)} AND ${toSeconds(LONG_MAX)})`

/** Kinds of which SQL knows values that no record can carry. */
const PARTLY_CARRIED: ReadonlySet<ColumnKind> = new Set([
  'long',
  'decimal',
  'timestamp',
  'date',
  'array',
])

/** True of a row that the relay can publish, as far as the column goes; undefined when it always can. */
export function fitsSql(column: Column, at: string): string | undefined {
  const isCarried =
    column.kind === 'timestamp' ? isTimeCarried(at) : `${carriedSql(column, at)} IS NOT NULL`
  if (column.kind === 'json') return column.nullable ? undefined : isCarried
  return PARTLY_CARRIED.has(column.kind) ? `(${at} IS NULL OR ${isCarried})` : undefined
}

/** Exactly, which floating point would not be. */
function toSeconds(micros: number): string {
  const digits = String(Math.abs(micros)).padStart(7, '0')
  return `${micros < 0 ? '-' : ''}${digits.slice(0, -6)}.${digits.slice(-6)}`
}

/** A JSON column; null where jsonb cannot hold it, as `"\u0000"` in a column of type json. */
const documentSql = (at: string): string =>
  `CASE WHEN pg_typeof(${at}) = 'jsonb'::regtype OR cdc.is_valid(to_json(${at})::text, 'jsonb') THEN to_jsonb(${at}) END`

/** What a path finds in a JSON column: members of objects, never elements of lists. */
export function pathSql({path, kind}: JsonPath, at: string, parameters: Parameters): string {
  if (!path.every(isStorable)) return kind === 'text' ? textual('NULL::text') : 'NULL::bigint'
  const member = path.reduce(
    (found, name) => `(${found} -> ${parameters.add(name, 'text')})`,
    `(${documentSql(at)})`,
  )
  if (kind === 'text') {
    return textual(`CASE WHEN jsonb_typeof(${member}) = 'string' THEN ${member} #>> '{}' END`)
  }
  return `(SELECT ${wholeOfNumber('n.number')} FROM (SELECT CASE WHEN jsonb_typeof(${member}) = 'number' THEN (${member})::numeric END AS number OFFSET 0) n)`
}

/** A JSON number as JavaScript reads it: the nearest double, if that is a safe integer. */
function wholeOfNumber(number: string): string {
  // Beyond a double's range a cast would fail, where JavaScript reads 0 or Infinity.
  return `CASE WHEN abs(${number}) < 1e-300 THEN 0
    WHEN abs(${number}) <= ${2 ** 53} AND ${number}::float8 = floor(${number}::float8)
      AND abs(${number}::float8) <= ${Number.MAX_SAFE_INTEGER} THEN ${number}::float8::bigint END`
}

/** The text of a value, as keys name it; of a double see `toKeyText`. */
export function textSql({kind, sql}: Value): string {
  if (kind === 'decimal') return textual(`${sql}::text`)
  return isTextInRecord(kind) || KINDS[kind].holds === 'other' ? sql : `${sql}::text`
}

/** Whether records hold it as a text. */
export const isTextInRecord = (kind: ColumnKind): boolean => KINDS[kind].holds === 'string'

/** Length as JavaScript counts: what is beyond 16 bits counts twice. */
export const lengthSql = (text: string): string =>
  `(char_length(${text}) + regexp_count(${text}, '[\\U00010000-\\U0010FFFF]'))`

/** A text that is longer as another one. No text has more characters than bytes. */
const shortened = (text: string, max: number, instead: string): string =>
  `CASE WHEN octet_length(${text}) <= ${max} THEN ${text} WHEN ${lengthSql(text)} > ${max} THEN '${instead}' ELSE ${text} END`

export const KEY_CHARACTERS_MAX = 512
export const LONG_KEY = '(long)'
export const SPLIT_CHARACTERS_MAX = 64
export const OTHER_VALUE = '(other)'

/** A value as the key of a row names it. */
export function keySql(value: Value): string {
  const text = textSql(value)
  return isTextInRecord(value.kind) ? shortened(text, KEY_CHARACTERS_MAX, LONG_KEY) : text
}

/** A value as breakdowns name it: what begins with a parenthesis gets a second one. */
export function splitSql(value: Value): string {
  const text = textSql(value)
  if (!isTextInRecord(value.kind)) return text
  const own = `CASE WHEN starts_with(${text}, '(') THEN '(' || ${text} ELSE ${text} END`
  return `CASE WHEN ${lengthSql(text)} > ${SPLIT_CHARACTERS_MAX} THEN '${OTHER_VALUE}' ELSE ${own} END`
}

/** What `keySql` and `splitSql` answered. */
export const toKeyText = ({kind}: Pick<Value, 'kind'>, text: string | null): string | null =>
  kind === 'double' && text !== null ? String(Number(text)) : text

export type TruthValue = number | string | boolean | Buffer | readonly unknown[] | null

/** What `textSql` answered, as a record holds it. */
export function toValue(of: Carried, text: string | null): TruthValue {
  const {holds} = KINDS[of.kind]
  if (text === null || holds === 'string') return text
  if (holds === 'other') return parsePrinted(text, of) as Buffer | readonly unknown[]
  return holds === 'boolean' ? text === 'true' : Number(text)
}

export interface Whole {
  readonly sql: string
  /** Digits behind the point that the whole number stands for. */
  readonly scale: number
}

/** A value as a whole number. @throws when it is no number, or a double without a scale */
export function wholeOf(name: string, {kind, sql, scale: digits}: Value, scale?: number): Whole {
  if (kind === 'decimal') {
    return {sql: `trunc(${sql} * '1e${digits}'::numeric)`, scale: digits}
  }
  if (KINDS[kind].holds !== 'number')
    throw new TypeError(`${name} is ${kind}, no number to measure`)
  if (kind !== 'double') return {sql, scale: 0}
  if (scale === undefined) throw new TypeError(`${name} is a double: say which scale to keep`)
  return {sql: roundedSql(sql, 10 ** scale), scale}
}

/** As `Math.round(value * factor)`: in floating point, halves up; null when that is no safe integer. */
function roundedSql(value: string, factor: number): string {
  const scaled = `${value} * ${factor}::float8`
  // A part of a double is exact, so the half is told exactly. NaN is above everything.
  const rounded = `floor(${scaled}) + CASE WHEN ${scaled} - floor(${scaled}) >= 0.5 THEN 1 ELSE 0 END`
  return `CASE WHEN abs(${value}) < ${2 ** 54 / factor}::float8 THEN
    CASE WHEN abs(${rounded}) <= ${Number.MAX_SAFE_INTEGER}::float8 THEN (${rounded})::bigint END END`
}

const CASTABLE: Readonly<Record<LookupKeyType, (text: string) => string>> = {
  uuid: text => `${text} ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'`,
  bigint: text =>
    `CASE WHEN ${text} ~ '^-?[0-9]{1,19}$' THEN ${text}::numeric BETWEEN -9223372036854775808 AND 9223372036854775807 END`,
  numeric: text => `${text} ~ '^-?[0-9]+([.][0-9]+)?$'`,
  text: () => 'true',
  bpchar: () => 'true',
}

/** A column as the key of a looked-up row; null where its text is none. */
export function lookupKeySql(at: string, type: LookupKeyType): string {
  const text = `(${printedSql(at)})`
  return `CASE WHEN ${CASTABLE[type](text)} THEN ${text}::${type} END`
}
