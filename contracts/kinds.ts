/**
 * Kinds of columns: how a value of PostgreSQL travels, is kept and is shown. What differs by kind is said here. Pure.
 *
 * A value has four forms: the JSON that PostgreSQL prints of it, what a decoded record holds, what lies in Cassandra,
 * and the text that people see, in hashes, JSON and CSV.
 *
 * Guarantees    INV-122: `read` gives exactly the value, or undefined: never another one.
 *               INV-123: `parsePrinted` gives back the value that `print` wrote.
 */
import {
  bytesOfHex,
  digitsOf,
  doubleOf,
  elementsOf,
  integerOf,
  intervalOf,
  quotedOf,
  textOf,
} from './json-values.ts'
import {parseDays, parseMicros, parseTime, toIsoDay, toIsoMicros, toTimeText} from './times.ts'

/**
 * `timestamp` is microseconds and `date` days since 1970, `time` microseconds since midnight; `decimal` is text with
 * all digits of its scale, `json` JSON text, `interval` ISO 8601; `bytes` is a Buffer, `array` a list whose elements
 * are of one of the other kinds, or null. `text` is whatever else PostgreSQL prints, labels of enums too.
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
  | 'time'
  | 'interval'
  | 'json'
  | 'bytes'
  | 'array'

/** How a value travels. */
export interface Carried {
  readonly kind: ColumnKind
  /** Digits in all, and behind the point, of a `decimal`. */
  readonly precision?: number
  readonly scale?: number
  /** Of an `array`. */
  readonly element?: Carried
}

export type AvroValue =
  | string
  | {
      readonly type: string
      readonly logicalType?: string
      readonly precision?: number
      readonly scale?: number
    }
  | {readonly type: 'array'; readonly items: readonly AvroValue[]}

export interface Kind {
  avro(of: Carried): AvroValue
  /** Type of its column in Cassandra; of values that are no text as they are, `text` has them printed. */
  readonly cql: string
  /** What records hold; `other` is nothing to count by. */
  readonly holds: 'number' | 'string' | 'boolean' | 'other'
  /** How its text stands in JSON. */
  readonly form: 'number' | 'boolean' | 'string' | 'json'
  /** Whether it is as exact in the key of a row as in a record. */
  readonly isName: boolean
  /** JSON of what stands for a value that has to be there and is not carried. */
  readonly nothing: string
  /** The value of a JSON text other than null; undefined: it has none. */
  read(raw: string, of: Carried): unknown
  print(value: unknown, of: Carried): string
  /** What `read` takes, and what to do about the rest. */
  expects(of: Carried): string
}

/**
 * Bounds of a `long` or `timestamp` in a record. A number holds integers up to 2^53; Avro's zigzag form
 * doubles a negative one first, and avsc does that in floating point, so half as far below zero.
 */
export const LONG_MAX = Number.MAX_SAFE_INTEGER - 1
export const LONG_MIN = -(2 ** 52)
export const INT_MAX = 2 ** 31 - 1
const INT_MIN = -INT_MAX - 1

const within = (value: number | undefined, min: number, max: number): number | undefined =>
  value === undefined || value < min || value > max ? undefined : value

/** A value of a JSON string. */
const quoted =
  <T>(parse: (text: string) => T | undefined) =>
  (raw: string): T | undefined => {
    const text = quotedOf(raw)
    return text === undefined ? undefined : parse(text)
  }

const asItIs = (text: string): string => text

const TEXT = {
  avro: () => 'string',
  cql: 'text',
  holds: 'string',
  form: 'string',
  isName: false,
  nothing: '""',
  read: textOf,
  print: asItIs,
  expects: () => 'a text',
} as const satisfies Kind

export const KINDS: Readonly<Record<ColumnKind, Kind>> = {
  long: {
    avro: () => 'long',
    cql: 'bigint',
    holds: 'number',
    form: 'number',
    isName: true,
    nothing: '0',
    read: raw => integerOf(raw, LONG_MIN, LONG_MAX),
    print: String,
    expects: () =>
      `an integer from ${LONG_MIN} to ${LONG_MAX}; declared as numeric({precision: 19}) it has any`,
  },
  int: {
    avro: () => 'int',
    cql: 'int',
    holds: 'number',
    form: 'number',
    isName: true,
    nothing: '0',
    read: raw => integerOf(raw, INT_MIN, INT_MAX),
    print: String,
    expects: () => `an integer from ${INT_MIN} to ${INT_MAX}`,
  },
  double: {
    avro: () => 'double',
    cql: 'double',
    holds: 'number',
    form: 'number',
    isName: false,
    nothing: '0',
    read: doubleOf,
    print: (value: number) => (Object.is(value, -0) ? '-0' : String(value)),
    expects: () => 'a number',
  },
  decimal: {
    ...TEXT,
    avro: ({precision = 0, scale = 0}) => ({
      type: 'bytes',
      logicalType: 'decimal',
      precision,
      scale,
    }),
    isName: true,
    nothing: '0',
    read: (raw, {precision = 0, scale = 0}) => digitsOf(raw, precision, scale),
    expects: ({precision = 0, scale = 0}) =>
      `a number of ${precision} digits, ${scale} behind the point; declared as numeric() it is any, as text`,
  },
  boolean: {
    avro: () => 'boolean',
    cql: 'boolean',
    holds: 'boolean',
    form: 'boolean',
    isName: false,
    nothing: 'false',
    read: raw => (raw === 'true' ? true : raw === 'false' ? false : undefined),
    print: String,
    expects: () => 'true or false',
  },
  text: {...TEXT, isName: true},
  uuid: {
    ...TEXT,
    avro: () => ({type: 'string', logicalType: 'uuid'}),
    cql: 'uuid',
    isName: true,
    nothing: '"00000000-0000-0000-0000-000000000000"',
  },
  timestamp: {
    avro: () => ({type: 'long', logicalType: 'timestamp-micros'}),
    cql: 'timestamp',
    holds: 'number',
    form: 'string',
    isName: false,
    nothing: '"1970-01-01T00:00:00"',
    read: quoted(text => within(parseMicros(text), LONG_MIN, LONG_MAX)),
    print: toIsoMicros,
    expects: () => 'a time that has microseconds since 1970; declared as text() it is any',
  },
  date: {
    avro: () => ({type: 'int', logicalType: 'date'}),
    cql: 'date',
    holds: 'number',
    form: 'string',
    isName: false,
    nothing: '"1970-01-01"',
    read: quoted(text => within(parseDays(text), INT_MIN, INT_MAX)),
    print: toIsoDay,
    expects: () => 'a date that has days since 1970; declared as text() it is any',
  },
  time: {
    avro: () => ({type: 'long', logicalType: 'time-micros'}),
    // Its own type there ends before 24:00:00.
    cql: 'text',
    holds: 'number',
    form: 'string',
    isName: false,
    nothing: '"00:00:00"',
    read: quoted(parseTime),
    print: toTimeText,
    expects: () => 'a time of day without a zone; declared as text() it is any',
  },
  interval: {
    ...TEXT,
    nothing: '"PT0S"',
    read: quoted(intervalOf),
    expects: () => 'an interval in ISO 8601, as IntervalStyle = iso_8601 prints it',
  },
  json: {...TEXT, form: 'json', nothing: 'null', read: asItIs, expects: () => 'JSON'},
  bytes: {
    avro: () => 'bytes',
    cql: 'blob',
    holds: 'other',
    form: 'string',
    isName: false,
    nothing: '"\\\\x"',
    read: quoted(bytesOfHex),
    print: (value: Buffer) => `\\x${value.toString('hex')}`,
    expects: () => String.raw`bytes in hex, as \x00ff`,
  },
  array: {
    avro: ({element}) => ({type: 'array', items: ['null', avroOf(element!)]}),
    cql: 'text',
    holds: 'other',
    form: 'json',
    isName: false,
    nothing: '[]',
    read: (raw, {element}) => readElements(raw, element!),
    print: (values: readonly unknown[], {element}) =>
      `[${values.map(value => (value === null ? 'null' : toJsonText(value, element!))).join(',')}]`,
    expects: ({element}) =>
      `a list of ${element!.kind}, each null or ${expectedOf(element!)}; declared as jsonb() lists of lists are carried`,
  },
}

const avroOf = (of: Carried): AvroValue => KINDS[of.kind].avro(of)
const expectedOf = (of: Carried): string => KINDS[of.kind].expects(of)

/** None is left out: one that has no value leaves the list without. */
function readElements(raw: string, element: Carried): readonly unknown[] | undefined {
  const kind = KINDS[element.kind]
  const values = elementsOf(raw)?.map(one => (one === 'null' ? null : kind.read(one, element)))
  return values?.includes(undefined) === true ? undefined : values
}

/** What `print` wrote, as JSON: a number that JSON does not have is a string. */
export function toJsonText(value: unknown, of: Carried): string {
  const {form} = KINDS[of.kind]
  const text = KINDS[of.kind].print(value, of)
  const isBare = form !== 'string' && (form !== 'number' || Number.isFinite(value))
  return isBare ? text : JSON.stringify(text)
}

/** The value that was printed as this text. */
export function parsePrinted(text: string, of: Carried): unknown {
  const {form} = KINDS[of.kind]
  return KINDS[of.kind].read(form === 'string' ? JSON.stringify(text) : text, of)
}
