/**
 * Turns an outbox row into the record of its stream.
 *
 * Guarantees    a row that does not fit is told apart by `ENCODE_FAILED`, naming the column and value;
 *               it never becomes a record that means something else. What mends or deletes such a row can be
 *               carried: of a row that is not there any more only its id and key have to fit.
 */
import type {Column} from '../contracts/columns.ts'
import {textOf as textOfJson} from '../contracts/json-values.ts'
import {KINDS} from '../contracts/kinds.ts'
import type {Stream} from '../contracts/stream.ts'
import {PipelineError} from '../platform/errors.ts'
import type {OutboxRow} from './outbox-reader.ts'
import {readMembers} from './row-text.ts'

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

/** A member as text: of a string its characters, else as it is printed; null for null. */
export const textOf = (raw: string | undefined): string | null =>
  raw === undefined || raw === 'null' ? null : textOfJson(raw)

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
  const value = KINDS[kind].read(raw, of)
  if (value === undefined) throw unfit(column, raw, KINDS[kind].expects(of))
  return value
}

type Fields = Record<string, unknown>

/** The text of a row, and the id under which capture wrote it. */
interface RowText {
  readonly text: string
  readonly id: string
}

/** Values of columns as they are in JSON; an id of several columns is what capture made of them. */
function membersOf(columns: readonly Column[], {text, id}: RowText): Map<string, string> {
  const members = readMembers(text)
  const made = columns.find(({parts}) => parts !== undefined)
  return made === undefined ? members : members.set(made.column, JSON.stringify(id))
}

function readRow(columns: readonly Column[], row: RowText): Fields {
  const members = membersOf(columns, row)
  const fields: Fields = {}
  for (const column of columns) fields[column.field] = toValue(column, members.get(column.column))
  return fields
}

const isUnfit = (error: unknown): boolean =>
  error instanceof PipelineError && error.code === 'ENCODE_FAILED'

/** The row before an update; null when it never was a record. */
function readBefore(columns: readonly Column[], row: RowText): Fields | null {
  try {
    return readRow(columns, row)
  } catch (error) {
    if (isUnfit(error)) return null
    throw error
  }
}

/** What stands for a value that is not carried of a deleted row, where there has to be one. */
const nothingOf = (of: Column): unknown =>
  of.nullable ? null : KINDS[of.kind].read(KINDS[of.kind].nothing, of)

/** A row that was deleted, as far as it fits: readers go by its id and key. */
function readDeleted({columns, idField, keyField}: Stream, row: RowText): Fields {
  const members = membersOf(columns, row)
  const fields: Fields = {}
  for (const of of columns) {
    const {field, column} = of
    try {
      fields[field] = toValue(of, members.get(column))
    } catch (error) {
      if (!isUnfit(error) || field === idField || field === keyField) throw error
      fields[field] = nothingOf(of)
    }
  }
  return fields
}

/** Larger values are left out of a row that is only told to be gone: characters, bytes, elements and theirs. */
const LARGE = 10_000

function sizeOf(value: unknown): number {
  if (typeof value === 'string' || Buffer.isBuffer(value)) return value.length
  return Array.isArray(value) ? value.reduce<number>((sum, one) => sum + 1 + sizeOf(one), 0) : 0
}

function withoutLargeValues({columns, idField, keyField}: Stream, row: Fields): Fields {
  const slim = {...row}
  for (const column of columns) {
    const {field} = column
    if (field === idField || field === keyField) continue
    if (sizeOf(slim[field]) > LARGE) slim[field] = nothingOf(column)
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
  const rowOf = (text: string): RowText => ({text, id: row.aggregateId})
  let fields: Fields
  let before: Fields | null = null
  if (row.op === 'c' || row.op === 'r') {
    fields = readRow(columns, rowOf(row.payload))
  } else {
    const images = readMembers(row.payload)
    const old = images.get('before')
    if (old === undefined) throw unfit('payload', row.payload, 'an object with before')
    before = readBefore(columns, rowOf(old))
    const after = images.get('after')
    if (row.op === 'u' && after === undefined) throw unfit('payload', row.payload, 'after')
    if (after !== undefined) fields = readRow(columns, rowOf(after))
    else fields = before === null ? readDeleted(stream, rowOf(old)) : {...before}
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
