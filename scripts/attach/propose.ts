/**
 * What a table could be counted by: a first declaration, for a person to read and change. Pure.
 *
 * Chosen by what can be seen: the key is the first foreign key, the time the first time that is never null, sums are
 * of numbers that name nothing, and rows are split by what has few values.
 */
import {KINDS, type Carried, type ColumnKind} from '../../contracts/kinds.ts'
import {isIdPart, ROW_ID} from '../../contracts/row-id.ts'
import {arrayOf, carriedOf, whyNoKey} from '../../contracts/sql-types.ts'
import {isFieldTaken} from '../../contracts/stream-checks.ts'
import {UsageError} from '../command.ts'
import type {CatalogColumn, CatalogTable, CatalogType} from './catalog.ts'

export interface Wishes {
  readonly key?: string | undefined
  readonly time?: string | undefined
  readonly topic?: string | undefined
}

export interface ProposedColumn {
  readonly name: string
  /** In records; the name, unless that cannot be one. */
  readonly field: string
  readonly kind: ColumnKind
  /** Whether it can be a key. */
  readonly isName: boolean
  /** Of the table's object, without its name: `text().notNull()`. */
  readonly type: string
}

export interface Rollup {
  readonly by: string | null
  readonly split: readonly string[]
  readonly every: readonly string[]
  /** Null: all of the stream. */
  readonly measures: readonly string[] | null
}

export interface Proposal {
  readonly schema: string
  readonly table: string
  readonly name: string
  readonly topic: string
  readonly key: string
  /** Its one column; null: it has several. */
  readonly primaryKey: string | null
  /** Null: the primary key; several: all of its columns. */
  readonly id: string | readonly string[] | null
  readonly time: string | null
  readonly columns: readonly ProposedColumn[]
  /** Name, and what makes it: `sum('total')`. */
  readonly measures: readonly (readonly [name: string, made: string])[]
  readonly rollups: readonly Rollup[]
  readonly top: {readonly by: string; readonly measures: readonly string[]} | null
  /** What was chosen, and why. */
  readonly reasons: readonly string[]
}

/** What makes a column of a type, as the catalog names it; all others travel as the text that PostgreSQL prints. */
const MADE_BY: Readonly<Record<string, string>> = {
  smallint: 'smallint()',
  integer: 'integer()',
  bigint: "bigint({mode: 'number'})",
  real: 'real()',
  'double precision': 'doublePrecision()',
  boolean: 'boolean()',
  uuid: 'uuid()',
  date: 'date()',
  'time without time zone': 'time()',
  interval: 'interval()',
  'timestamp without time zone': "timestamp({mode: 'string'})",
  'timestamp with time zone': "timestamp({withTimezone: true, mode: 'string'})",
  json: 'json()',
  jsonb: 'jsonb()',
  bytea: 'bytea()',
  character: 'char()',
  inet: 'inet()',
}

type ProposedType = readonly [of: Carried, made: string]

function typeOf({type, precision, scale, isNested}: CatalogType): ProposedType {
  if (isNested) return [{kind: 'json'}, 'jsonb()']
  if (type !== 'numeric') {
    const made = MADE_BY[type]
    return made === undefined ? [{kind: 'text'}, 'text()'] : [carriedOf(type), made]
  }
  // Without a scale, or with one before the point, it is whatever PostgreSQL prints.
  if (precision === null || scale === null || scale < 0) return [{kind: 'text'}, 'numeric()']
  const digits = `numeric({precision: ${precision}, scale: ${scale}})`
  return [carriedOf(`numeric(${precision}, ${scale})`), digits]
}

/** Lists of what travels by itself; those of documents, and of lists, are documents. */
function typeOfColumn(column: CatalogColumn): ProposedType {
  if (column.element === null) return typeOf(column)
  const [element, made] = typeOf(column.element)
  const of = arrayOf(element)
  return of.kind === 'array' ? [of, `${made}.array()`] : typeOf(column)
}

/** A name that records, Cassandra and JavaScript take, other than those before. */
function fieldOf(name: string, taken: ReadonlySet<string>): string {
  const letters = name.toLowerCase().replaceAll(/[^a-z0-9_]+/g, '_')
  const plain = /^[a-z]/.test(letters)
    ? letters
    : `c_${letters}`.replaceAll(/_{2,}|_$/g, '_').replace(/^c_$/, 'c')
  let field = plain
  for (let n = 2; taken.has(field) || isFieldTaken(field); n++) {
    field = n === 2 ? `row_${plain}` : `row_${plain}_${n}`
  }
  return field
}

function columnsOf(table: CatalogTable, reserved: ReadonlySet<string>): readonly ProposedColumn[] {
  const plain = new Set(table.columns.map(({name}) => name))
  const taken = new Set(reserved)
  return table.columns.map(column => {
    const {name} = column
    // Those that may be called as they are come first, whatever stands before them.
    const isPlain = fieldOf(name, reserved) === name
    const field = isPlain ? name : fieldOf(name, new Set([...taken, ...plain]))
    taken.add(field)
    return {...proposeColumn(column, new Set()), field}
  })
}

/** @param taken fields of others */
export function proposeColumn(column: CatalogColumn, taken: ReadonlySet<string>): ProposedColumn {
  const {name, notNull} = column
  const [{kind}, made] = typeOfColumn(column)
  const isName = KINDS[kind].isName && whyNoKey(column.type) === undefined
  const field = fieldOf(name, taken)
  return {name, field, kind, isName, type: notNull ? `${made}.notNull()` : made}
}

const SUMMED: ReadonlySet<ColumnKind> = new Set(['int', 'long', 'decimal', 'double'])
const EVENT_TIME =
  /^(occurred|happened|event|placed|ordered|sold|paid|started|measured|recorded|logged|sent|viewed|created|inserted)(_?(at|on|time|ts|date))?$/
const FEW = 50
const SPLITS_MAX = 3

const listOf = (names: readonly string[]): string => names.join(', ')

function find(columns: readonly ProposedColumn[], name: string, option: string): ProposedColumn {
  const found = columns.find(column => column.name === name)
  if (found !== undefined) return found
  throw new UsageError(
    `--${option} ${name} is no column; there are ${listOf(columns.map(one => one.name))}`,
  )
}

interface Chosen {
  readonly column: ProposedColumn
  readonly why: string
}

function chooseId({name, columns, primaryKey, uniqueColumns}: CatalogTable): Proposal['id'] {
  if (primaryKey.length === 1) return null
  if (primaryKey.length === 0) {
    throw new UsageError(
      `${name} has no primary key: changes of one row could not be told apart. ALTER TABLE … ADD PRIMARY KEY (…)`,
    )
  }
  const [unique] = uniqueColumns
  if (unique !== undefined) return unique
  const odd = columns.find(
    column => primaryKey.includes(column.name) && !isIdPart(typeOfColumn(column)[0].kind),
  )
  if (odd === undefined) return primaryKey
  throw new UsageError(
    `the primary key of ${name} has ${odd.name}, which is ${odd.type} and cannot name a row: ` +
      'ALTER TABLE … ADD COLUMN row_number bigint GENERATED ALWAYS AS IDENTITY UNIQUE',
  )
}

function chooseKey(
  table: CatalogTable,
  columns: readonly ProposedColumn[],
  {id, wish}: {readonly id: string; readonly wish: string | undefined},
): Chosen {
  if (wish !== undefined) {
    const column = find(columns, wish, 'key')
    if (column.isName) return {column, why: 'as asked'}
    const {type} = table.columns.find(one => one.name === wish)!
    throw new UsageError(
      `--key ${wish} is ${type}: give a column of whole numbers, decimals, texts or uuids`,
    )
  }
  const foreign = table.foreignKeys.find(name =>
    columns.some(one => one.name === name && one.isName),
  )
  const column = find(columns, foreign ?? id, 'key')
  const alone =
    table.primaryKey.length > 1 && table.primaryKey.includes(id)
      ? 'there is no foreign key: the first of the primary key'
      : 'there is no foreign key: each row by itself'
  return {column, why: foreign === undefined ? alone : 'the first foreign key'}
}

function chooseTime(
  table: CatalogTable,
  columns: readonly ProposedColumn[],
  wish: string | undefined,
): Chosen | null {
  if (wish !== undefined) {
    const column = find(columns, wish, 'time')
    if (column.kind === 'timestamp') return {column, why: 'as asked'}
    throw new UsageError(`--time ${wish} is no timestamp`)
  }
  const never = columns.filter(
    ({name, kind}) =>
      kind === 'timestamp' && table.columns.some(one => one.name === name && one.notNull),
  )
  const named = never.find(({field}) => EVENT_TIME.test(field.replace(/^row_/, '')))
  if (named !== undefined) return {column: named, why: 'by its name'}
  const first = never.find(({name}) => !/^(updated|modified|changed|deleted)/i.test(name))
  return first === undefined ? null : {column: first, why: 'the first that is never null'}
}

/** A field's name that begins with a letter. */
function streamNameOf(table: string): string {
  const name = fieldOf(table, new Set()).replace(/^_+/, '')
  return (/^[a-z]/.test(name) ? name : `t_${name}`).slice(0, 63)
}

/** @throws UsageError about a wish that cannot be, or a table that cannot be counted */
export function propose(table: CatalogTable, wishes: Wishes = {}): Proposal {
  const id = chooseId(table)
  const isSeveral = Array.isArray(id)
  const columns = columnsOf(table, new Set(isSeveral ? [ROW_ID] : []))
  const naming = table.primaryKey.find(one =>
    columns.some(column => column.name === one && column.isName),
  )
  // Of several the first that can be a key; many rows may have it.
  const idColumn = find(
    columns,
    typeof id === 'string' ? id : (naming ?? table.primaryKey[0]!),
    'id',
  )
  const key = chooseKey(table, columns, {id: idColumn.name, wish: wishes.key})
  const time = chooseTime(table, columns, wishes.time)
  const name = streamNameOf(table.name)
  const ofNames = new Set([
    ...table.primaryKey,
    ...table.foreignKeys,
    idColumn.name,
    key.column.name,
  ])
  const isByKey = isSeveral || key.column.name !== idColumn.name

  const summed = columns.filter(({name: one, kind}) => SUMMED.has(kind) && !ofNames.has(one))
  const named = columns.filter(
    column =>
      column !== idColumn && table.foreignKeys.includes(column.name) && KINDS[column.kind].isName,
  )
  const scale = ({kind}: ProposedColumn): string => (kind === 'double' ? ', {scale: 3}' : '')
  const uniques = named.map(({field}) => [`unique_${field}`, `uniques('${field}')`] as const)
  const plain = [
    [name, 'count()'] as const,
    ...summed.flatMap(column => [
      [`${column.field}_sum`, `sum('${column.field}'${scale(column)})`] as const,
      [`${column.field}_avg`, `average('${column.field}'${scale(column)})`] as const,
    ]),
  ]
  const split = columns
    .filter(column => isOfFew(table, column) && !ofNames.has(column.name))
    .slice(0, SPLITS_MAX)
    .map(({field}) => field)
  return {
    schema: table.schema,
    table: table.name,
    name,
    topic:
      wishes.topic ??
      (table.schema === 'public' ? name : `${fieldOf(table.schema, new Set())}_${name}`),
    key: key.column.name,
    primaryKey: id === null ? idColumn.name : null,
    id,
    time: time?.column.name ?? null,
    columns,
    measures: [...plain, ...uniques],
    rollups: [
      ...(isByKey ? [{by: key.column.field, split, every: ['day', 'total'], measures: null}] : []),
      {
        by: null,
        split,
        every: ['minute', 'hour', 'day', 'total'],
        // Whom a correction concerns would have to be looked for among all rows of that time.
        measures: uniques.length === 0 ? null : plain.map(([one]) => one),
      },
    ],
    top: isByKey ? {by: key.column.field, measures: [name]} : null,
    reasons: [
      `key ${key.column.name}: ${key.why}; --key COLUMN chooses another`,
      time === null
        ? 'no time: no timestamp is never null, so it is that of the commit; --time COLUMN chooses one'
        : `time ${time.column.name}: ${time.why}; --time COLUMN chooses another`,
      ...(id === null
        ? []
        : [
            typeof id === 'string'
              ? `id ${id}: unique, and the primary key has several columns`
              : `id (${listOf(id)}): the primary key; ${ROW_ID} holds its texts together`,
          ]),
    ],
  }
}

/** Whether it has few values: by its type, or as the statistics of PostgreSQL say. */
function isOfFew(table: CatalogTable, {name, kind}: ProposedColumn): boolean {
  const column = table.columns.find(one => one.name === name)!
  if (column.isEnum || kind === 'boolean') return true
  return (
    kind === 'text' && column.distinct !== null && column.distinct > 0 && column.distinct <= FEW
  )
}
