/** Types of PostgreSQL, values of theirs as SQL takes them, and SQL of how they are to be shown. */
import fc from 'fast-check'
import {maybe, timeText} from './truth-world.ts'

export interface KindCase {
  /** In the table. */
  readonly type: string
  /** In the declaration, where that is another one: a domain is declared as what it is made of. */
  readonly declared?: string
  /** Texts that a record carries. */
  readonly values: fc.Arbitrary<string>
  /** Texts that it does not. */
  readonly unfit?: readonly string[]
  /** SQL of a value `v` as people see it; its text when left out. */
  readonly shown?: string
}

const constants = (...all: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...all)
const between = (min: bigint, max: bigint): fc.Arbitrary<string> =>
  fc
    .oneof(
      fc.bigInt(min, max),
      fc.bigInt(-20n, 20n).filter(n => n >= min && n <= max),
    )
    .map(String)

/** So many digits, the given number of them behind the point, zeros at the end too. */
const decimal = (precision: number, scale: number): fc.Arbitrary<string> =>
  between(1n - 10n ** BigInt(precision), 10n ** BigInt(precision) - 1n).map(unscaled => {
    const sign = unscaled.startsWith('-') ? '-' : ''
    const digits = unscaled.slice(sign.length).padStart(scale + 1, '0')
    return scale === 0 ? unscaled : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
  })

/** What PostgreSQL takes for a text: no NUL. */
const texts = fc.oneof(
  fc.string({unit: 'grapheme', maxLength: 12}).filter(text => !text.includes('\0')),
  constants('', 'null', 'NULL', '"', '\\', 'a,b', '{}', '[]', "it's", '\n\t', '\u0001', 'é', '🛒'),
)
const double = fc
  .oneof(fc.double(), fc.float())
  .map(value => (Object.is(value, -0) ? '-0' : String(value)))
const SPECIAL = ['NaN', 'Infinity', '-Infinity']

/** From 1828 to 2255: what Avro's microseconds hold exactly in a number. */
const micros = fc
  .integer({min: -4_450_000_000, max: 9_000_000_000})
  .chain(seconds =>
    fc.integer({min: 0, max: 999_999}).map(rest => timeText(seconds * 1_000_000 + rest)!),
  )
const days = fc
  .date({min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true})
  .map(date => date.toISOString().slice(0, 10))
const time = fc.tuple(fc.nat(23), fc.nat(59), fc.nat(59), fc.nat(999_999)).map(
  parts =>
    `${parts
      .slice(0, 3)
      .map(part => String(part).padStart(2, '0'))
      .join(':')}.${String(parts[3]).padStart(6, '0')}`,
)
const SMALL = {min: -40_000, max: 40_000}
const interval = fc
  .record({
    months: fc.integer(SMALL),
    days: fc.integer(SMALL),
    us: fc.maxSafeInteger().map(us => us % 10 ** 13),
  })
  .map(({months, days: count, us}) => `${months} mons ${count} days ${us} microseconds`)
const bytes = fc.uint8Array({maxLength: 20}).map(list => `\\x${Buffer.from(list).toString('hex')}`)
const UTC = `'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'`

/** A list as SQL takes it. */
const listOf = (element: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.array(maybe(element), {maxLength: 5}).map(values => {
    const quoted = values.map(value =>
      value === null ? 'NULL' : `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`,
    )
    return `{${quoted.join(',')}}`
  })

const BIG = ['9007199254740991', '9223372036854775807', '-9223372036854775808', '-4503599627370497']
const long = between(-(2n ** 52n), 2n ** 53n - 2n)
const timestamptz = `to_char(v AT TIME ZONE 'UTC', ${UTC})`

const SINGLE: Readonly<Record<string, KindCase>> = {
  smallint: {type: 'smallint', values: between(-32_768n, 32_767n)},
  integer: {type: 'integer', values: between(-(2n ** 31n), 2n ** 31n - 1n)},
  bigint: {type: 'bigint', values: long, unfit: BIG},
  'a bigint declared as numeric': {
    type: 'bigint',
    declared: 'numeric(19)',
    values: fc.oneof(between(-(2n ** 63n), 2n ** 63n - 1n), constants(...BIG)),
  },
  real: {
    type: 'real',
    values: fc.oneof(fc.float().map(String), constants('0.1', '-0', ...SPECIAL)),
  },
  'double precision': {type: 'double precision', values: fc.oneof(double, constants(...SPECIAL))},
  'numeric(38, 10)': {type: 'numeric(38, 10)', values: decimal(38, 10), unfit: ['NaN']},
  'numeric(20)': {type: 'numeric(20)', values: decimal(20, 0), unfit: ['NaN']},
  'numeric(3, 5)': {type: 'numeric(3, 5)', values: decimal(3, 5)},
  'numeric(5, -2)': {type: 'numeric(5, -2)', values: decimal(6, 0)},
  numeric: {
    type: 'numeric',
    values: fc.oneof(decimal(38, 10), decimal(7, 3), constants(...SPECIAL)),
  },
  boolean: {type: 'boolean', values: constants('true', 'false')},
  text: {type: 'text', values: texts},
  varchar: {type: 'varchar(40)', values: texts.filter(text => text.length < 30)},
  'char(n)': {
    type: 'char(20)',
    values: fc.string({maxLength: 20, unit: 'grapheme-ascii'}),
    shown: "to_json(v) #>> '{}'",
  },
  uuid: {type: 'uuid', values: fc.uuid()},
  'timestamp with time zone': {
    type: 'timestamptz',
    values: micros,
    unfit: ['infinity', '-infinity', '1200-01-01', '2300-01-01'],
    shown: timestamptz,
  },
  'timestamp without time zone': {
    type: 'timestamp',
    values: micros,
    unfit: ['infinity', '0044-03-15 BC'],
    shown: `to_char(v, ${UTC})`,
  },
  date: {type: 'date', values: days, unfit: ['infinity', '-infinity']},
  time: {type: 'time', values: fc.oneof(time, constants('24:00:00', '00:00:00'))},
  timetz: {
    type: 'timetz',
    values: fc.tuple(time, constants('+00', '-07:30', '+14')).map(parts => parts.join('')),
  },
  interval: {type: 'interval', values: interval},
  bytea: {type: 'bytea', values: bytes, shown: "'\\x' || encode(v, 'hex')"},
  jsonb: {type: 'jsonb', values: fc.json().map(text => `[${text}, 12345678901234567890, 1.50]`)},
  enum: {type: 'mood', values: constants('sad', 'happy', 'date', "it's")},
  'a domain over a domain': {type: 'price', declared: 'numeric(12, 2)', values: decimal(12, 2)},
  inet: {
    type: 'inet',
    values: fc.oneof(fc.ipV4(), fc.ipV6(), constants('10.0.0.1/8')),
    shown: "to_json(v) #>> '{}'",
  },
  cidr: {type: 'cidr', values: fc.oneof(fc.ipV4(), constants('10.0.0.0/8'))},
  macaddr: {type: 'macaddr', values: constants('08:00:2b:01:02:03')},
  point: {type: 'point', values: fc.tuple(double, double).map(([x, y]) => `(${x},${y})`)},
  range: {type: 'int4range', values: constants('[1,3)', 'empty', '(,5)')},
  money: {type: 'money', values: decimal(8, 2)},
  xml: {type: 'xml', values: constants('<a/>', '<a>&lt;</a>')},
  'a row': {type: 'place', values: constants('(Bern,"3000 x")', '(,)'), shown: 'to_json(v)::text'},
}

const ELEMENTS = [
  'integer',
  'bigint',
  'double precision',
  'numeric(38, 10)',
  'numeric',
  'boolean',
  'text',
  'uuid',
  'timestamp with time zone',
  'date',
  'time',
  'interval',
  'bytea',
  'enum',
] as const

/** SQL of the shown elements of a list, as JSON. */
const shownList = ({shown = 'v::text'}: KindCase): string =>
  `CASE WHEN v IS NOT NULL THEN (SELECT coalesce(json_agg(${shown} ORDER BY n), '[]') FROM unnest(v) WITH ORDINALITY u (v, n))::text END`

const LISTS = Object.fromEntries(
  ELEMENTS.map(name => {
    const element = SINGLE[name]!
    const {type, unfit = [], values} = element
    const list: KindCase = {
      type: `${type}[]`,
      values: listOf(values),
      unfit: ['{{NULL,NULL},{NULL,NULL}}', ...unfit.map(text => `{NULL,"${text}"}`)],
      shown: shownList(element),
    }
    return [`a list of ${name}`, list] as const
  }),
)

export const KIND_CASES: Readonly<Record<string, KindCase>> = {
  ...SINGLE,
  ...LISTS,
  'lists of lists': {
    type: 'integer[][]',
    values: constants('{{1,2},{3,NULL}}', '{1}', '{}'),
    shown: 'to_json(v)::text',
  },
  'a list of documents': {
    type: 'jsonb[]',
    values: constants(`{"[1]","{}"}`, '{NULL}'),
    shown: 'to_json(v)::text',
  },
  'a list that begins at 0': {
    type: 'integer[]',
    values: constants('[0:1]={1,2}'),
    shown: shownList({type: '', values: texts}),
  },
}

export const KIND_TYPES = `
CREATE TYPE mood AS ENUM ('sad', 'happy', 'date', 'it''s');
CREATE TYPE place AS (city text, zip text);
CREATE DOMAIN money2 AS numeric(12, 2); CREATE DOMAIN price AS money2;`
