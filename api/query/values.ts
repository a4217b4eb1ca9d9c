/** Values of dimensions: as keys and split values name them, as they are served, and as filters give them. Pure. */
import type {ColumnKind} from '../../contracts/kinds.ts'
import {parseTime, toIsoDay, toTimeText} from '../../contracts/times.ts'
import {textOf} from '../../readmodel/fields.ts'
import {toIso, toMicros} from '../times.ts'

/** A value of a dimension as it is served. */
export type Label = string | number | boolean | null

export interface ValueKind {
  /** What filters give. */
  readonly words: string
  /** The served value of a text; one that is no value of the kind, such as `(other)`, stays as it is. */
  readonly serve: (text: string) => Label
  /** The text of what a filter gives; undefined when that is of another type. */
  readonly parse: (value: Label) => string | undefined
}

const DAY_MS = 86_400_000
const TIME_MS_MAX = 8.64e15

const TEXT: ValueKind = {
  words: 'a text',
  serve: text => text,
  parse: value => (typeof value === 'string' ? value : undefined),
}

const serveNumber = (text: string): Label => {
  const number = Number(text)
  return text === '' || !Number.isFinite(number) ? text : number
}

const WHOLE: ValueKind = {
  words: 'a whole number',
  serve: serveNumber,
  parse: value => (Number.isSafeInteger(value) ? textOf(value) : undefined),
}

/** As records have decimals: with all digits of their scale. */
function toDecimal(text: string, scale: number): string | undefined {
  const match = /^(-?)(\d{1,400})(?:\.(\d{1,400}))?$/.exec(text)
  if (match === null) return undefined
  const [, sign = '', whole = '', fraction = ''] = match
  const digits = fraction.replace(/0+$/, '').padEnd(scale, '0')
  const number = `${BigInt(whole)}${digits === '' ? '' : `.${digits}`}`
  return /[1-9]/.test(number) ? `${sign}${number}` : number
}

const decimalOf = (scale: number): ValueKind => ({
  words: 'a decimal, as a number or a text of its digits',
  serve: text => text,
  parse: value =>
    typeof value === 'number' || typeof value === 'string'
      ? toDecimal(textOf(value), scale)
      : undefined,
})

/** All but decimals, whose digits are those of their column. */
const BY_KIND: Readonly<Record<Exclude<ColumnKind, 'decimal'>, ValueKind>> = {
  text: TEXT,
  interval: TEXT,
  json: TEXT,
  bytes: TEXT,
  array: TEXT,
  long: WHOLE,
  int: WHOLE,
  double: {
    words: 'a number',
    serve: serveNumber,
    parse: value => (typeof value === 'number' ? textOf(value) : undefined),
  },
  boolean: {
    words: 'true or false',
    serve: text => (text === 'true' ? true : text === 'false' ? false : text),
    parse: value => (typeof value === 'boolean' ? textOf(value) : undefined),
  },
  uuid: {
    words: 'a text',
    serve: text => text,
    parse: value => (typeof value === 'string' ? value.toLowerCase() : undefined),
  },
  date: {
    words: 'a date such as 2026-01-31',
    serve(text) {
      const days = serveNumber(text)
      const isDate = typeof days === 'number' && Math.abs(days * DAY_MS) <= TIME_MS_MAX
      return isDate ? toIsoDay(days) : text
    },
    parse(value) {
      if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(value)) return undefined
      const days = Date.parse(value) / DAY_MS
      return Number.isFinite(days) && toIsoDay(days) === value ? textOf(days) : undefined
    },
  },
  time: {
    words: 'a time of day such as 12:30:00',
    serve(text) {
      const micros = serveNumber(text)
      return typeof micros === 'number' ? toTimeText(micros) : text
    },
    parse(value) {
      const micros = typeof value === 'string' ? parseTime(value) : undefined
      return micros === undefined ? undefined : textOf(micros)
    },
  },
  timestamp: {
    words: 'a time such as 2026-01-31T12:00:00Z',
    serve(text) {
      const micros = serveNumber(text)
      const isTime = typeof micros === 'number' && Math.abs(micros) / 1000 <= TIME_MS_MAX
      return isTime ? toIso(micros) : text
    },
    parse(value) {
      const micros = typeof value === 'string' ? toMicros(value) : undefined
      return micros === undefined ? undefined : textOf(micros)
    },
  },
}

/** How values of a column are given and served. */
export function valueKindOf({
  kind,
  scale = 0,
}: {
  readonly kind: ColumnKind
  readonly scale?: number
}): ValueKind {
  return kind === 'decimal' ? decimalOf(scale) : BY_KIND[kind]
}
