/**
 * Turns an outbox row into the record of its stream.
 *
 * Guarantees    a row that does not fit is told apart by `ENCODE_FAILED`, naming the column and value;
 *               it never becomes a record that means something else. What mends or deletes such a row can be
 *               carried: of a row that is not there any more only its id and key have to fit.
 */
import {LONG_MAX, LONG_MIN, type Column, type ColumnKind} from '../contracts/columns.ts'
import type {Stream} from '../contracts/stream.ts'
import {PipelineError} from '../platform/errors.ts'
import type {OutboxRow} from './outbox-reader.ts'
import {readMembers} from './row-text.ts'
import {parseDays, parseMicros} from './timestamps.ts'

/** What every record of a page carries. */
export interface RecordStamp {
  readonly lanes: number
  readonly lane: number
  readonly epoch: number
  readonly redelivered: boolean
}

const unfit = (column: string, value: string, expects: string): PipelineError =>
  new PipelineError('ENCODE_FAILED', `${column} = ${value.slice(0, 100)}: expected ${expects}`, {
    disposition: 'dead-letter',
  })

const INT_MAX = 2 ** 31 - 1

function toInteger(column: string, raw: string, kind: 'int' | 'long'): number {
  const value = Number(raw)
  const [min, max] = kind === 'int' ? [-INT_MAX - 1, INT_MAX] : [LONG_MIN, LONG_MAX]
  if (!Number.isInteger(value) || value < min || value > max) {
    throw unfit(column, raw, `an integer from ${min} to ${max}`)
  }
  return value
}

/** PostgreSQL prints what JSON has no number for as text. */
function toDouble(column: string, raw: string): number {
  const value = Number(raw.startsWith('"') ? raw.slice(1, -1) : raw)
  if (Number.isNaN(value) && raw !== '"NaN"') throw unfit(column, raw, 'a number')
  return value
}

/** A column of PostgreSQL has a thousand digits before the point, and as many behind it. */
const DECIMAL_CHARACTERS_MAX = 2_100
/** An application that emits a message itself may quote a number, to keep its digits. */
const DECIMAL = /^"?(-?)0*(\d+?)(?:\.(\d*?)0*)?"?$/

/** With exactly the digits of the scale. Zeros behind them are let go, other digits are not. */
function toDecimal({column, precision = 0, scale = 0}: Column, raw: string): string {
  const found = raw.length > DECIMAL_CHARACTERS_MAX ? null : DECIMAL.exec(raw)
  const [, sign, whole = '', fraction = ''] = found ?? []
  const digits = (whole === '0' ? 0 : whole.length) + scale
  if (whole === '' || fraction.length > scale || digits > precision) {
    throw unfit(column, raw, `a number of ${precision} digits, ${scale} behind the point`)
  }
  const text = scale === 0 ? whole : `${whole}.${fraction.padEnd(scale, '0')}`
  return whole === '0' && fraction === '' ? text : `${sign}${text}`
}

function toDays(column: string, raw: string): number {
  const days = parseDays(toText(raw))
  if (days === undefined || days > INT_MAX) throw unfit(column, raw, 'a date')
  return days
}

/** The characters of a JSON string. */
const toText = (raw: string): string =>
  raw.includes('\\') ? (JSON.parse(raw) as string) : raw.slice(1, -1)

/** A member as text: of a string its characters, else as it is printed; null for null. */
export const textOf = (raw: string | undefined): string | null =>
  raw === undefined || raw === 'null' ? null : raw.startsWith('"') ? toText(raw) : raw

function toValue(of: Column, raw: string | undefined): unknown {
  const {column, kind, nullable} = of
  if (raw === undefined) {
    throw new PipelineError(
      'ENCODE_FAILED',
      `the row has no ${column}: the column was renamed or dropped, or is younger than the row; a message has to name it, be it as null`,
      {disposition: 'dead-letter'},
    )
  }
  if (raw === 'null') {
    if (!nullable) throw unfit(column, 'null', `${kind}, not null`)
    return null
  }
  switch (kind) {
    case 'long':
    case 'int':
      return toInteger(column, raw, kind)
    case 'double':
      return toDouble(column, raw)
    case 'decimal':
      return toDecimal(of, raw)
    case 'boolean':
      return raw === 'true'
    case 'text':
    case 'uuid':
      return textOf(raw)
    case 'timestamp': {
      const micros = parseMicros(toText(raw))
      if (micros === undefined || micros < LONG_MIN || micros > LONG_MAX) {
        throw unfit(column, raw, 'a time that has microseconds since 1970')
      }
      return micros
    }
    case 'date':
      return toDays(column, raw)
    case 'json':
      return raw
    default:
      return kind satisfies never
  }
}

type Fields = Record<string, unknown>

function readRow(columns: readonly Column[], text: string): Fields {
  const members = readMembers(text)
  const fields: Fields = {}
  for (const column of columns) fields[column.field] = toValue(column, members.get(column.column))
  return fields
}

const isUnfit = (error: unknown): boolean =>
  error instanceof PipelineError && error.code === 'ENCODE_FAILED'

/** The row before an update; null when it never was a record. */
function readBefore(columns: readonly Column[], text: string): Fields | null {
  try {
    return readRow(columns, text)
  } catch (error) {
    if (isUnfit(error)) return null
    throw error
  }
}

/** What stands for a value that is not carried of a deleted row, where there has to be one. */
const NOTHING: Readonly<Record<ColumnKind, unknown>> = {
  long: 0,
  int: 0,
  double: 0,
  decimal: '0',
  boolean: false,
  text: '',
  uuid: '00000000-0000-0000-0000-000000000000',
  timestamp: 0,
  date: 0,
  json: 'null',
}

/** A row that was deleted, as far as it fits: readers go by its id and key. */
function readDeleted({columns, idField, keyField}: Stream, text: string): Fields {
  const members = readMembers(text)
  const fields: Fields = {}
  for (const of of columns) {
    const {field, column, kind, nullable} = of
    try {
      fields[field] = toValue(of, members.get(column))
    } catch (error) {
      if (!isUnfit(error) || field === idField || field === keyField) throw error
      const nothing = kind === 'decimal' ? toDecimal(of, '0') : NOTHING[kind]
      fields[field] = nullable ? null : nothing
    }
  }
  return fields
}

/** Values with more characters are left out of a row that is only told to be gone. */
const LARGE_CHARACTERS = 10_000

function withoutLargeValues({columns, idField, keyField}: Stream, row: Fields): Fields {
  const slim = {...row}
  for (const {field, kind, nullable} of columns) {
    const value = slim[field]
    if (field === idField || field === keyField) continue
    if (typeof value === 'string' && value.length > LARGE_CHARACTERS) {
      slim[field] = nullable ? null : NOTHING[kind]
    }
  }
  return slim
}

/**
 * A change whose record would be too large, without the large values of the row that was: readers go by its id and
 * key. So what was published once can be corrected and deleted, too. Undefined where there is nothing to leave out.
 */
export function withoutLarge(
  stream: Stream,
  op: OutboxRow['op'],
  record: object,
): object | undefined {
  if (op !== 'u' && op !== 'd') return undefined
  const fields = record as Fields
  const before = fields['before'] as Fields | null
  const slim = {...fields, before: before && withoutLargeValues(stream, before)}
  return op === 'd' ? withoutLargeValues(stream, slim) : slim
}

/** Columns of another table from the JSON text of a row; null for each one that cannot be carried. */
export function toLookedUp(columns: readonly Column[], text: string): object {
  const members = readMembers(text)
  const fields: Fields = {}
  for (const column of columns) {
    try {
      fields[column.field] = toValue({...column, nullable: true}, members.get(column.column))
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error
      // The event itself can be carried, and counts.
      fields[column.field] = null
    }
  }
  return fields
}

/** The record of a row, ready for the encoder of its stream. @throws `ENCODE_FAILED` (dead-letter) */
export function toRecord(stream: Stream, row: OutboxRow, stamp: RecordStamp): object {
  const {columns} = stream
  let fields: Fields
  let before: Fields | null = null
  if (row.op === 'c' || row.op === 'r') {
    fields = readRow(columns, row.payload)
  } else {
    const images = readMembers(row.payload)
    const old = images.get('before')
    if (old === undefined) throw unfit('payload', row.payload, 'an object with before')
    before = readBefore(columns, old)
    const after = images.get('after')
    if (row.op === 'u' && after === undefined) throw unfit('payload', row.payload, 'after')
    if (after !== undefined) fields = readRow(columns, after)
    else fields = before === null ? readDeleted(stream, old) : {...before}
  }
  fields['op'] = row.op
  fields['outbox_id'] = row.id
  fields['created_at'] = row.createdAt
  fields['lanes'] = stamp.lanes
  fields['lane'] = stamp.lane
  fields['epoch'] = stamp.epoch
  fields['redelivered'] = stamp.redelivered
  if (row.lookedUp !== undefined) {
    for (const [i, alias] of Object.keys(stream.enrich).entries()) {
      fields[alias] = row.lookedUp[i]!.fields
    }
  }
  fields['before'] = before
  return fields
}
