/**
 * What a stream is: a source table, a topic, and what is to be counted. Declared in `streams/`, as data;
 * everything else follows: Avro schema, tables and keys of the read model, folds, routes, reconcile.
 */
import {getTableConfig, type PgTable} from 'drizzle-orm/pg-core'
import {
  columnsOf,
  nameOfTable,
  primaryKeyOf,
  primaryKeysOf,
  toAvroSchema,
  type AvroRecord,
  type Column,
  type FieldNames,
  type NoFieldNames,
  type RowOfTable,
} from './columns.ts'
import {toTableName} from './cql-names.ts'
import type {Carried} from './kinds.ts'
import type {Condition, Measure} from './measures.ts'
import {ROW_ID} from './row-id.ts'
import {whyNoKey} from './sql-types.ts'
import {checkStream} from './stream-checks.ts'

/** Buckets of time that may be stored, UTC; `total` always is. */
export const LEVELS = ['minute', 'quarter', 'hour', 'day', 'total'] as const
export type Level = (typeof LEVELS)[number]
export type TimeLevel = Exclude<Level, 'total'>

/** A member of a JSON column, found by its path; of another type than said it is null. */
export interface JsonPath {
  readonly json: string
  readonly path: readonly string[]
  readonly kind: 'text' | 'long'
}
export const jsonPath = (
  json: string,
  path: readonly string[],
  kind: JsonPath['kind'] = 'text',
): JsonPath => ({json, path, kind})

/** Columns of another table that travel in the record: `<alias>.<column>` may be counted by. */
export interface Lookup {
  readonly table: string
  /** Field of the stream that names the row. */
  readonly by: string
  /** Primary key of the table. */
  readonly key: string
  /** SQL type as which the text of `by` is compared with the key. */
  readonly keyType: LookupKeyType
  readonly columns: readonly Column[]
}

export type LookupKeyType = 'uuid' | 'bigint' | 'numeric' | 'text' | 'bpchar'

/** An index on the key serves a comparison as this type. */
const KEY_TYPE_OF: Readonly<Record<string, LookupKeyType>> = {
  PgUUID: 'uuid',
  PgBigSerial53: 'bigint',
  PgBigSerial64: 'bigint',
  PgBigInt53: 'bigint',
  PgBigInt64: 'bigint',
  PgSerial: 'bigint',
  PgInteger: 'bigint',
  PgSmallInt: 'bigint',
  PgSmallSerial: 'bigint',
  PgNumeric: 'numeric',
  PgText: 'text',
  PgVarchar: 'text',
  PgChar: 'bpchar',
}

/** @param columns of the table, by their names in SQL */
export function lookup(table: PgTable, by: string, columns: readonly string[]): Lookup {
  const key = primaryKeyOf(table)
  const name = nameOfTable(table)
  if (key === undefined) throw new TypeError(`${name} needs a primary key of one column`)
  const {columnType = ''} = getTableConfig(table).columns.find(column => column.name === key) ?? {}
  const keyType = KEY_TYPE_OF[columnType]
  if (keyType === undefined) {
    throw new TypeError(`${name}.${key} is looked up by: it has to be a uuid, a number or a text`)
  }
  const all = columnsOf(table)
  return {
    table: name,
    by,
    key,
    keyType,
    columns: columns.map(wanted => {
      const found = all.find(({column}) => column === wanted)
      if (found === undefined) throw new TypeError(`${name} has no column ${wanted}`)
      return found
    }),
  }
}

/** Columns of a reference stream that raw rows show beside their event; not counted by. */
export interface Shown {
  readonly stream: Stream
  /** Field that holds the id of the reference row. */
  readonly by: string
  readonly columns: readonly string[]
}

/** A figure of a single event, unrounded; null when a part is null, or the divisor 0. */
export interface Quotient {
  readonly divide: string
  readonly by: string | number
}

export interface Rollup {
  /** Names the rows in tables and keys; `by` when left out, `all` without. */
  readonly name?: string
  /** A row for each value: fields, paths, or looked-up columns. None: the whole stream. */
  readonly by?: string | readonly string[]
  /** Dimensions of few values inside a row: fifty of each, the others count as `(other)`. */
  readonly split?: readonly string[]
  readonly every: readonly Level[]
  /** Names of measures; all of the stream when left out. */
  readonly measures?: readonly string[]
  readonly where?: Condition
  /** Name of its table in Cassandra, where people know it by one. */
  readonly table?: string
  /**
   * `packed`: what is open (the newest minute, hour, day) lies in the row of the total until it is
   * closed. `rows`: every bucket is a row at once, for tables that people look into.
   */
  readonly open?: 'packed' | 'rows'
  /** Name of a hash by source partition in Redis that holds each row's count of events. */
  readonly hash?: string
}

/** The most of something in a window that slides in steps of ten seconds. */
export interface TopWindow {
  readonly by: string
  readonly seconds: number
  /** Counts, sums and uniques of the stream. */
  readonly measures: readonly string[]
}

/** Distinct values of a field in a window that slides in steps of ten seconds. */
export interface ActiveWindow {
  readonly of: string
  readonly seconds: number
}

/** A projection that only some streams have; its code is in `readmodel/special/`. */
export type Special =
  | {
      readonly kind: 'retention'
      readonly by: string
      readonly duration: string
      /** Where the playhead was; without one the curve is made of durations alone. */
      readonly position?: string
      readonly split: string
    }
  | {readonly kind: 'recent'; readonly by: string; readonly show: readonly string[]}

/** What the API has answers for that other streams do not have: contents, engagement with them, activity of users. */
export const ROLES = ['content', 'engagement', 'activity'] as const
export type Role = (typeof ROLES)[number]

export interface Declaration<T extends PgTable, F extends FieldNames> {
  readonly name: string
  /** Said by `contentOf` and `engagementOf`, and by our own activity: a name alone makes none of them. */
  readonly role?: Role
  readonly table: T
  /** Without prefix; equal to the `topic` column of the outbox. */
  readonly topic: string
  /** Name of the Avro record; the topic's when left out. */
  readonly avro?: string
  /** Column whose text is the Kafka key: the entity whose order matters. */
  readonly key: string
  /** Column that identifies a row, or all columns of a primary key in its order; the primary key when left out. */
  readonly id?: string | readonly string[]
  /** When it happened; the time of the commit when left out. */
  readonly time?: string
  /** Names of fields in records by column, where they differ. */
  readonly fields?: F
  /** Columns of the table that do not travel, on purpose: others that it gets are reported until they are declared. */
  readonly omit?: readonly string[]
  readonly paths?: Readonly<Record<string, JsonPath>>
  readonly enrich?: Readonly<Record<string, Lookup>>
  readonly shows?: readonly Shown[]
  readonly derived?: Readonly<Record<string, Quotient>>
  /** Longest texts of fields, characters: a longer one is a dead letter. Others may have any length. */
  readonly textMax?: Readonly<Record<string, number>>
  /** An event may be dated so many hours ahead of its commit; null: as it likes. 24 when left out. */
  readonly aheadHoursMax?: number | null
  /**
   * Single events, and what numbers need of them, are kept for so many days after they happened; for ever when
   * left out. A correction of an older one changes no number any more.
   */
  readonly keepDays?: number | null
  /**
   * The newest row by id is all there is to it: metadata for others (`shows`), with nothing counted. Its
   * topic is kept for ever.
   */
  readonly isReference?: boolean
  /** Table of single events in Cassandra; the topic's name when left out, as Cassandra takes it. */
  readonly rawTable?: string
  /** Begin of the keys of single events in Redis; none when left out. */
  readonly hashes?: string
  /** How finely the ids of an entity's events are filed: by hour for a million an hour. */
  readonly filed?: 'hour' | 'day'
  readonly measures?: Readonly<Record<string, Measure>>
  readonly rollups?: readonly Rollup[]
  readonly top?: readonly TopWindow[]
  readonly active?: readonly ActiveWindow[]
  readonly special?: readonly Special[]
}

/** A rollup with everything filled in. */
export interface NamedRollup extends Omit<Rollup, 'name' | 'by'> {
  readonly name: string
  readonly by: readonly string[]
}

/** What of a declaration is put in another way. */
type Resolved = 'role' | 'table' | 'avro' | 'key' | 'id' | 'time' | 'fields' | 'hashes' | 'rollups'

/** A declaration with everything filled in. */
export interface Stream<Row = Readonly<Record<string, unknown>>> extends Required<
  Omit<Declaration<PgTable, FieldNames>, Resolved>
> {
  /** Schema-qualified name in PostgreSQL. */
  readonly table: string
  readonly keyColumn: string
  /** Several: the id is their texts together (row-id.ts). */
  readonly idColumns: readonly string[]
  /** Fields in records. */
  readonly keyField: string
  readonly idField: string
  readonly timeField: string | null
  readonly columns: readonly Column[]
  readonly schema: AvroRecord
  readonly hashes: string | null
  readonly role: Role | null
  readonly rollups: readonly NamedRollup[]
  /** Never there: carries the type of a row. */
  readonly row?: Row
}

export type RowOf<S> = S extends Stream<infer Row> ? Row : never

const AHEAD_HOURS_MAX = 24

/** Marks what `stream()` made, also where this module is loaded twice. */
const MARK = Symbol.for('content-analytics.stream')

export const isStream = (value: unknown): value is Stream =>
  typeof value === 'object' && value !== null && MARK in value

/** The stream that has a role. */
export const findRole = (streams: readonly Stream[], role: Role): Stream | undefined =>
  streams.find(one => one.role === role)

/** Fields, paths and looked-up columns that may be counted by, with their kinds. */
export function countableOf({
  columns,
  paths,
  enrich,
}: Pick<Stream, 'columns' | 'paths' | 'enrich'>): ReadonlyMap<string, Carried> {
  const all = new Map<string, Carried>()
  for (const column of columns) all.set(column.field, column)
  for (const [name, {kind}] of Object.entries(paths)) all.set(name, {kind})
  for (const [alias, {columns: added}] of Object.entries(enrich)) {
    for (const column of added) all.set(`${alias}.${column.field}`, column)
  }
  return all
}

/** @throws a sentence that names the stream, the wrong name, and those there are */
export function stream<T extends PgTable, const F extends FieldNames = NoFieldNames>(
  declaration: Declaration<T, F>,
): Stream<RowOfTable<T, F>> {
  const {name, table, topic, key, id = primaryKeysOf(table), time, fields} = declaration
  const {enrich = {}, aheadHoursMax = AHEAD_HOURS_MAX} = declaration
  const idColumns = [id].flat()
  const own = columnsOf(table, fields)
  const columns = idColumns.length > 1 ? [...own, rowIdOf(idColumns)] : own
  const fieldOf = (column: string, what: string): string => {
    const found = columns.find(one => one.column === column)
    if (found !== undefined) return found.field
    const known = own.map(one => one.column).join(', ')
    throw new TypeError(`stream ${name}: ${what} ${column} is no column; there are ${known}`)
  }
  const keyed = getTableConfig(table).columns.find(column => column.name === key)
  const unlike = keyed && whyNoKey(keyed.getSQLType())
  if (unlike !== undefined) throw new TypeError(`stream ${name}: key ${key} is ${unlike}`)
  if (idColumns.length === 0) {
    throw new TypeError(
      `stream ${name}: ${nameOfTable(table)} needs an id: a primary key, or the names of its columns in id`,
    )
  }
  for (const column of idColumns) fieldOf(column, 'id')
  const declared: Stream<RowOfTable<T, F>> = {
    name,
    role: declaration.role ?? null,
    topic,
    table: nameOfTable(table),
    keyColumn: key,
    idColumns,
    keyField: fieldOf(key, 'key'),
    idField: idColumns.length > 1 ? ROW_ID : fieldOf(idColumns[0]!, 'id'),
    timeField: time === undefined ? null : fieldOf(time, 'time'),
    columns,
    schema: toAvroSchema(declaration.avro ?? topic, columns, enrich),
    paths: declaration.paths ?? {},
    enrich,
    shows: declaration.shows ?? [],
    derived: declaration.derived ?? {},
    textMax: declaration.textMax ?? {},
    aheadHoursMax,
    keepDays: declaration.keepDays ?? null,
    isReference: declaration.isReference ?? false,
    rawTable: declaration.rawTable ?? toTableName(topic),
    hashes: declaration.hashes ?? null,
    omit: declaration.omit ?? [],
    filed: declaration.filed ?? 'day',
    measures: declaration.measures ?? {},
    rollups: (declaration.rollups ?? []).map(rollup => {
      const by = [rollup.by ?? []].flat()
      return {...rollup, by, name: rollup.name ?? (by.length === 0 ? 'all' : by.join('_'))}
    }),
    top: declaration.top ?? [],
    active: declaration.active ?? [],
    special: declaration.special ?? [],
  }
  checkStream(declared, countableOf(declared))
  return Object.defineProperty(declared, MARK, {value: true})
}

/** What stands for the columns of an id in records and rows. */
const rowIdOf = (parts: readonly string[]): Column => ({
  field: ROW_ID,
  column: ROW_ID,
  kind: 'text',
  nullable: false,
  parts,
})

export type {Column}
