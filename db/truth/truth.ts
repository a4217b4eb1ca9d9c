/**
 * The numbers as SQL over the source table says them: what every stored and served figure of a stream has
 * to equal. From the declaration alone.
 *
 * Guarantees    counts, sums, averages, deviations, bounds, ratios and latest values are equal to the
 *               last bit; uniques and percentiles are exact here, where the engine estimates. Rows that
 *               no record can carry, or with texts beyond `textMax`, count nothing. Each call is one
 *               statement and one scan: several see one state in a transaction of REPEATABLE READ.
 * Does not      know what the table does not: the time of the commit (rows dated too far ahead are to be
 *               left out with `only`; a stream without a time has totals only), what a row was before a
 *               change that was refused, what a looked-up row was before it changed, and in which order
 *               values came: no dimension ends at fifty values, no row at 256 places, no window at
 *               16,384 entries.
 *               Read texts in a column of type `json` that jsonb cannot hold: paths find nothing there.
 *               Order ids that are texts by UTF-16, but by bytes: that differs beyond U+D7FF only.
 */
import type {ActiveWindow, Special, Stream, TopWindow} from '../../contracts/stream.ts'
import type {Pool} from '../../platform/postgres.ts'
import type {Cells, TruthValues} from './figures.ts'
import {
  activeSql,
  dimensionOf,
  eventsSql,
  recentSql,
  retentionSql,
  rollupSql,
  topSql,
  type EventsQuestion,
  type KeyQuestion,
  type RollupQuestion,
  type Statement,
  type StreamRollup,
  type WindowQuestion,
} from './sql.ts'
import {toKeyText, toValue, type TruthValue} from './values.ts'

/** A pool, or a client in a transaction. */
export type Queryable = Pick<Pool, 'query'>

/** Every cell as the server prints it. */
const AS_TEXT = {getTypeParser: () => (text: string) => text}

async function read(db: Queryable, {text, values}: Statement): Promise<readonly Cells[]> {
  const query = {text, values: [...values], rowMode: 'array' as const, types: AS_TEXT}
  const {rows} = await db.query<(string | null)[]>(query)
  return rows
}

export interface TruthRow {
  /** As keys name values: what has more than 512 characters is `(long)`. */
  readonly key: readonly (string | null)[]
  /**
   * As breakdowns name values, null for none: what has more than 64 characters is `(other)`, and what begins
   * with a parenthesis has a second one before it.
   */
  readonly split: readonly (string | null)[]
  /** Where `apart` was asked for: the dimension whose value, named alike, tells the row apart; null: none does. */
  readonly apart?: {readonly dimension: string; readonly value: string | null} | null | undefined
  /** Start of the bucket, seconds since 1970; null in total. */
  readonly start: number | null
  /** By the names of what is served. */
  readonly values: TruthValues
}

/**
 * Rows of a rollup that have events, in the order of key, start and split.
 *
 * @throws a sentence when the question does not fit the rollup
 */
export async function truthOfRollup(
  db: Queryable,
  stream: Stream,
  rollup: StreamRollup,
  question: RollupQuestion,
): Promise<readonly TruthRow[]> {
  const statement = rollupSql(stream, rollup, question)
  const {keys, isTimed, splits, apart, figures} = statement
  const afterStart = keys.length + Number(isTimed)
  const afterSplit = afterStart + splits.length
  const apartOf = (cells: Cells): TruthRow['apart'] => {
    const i = dimensionOf(Number(cells[afterSplit + apart.length]), apart.length)
    if (i === null) return null
    return {
      dimension: question.apart![i]!,
      value: toKeyText(apart[i]!, cells[afterSplit + i]!),
    }
  }
  const rest = afterSplit + (apart.length === 0 ? 0 : apart.length + 1)
  return (await read(db, statement)).map(cells => ({
    key: keys.map((key, i) => toKeyText(key, cells[i]!)),
    start: isTimed ? Number(cells[keys.length]) : null,
    split: splits.map((split, i) => toKeyText(split, cells[afterStart + i]!)),
    ...(apart.length === 0 ? {} : {apart: apartOf(cells)}),
    values: figures.serve(cells.slice(rest)),
  }))
}

export interface TruthEntry {
  readonly key: string
  readonly values: TruthValues
}

/** What each key has in the window; those without an event are not there. */
export async function truthOfTop(
  db: Queryable,
  stream: Stream,
  top: TopWindow,
  question: WindowQuestion,
): Promise<readonly TruthEntry[]> {
  const statement = topSql(stream, top, question)
  return (await read(db, statement)).map(([key = null, ...cells]) => ({
    key: toKeyText(statement.key, key)!,
    values: statement.figures.serve(cells),
  }))
}

/** Distinct values in the window. */
export async function truthOfActive(
  db: Queryable,
  stream: Stream,
  active: ActiveWindow,
  question: WindowQuestion,
): Promise<number> {
  const [row] = await read(db, activeSql(stream, active, question))
  return Number(row![0])
}

export type TruthMark = 'positionBegin' | 'positionEnd' | 'durationEnd'

export interface TruthMarks {
  readonly key: string
  readonly mark: TruthMark
  /** As in `TruthRow`. */
  readonly split: string | null
  readonly second: number
  readonly count: number
}

/** Begins and ends of watched stretches. */
export async function truthOfRetention(
  db: Queryable,
  stream: Stream,
  special: Extract<Special, {kind: 'retention'}>,
  question: KeyQuestion = {},
): Promise<readonly TruthMarks[]> {
  const statement = retentionSql(stream, special, question)
  return (await read(db, statement)).map(cells => ({
    key: toKeyText(statement.key, cells[0]!)!,
    mark: cells[1]! as TruthMark,
    split: toKeyText(statement.split, cells[2]!),
    second: Number(cells[3]),
    count: Number(cells[4]),
  }))
}

export interface TruthRecentEvent {
  readonly id: number | string
  /** Microseconds since 1970. */
  readonly at: number
  readonly shown: TruthValues
}

export interface TruthRecent {
  readonly key: string
  /** All of them, also those without a time. */
  readonly events: number
  /** The newest that have a time, newest first. */
  readonly list: readonly TruthRecentEvent[]
}

/** Of a long text so many characters are shown. */
const SHOWN_CHARACTERS_MAX = 256

const shorten = (value: TruthValue): TruthValue =>
  typeof value === 'string' ? value.slice(0, SHOWN_CHARACTERS_MAX) : value

/** The newest events of each key. */
export async function truthOfRecent(
  db: Queryable,
  stream: Stream,
  special: Extract<Special, {kind: 'recent'}>,
  question: KeyQuestion = {},
): Promise<readonly TruthRecent[]> {
  const statement = recentSql(stream, special, question)
  const {key, id, shown} = statement
  const byKey = Map.groupBy(await read(db, statement), cells => toKeyText(key, cells[0]!)!)
  return Array.from(byKey, ([text, rows]) => ({
    key: text,
    events: Number(rows[0]![1]),
    list: rows
      .filter(cells => cells[3] !== null)
      .map(cells => ({
        id: toValue(id, cells[2]!) as number | string,
        at: Number(cells[3]),
        shown: Object.fromEntries(
          shown.map((one, i) => [one.name, shorten(toValue(one, cells[4 + i]!))]),
        ),
      })),
  }))
}

export interface TruthEvent {
  readonly id: number | string
  /** Microseconds since 1970; null without a time. */
  readonly at: number | null
  /** Fields as records hold them, what paths find, and an object for each look-up. */
  readonly event: Readonly<Record<string, TruthValue | TruthValues>>
}

/** Events of an entity, or of all: newest first by (time, id), those without a time last. */
export async function truthOfEvents(
  db: Queryable,
  stream: Stream,
  question: EventsQuestion,
): Promise<readonly TruthEvent[]> {
  const statement = eventsSql(stream, question)
  const {idField, timeField, enrich} = stream
  return (await read(db, statement)).map(cells => {
    const values = new Map(
      statement.fields.map((field, i) => [field.name, toValue(field, cells[i]!)]),
    )
    const lookedUp = Object.entries(enrich).map(([alias, {columns}]) => {
      const own = columns.map(({field}) => [field, values.get(`${alias}.${field}`)!] as const)
      for (const {field} of columns) values.delete(`${alias}.${field}`)
      return [alias, Object.fromEntries(own)] as const
    })
    return {
      id: values.get(idField) as number | string,
      at: timeField === null ? null : (values.get(timeField) as number | null),
      event: Object.fromEntries([...values, ...lookedUp]),
    }
  })
}

export type {TruthValue, TruthValues}
export {RECENT_MAX, RETENTION_SECONDS_MAX, type SqlCondition} from './sql.ts'
