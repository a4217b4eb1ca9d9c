/**
 * What a stream is: a source table, a topic, and what is to be counted. Declared in `streams/`, as data;
 * everything else follows: Avro schema, tables and keys of the read model, folds, routes, reconcile.
 */
import {getTableConfig, type PgTable} from 'drizzle-orm/pg-core'
import {
  columnsOf,
  META,
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
import {isCqlName, isReserved, toTableName} from './cql-names.ts'
import {KINDS, type Carried} from './kinds.ts'
import {acceptedOf, isPresence, type Condition, type Measure} from './measures.ts'
import {isIdPart, ROW_ID} from './row-id.ts'
import {whyNoKey} from './sql-types.ts'

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

/** A name in tables, keys and metrics. */
export const toName = (name: string): string => name.replaceAll('.', '_')

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
  checkNames(declared)
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

/** Fields that every record has beside its columns. */
const RESERVED: ReadonlySet<string> = new Set([...META.map(({name}) => name), 'before'])
/** Columns and fields of ours beside those of an event, in raw rows and in hashes. */
const STORED: ReadonlySet<string> = new Set([
  'src_partition',
  'block',
  'meta',
  'written',
  'processed_at',
  'src_offset',
  'partition',
  'run',
  'deleted',
  'takeover',
])

/** Whether records, stored rows or CQL have something of their own by that name: `fields` gives a column another one. */
export const isFieldTaken = (field: string): boolean =>
  RESERVED.has(field) || STORED.has(field) || isReserved(field)

/** What addresses take. */
const STREAM_NAME = /^[a-z][a-z0-9_]{0,62}$/
/** Longer split values count as others: a condition on one could never be met. */
const SPLIT_CHARACTERS_MAX = 64
/** Stores take a life of twenty years. */
const KEEP_DAYS_MAX = 7000
/** Taking an event out of them may need the others. */
const NEEDS_EVENTS: ReadonlySet<Measure['kind']> = new Set(['uniques', 'min', 'max', 'latest'])

/** Every name that a declaration uses is one that it has, once, and of a kind that fits. */
function checkNames(declared: Stream): void {
  if (!STREAM_NAME.test(declared.name)) {
    throw new TypeError(
      `stream ${declared.name} needs another name: small letters, digits and _, a letter first, 63 at most`,
    )
  }
  const countable = countableOf(declared)
  const known = [...countable.keys()].join(', ')
  const wrong = (what: string): TypeError => new TypeError(`stream ${declared.name}: ${what}`)
  const check = (what: string, name: string): void => {
    if (!countable.has(name))
      throw wrong(`${what} ${name} is not in its record; there are ${known}`)
  }
  const checkSingle = (what: string, name: string): void => {
    check(what, name)
    const {kind} = countable.get(name)!
    if (KINDS[kind].holds !== 'other') return
    throw wrong(
      `${what} ${name} is ${kind}, nothing to count by: give a column of single values; it travels and is shown all the same`,
    )
  }
  const checkMeasure = (what: string, name: string): void => {
    if (Object.hasOwn(declared.measures, name)) return
    const names = Object.keys(declared.measures).join(', ')
    throw wrong(`${what} ${name} is no measure; there are ${names}`)
  }
  const checkWhere = (what: string, where: Condition = {}): void => {
    for (const [name, wanted] of Object.entries(where)) {
      if (isPresence(wanted)) {
        check(`a condition of ${what} on`, name)
        continue
      }
      checkSingle(`a condition of ${what} on`, name)
      const {kind} = countable.get(name)!
      const type = KINDS[kind].holds
      for (const value of acceptedOf(wanted)) {
        const isLong = typeof value === 'string' && value.length > SPLIT_CHARACTERS_MAX
        if (typeof value === type && !isLong) continue
        throw wrong(
          `a condition of ${what} wants ${name} = ${JSON.stringify(value)}: ${name} is ${kind}, give a ${type}${isLong ? ` of at most ${SPLIT_CHARACTERS_MAX} characters` : ''}`,
        )
      }
    }
  }
  const {keyField, idField, timeField} = declared
  const {kind: idKind} = countable.get(idField)!
  if (!KINDS[idKind].isName) {
    throw wrong(`id ${idField} is ${idKind}: give a whole number, a decimal, a text or a uuid`)
  }
  const keyKind = countable.get(keyField)!.kind
  if (!KINDS[keyKind].isName && keyKind !== 'boolean') {
    // Its text in PostgreSQL chooses the partition, and readers have that of the record.
    throw wrong(`key ${keyField} is ${keyKind}: give a whole number, a decimal, a text or a uuid`)
  }
  const timeKind = timeField === null ? 'timestamp' : countable.get(timeField)!.kind
  if (timeKind !== 'timestamp') {
    throw wrong(`time ${timeField} is ${timeKind}: give a timestamp, or leave time out`)
  }
  checkIds(declared, wrong)
  const taken = new Set([...RESERVED, ...declared.columns.map(({field}) => field)])
  for (const {field} of declared.columns) {
    if (isFieldTaken(field)) {
      throw wrong(`column ${field} needs another name, in fields`)
    }
    if (!isCqlName(field)) {
      throw wrong(`column ${field} needs a name in lower case that begins with a letter, in fields`)
    }
  }
  for (const name of [...Object.keys(declared.paths), ...Object.keys(declared.enrich)]) {
    if (taken.has(name)) throw wrong(`${name} is there twice: choose another name`)
    taken.add(name)
  }
  const omitted = declared.omit.find(name => declared.columns.some(({column}) => column === name))
  if (omitted !== undefined) {
    throw wrong(`column ${omitted} is declared, and left out in omit: take it out of one of them`)
  }
  checkStored(declared, wrong)
  checkColumns(declared, countable.keys(), wrong)
  for (const [alias, {by}] of Object.entries(declared.enrich)) {
    if (!declared.columns.some(({field}) => field === by)) {
      throw wrong(`look-up ${alias} by ${by} needs a column of its table`)
    }
    checkSingle(`look-up ${alias} by`, by)
  }
  for (const {by} of declared.shows) checkSingle('what is shown by', by)
  for (const [name, {json, path}] of Object.entries(declared.paths)) {
    if (path.length === 0) throw wrong(`path ${name} is empty`)
    const column = declared.columns.find(({field}) => field === json)
    if (column?.kind !== 'json') throw wrong(`path ${name} needs a JSON column, not ${json}`)
  }
  const shown = new Set(declared.shows.flatMap(({columns}) => columns))
  for (const [name, {divide, by}] of Object.entries(declared.derived)) {
    for (const part of [divide, by]) {
      if (typeof part === 'number' || shown.has(part)) continue
      if (!Object.hasOwn(declared.derived, part)) checkSingle(`${name} is derived of`, part)
    }
  }
  for (const field of Object.keys(declared.textMax)) checkSingle('the longest text of', field)
  for (const [name, measure] of Object.entries(declared.measures)) {
    if (measure.kind === 'ratio') {
      checkMeasure(`${name} of`, measure.of)
      checkMeasure(`${name} to`, measure.to)
      continue
    }
    if (measure.of !== undefined) checkSingle(`measure ${name} of`, measure.of)
    if ('scale' in measure && measure.scale !== undefined) {
      const isWhole = Number.isInteger(measure.scale) && measure.scale >= 0 && measure.scale <= 12
      if (!isWhole) throw wrong(`measure ${name} has scale ${measure.scale}: give 0 to 12`)
    }
    checkWhere(`measure ${name}`, measure.where)
  }
  const names = new Set<string>()
  for (const {name, by, split = [], measures = [], where} of declared.rollups) {
    if (names.has(name)) throw wrong(`two rollups are named ${name}`)
    names.add(name)
    for (const field of [...by, ...split]) checkSingle(`rollup ${name} by`, field)
    for (const measure of measures) checkMeasure(`rollup ${name} with`, measure)
    checkWhere(`rollup ${name}`, where)
  }
  checkKept(declared, wrong)
  for (const {by, measures} of declared.top) {
    checkSingle('top by', by)
    for (const measure of measures) checkMeasure('top with', measure)
  }
  for (const {of} of declared.active) checkSingle('active of', of)
  for (const {kind, ...used} of declared.special) {
    for (const field of Object.values(used).flat()) checkSingle(`${kind} by`, field)
    // What was pushed out of a list is looked for among the events that are filed under the key.
    if (kind === 'recent' && used.by !== keyField) {
      throw wrong(`recent by ${used.by} needs another key: lists are by the key, ${keyField}`)
    }
  }
}

function checkIds({idColumns, columns}: Stream, wrong: (what: string) => TypeError): void {
  if (idColumns.length === 1) return
  for (const {column, kind, nullable} of columns.filter(one => idColumns.includes(one.column))) {
    if (!isIdPart(kind)) throw wrong(`id has ${column}, which is ${kind}: it cannot name a row`)
    if (nullable)
      throw wrong(`id has ${column}, which may be null: name columns of the primary key`)
  }
  const named = columns.find(({field, parts}) => field === ROW_ID && parts === undefined)
  if (named !== undefined) {
    throw wrong(
      `column ${named.column} needs another name, in fields: ${ROW_ID} is the id of its columns`,
    )
  }
}

/** What tables and columns beside those of the source are called in Cassandra. */
function checkStored(
  {rawTable, rollups, paths, derived}: Stream,
  wrong: (what: string) => TypeError,
): void {
  const tables = [rawTable, ...rollups.flatMap(({table}) => table ?? [])]
  for (const name of [...tables, ...Object.keys(paths), ...Object.keys(derived)]) {
    if (isCqlName(name)) continue
    throw wrong(
      `${name} needs another name, for Cassandra: small letters, digits and _, a letter first, no word of CQL`,
    )
  }
}

/** Names that stores would take as one: of what is counted by, and of what is shown beside. */
function checkColumns(
  {shows, derived}: Stream,
  countable: Iterable<string>,
  wrong: (what: string) => TypeError,
): void {
  const owners = new Map<string, string>()
  const shown = shows.flatMap(({columns}) => columns)
  for (const name of [...countable, ...shown, ...Object.keys(derived)]) {
    const column = toName(name).toLowerCase()
    const other = owners.get(column)
    if (other !== undefined) {
      throw wrong(`${other} and ${name} would both be stored as ${column}: choose another name`)
    }
    owners.set(column, name)
  }
}

/** What is kept for a while has to have a time, and nothing may need what is gone. */
function checkKept(declared: Stream, wrong: (what: string) => TypeError): void {
  const {keepDays, timeField, aheadHoursMax, columns, measures, rollups} = declared
  if (keepDays === null) return
  if (!(Number.isInteger(keepDays) && keepDays >= 1 && keepDays <= KEEP_DAYS_MAX)) {
    throw wrong(`keepDays is ${keepDays}: give a whole number from 1 to ${KEEP_DAYS_MAX}`)
  }
  const time = columns.find(({field}) => field === timeField)
  if (time === undefined || time.nullable) {
    throw wrong('keepDays needs a time: name a column that is NOT NULL, or leave keepDays out')
  }
  if (aheadHoursMax === null) {
    throw wrong('keepDays needs aheadHoursMax: an event of any future could not be forgotten')
  }
  for (const rollup of rollups) {
    const used = rollup.measures ?? Object.keys(measures)
    const needing = used.find(name => NEEDS_EVENTS.has(measures[name]!.kind))
    if (needing === undefined || rollup.every.some(level => level !== 'total')) continue
    throw wrong(
      `with keepDays, rollup ${rollup.name} needs days: ${needing} of its total is computed again from them`,
    )
  }
}

export type {Column}
