/**
 * Whether a declaration can be what it says: every name is one that it has, once, and of a kind that fits. Pure.
 *
 * Does not      look at the table in PostgreSQL: see column-fit.ts.
 */
import {META} from './columns.ts'
import {isCqlName, isReserved, toName} from './cql-names.ts'
import {KINDS, type Carried} from './kinds.ts'
import {acceptedOf, isPresence, type Condition, type Measure} from './measures.ts'
import {isIdPart, ROW_ID} from './row-id.ts'
import type {Stream} from './stream.ts'

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

/** What may be counted by, with its kind. */
type Countable = ReadonlyMap<string, Carried>

/** The questions that each part of a declaration is asked. Each throws a sentence that begins with `what`. */
interface Checks {
  readonly wrong: (what: string) => TypeError
  /** It is in the record, and one value. */
  readonly single: (what: string, name: string) => void
  readonly measure: (what: string, name: string) => void
  readonly where: (what: string, where: Condition | undefined) => void
}

function checksOf({name: stream, measures}: Stream, countable: Countable): Checks {
  const known = [...countable.keys()].join(', ')
  const wrong = (what: string): TypeError => new TypeError(`stream ${stream}: ${what}`)
  const kindOf = (what: string, name: string): Carried['kind'] => {
    const found = countable.get(name)
    if (found !== undefined) return found.kind
    throw wrong(`${what} ${name} is not in its record; there are ${known}`)
  }
  const single = (what: string, name: string): void => {
    const kind = kindOf(what, name)
    if (KINDS[kind].holds !== 'other') return
    throw wrong(
      `${what} ${name} is ${kind}, nothing to count by: give a column of single values; it travels and is shown all the same`,
    )
  }
  return {
    wrong,
    single,
    measure(what, name) {
      if (Object.hasOwn(measures, name)) return
      const names = Object.keys(measures).join(', ')
      throw wrong(`${what} ${name} is no measure; there are ${names}`)
    },
    where(what, where = {}) {
      for (const [name, wanted] of Object.entries(where)) {
        const kind = kindOf(`a condition of ${what} on`, name)
        if (isPresence(wanted)) continue
        single(`a condition of ${what} on`, name)
        const type = KINDS[kind].holds
        for (const value of acceptedOf(wanted)) {
          const isLong = typeof value === 'string' && value.length > SPLIT_CHARACTERS_MAX
          if (typeof value === type && !isLong) continue
          const most = isLong ? ` of at most ${SPLIT_CHARACTERS_MAX} characters` : ''
          throw wrong(
            `a condition of ${what} wants ${name} = ${JSON.stringify(value)}: ${name} is ${kind}, give a ${type}${most}`,
          )
        }
      }
    },
  }
}

/** @throws a sentence that names the stream, the wrong name, and those there are */
export function checkStream(declared: Stream, countable: Countable): void {
  if (!STREAM_NAME.test(declared.name)) {
    throw new TypeError(
      `stream ${declared.name} needs another name: small letters, digits and _, a letter first, 63 at most`,
    )
  }
  const checks = checksOf(declared, countable)
  checkKinds(declared, countable, checks)
  checkIds(declared, checks)
  checkFields(declared, checks)
  checkStored(declared, checks)
  checkColumns(declared, countable.keys(), checks)
  checkShown(declared, checks)
  checkMeasures(declared, checks)
  checkRollups(declared, checks)
  checkKept(declared, checks)
  checkLists(declared, checks)
}

function checkKinds(
  {keyField, idField, timeField}: Stream,
  countable: Countable,
  {wrong}: Checks,
): void {
  const kindOf = (field: string): Carried['kind'] => countable.get(field)!.kind
  const idKind = kindOf(idField)
  if (!KINDS[idKind].isName) {
    throw wrong(`id ${idField} is ${idKind}: give a whole number, a decimal, a text or a uuid`)
  }
  const keyKind = kindOf(keyField)
  if (!KINDS[keyKind].isName && keyKind !== 'boolean') {
    // Its text in PostgreSQL chooses the partition, and readers have that of the record.
    throw wrong(`key ${keyField} is ${keyKind}: give a whole number, a decimal, a text or a uuid`)
  }
  const timeKind = timeField === null ? 'timestamp' : kindOf(timeField)
  if (timeKind !== 'timestamp') {
    throw wrong(`time ${timeField} is ${timeKind}: give a timestamp, or leave time out`)
  }
}

function checkIds({idColumns, columns}: Stream, {wrong}: Checks): void {
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

/** Every field is there once, under a name that stores take. */
function checkFields({columns, paths, enrich, omit}: Stream, {wrong}: Checks): void {
  for (const {field} of columns) {
    if (isFieldTaken(field)) throw wrong(`column ${field} needs another name, in fields`)
    if (!isCqlName(field)) {
      throw wrong(`column ${field} needs a name in lower case that begins with a letter, in fields`)
    }
  }
  const taken = new Set([...RESERVED, ...columns.map(({field}) => field)])
  for (const name of [...Object.keys(paths), ...Object.keys(enrich)]) {
    if (taken.has(name)) throw wrong(`${name} is there twice: choose another name`)
    taken.add(name)
  }
  const omitted = omit.find(name => columns.some(({column}) => column === name))
  if (omitted !== undefined) {
    throw wrong(`column ${omitted} is declared, and left out in omit: take it out of one of them`)
  }
}

/** What tables and columns beside those of the source are called in Cassandra. */
function checkStored({rawTable, rollups, paths, derived}: Stream, {wrong}: Checks): void {
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
  {wrong}: Checks,
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

/** What a raw row shows beside its columns comes from what there is. */
function checkShown(declared: Stream, {wrong, single}: Checks): void {
  const {columns, enrich, shows, paths, derived, textMax} = declared
  for (const [alias, {by}] of Object.entries(enrich)) {
    if (!columns.some(({field}) => field === by)) {
      throw wrong(`look-up ${alias} by ${by} needs a column of its table`)
    }
    single(`look-up ${alias} by`, by)
  }
  for (const {by} of shows) single('what is shown by', by)
  for (const [name, {json, path}] of Object.entries(paths)) {
    if (path.length === 0) throw wrong(`path ${name} is empty`)
    const column = columns.find(({field}) => field === json)
    if (column?.kind !== 'json') throw wrong(`path ${name} needs a JSON column, not ${json}`)
  }
  const shown = new Set(shows.flatMap(one => one.columns))
  for (const [name, {divide, by}] of Object.entries(derived)) {
    for (const part of [divide, by]) {
      if (typeof part === 'number' || shown.has(part)) continue
      if (!Object.hasOwn(derived, part)) single(`${name} is derived of`, part)
    }
  }
  for (const field of Object.keys(textMax)) single('the longest text of', field)
}

function checkMeasures({measures}: Stream, checks: Checks): void {
  for (const [name, measure] of Object.entries(measures)) {
    if (measure.kind === 'ratio') {
      checks.measure(`${name} of`, measure.of)
      checks.measure(`${name} to`, measure.to)
      continue
    }
    if (measure.of !== undefined) checks.single(`measure ${name} of`, measure.of)
    if ('scale' in measure && measure.scale !== undefined) {
      const isWhole = Number.isInteger(measure.scale) && measure.scale >= 0 && measure.scale <= 12
      if (!isWhole) throw checks.wrong(`measure ${name} has scale ${measure.scale}: give 0 to 12`)
    }
    checks.where(`measure ${name}`, measure.where)
  }
}

function checkRollups({rollups}: Stream, checks: Checks): void {
  const names = new Set<string>()
  for (const {name, by, split = [], measures = [], where} of rollups) {
    if (names.has(name)) throw checks.wrong(`two rollups are named ${name}`)
    names.add(name)
    for (const field of [...by, ...split]) checks.single(`rollup ${name} by`, field)
    for (const measure of measures) checks.measure(`rollup ${name} with`, measure)
    checks.where(`rollup ${name}`, where)
  }
}

/** What is kept for a while has to have a time, and nothing may need what is gone. */
function checkKept(declared: Stream, {wrong}: Checks): void {
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

/** Lists of the most, of who is active, of what is newest. */
function checkLists({top, active, special, keyField}: Stream, checks: Checks): void {
  for (const {by, measures} of top) {
    checks.single('top by', by)
    for (const measure of measures) checks.measure('top with', measure)
  }
  for (const {of} of active) checks.single('active of', of)
  for (const {kind, ...used} of special) {
    for (const field of Object.values(used).flat()) checks.single(`${kind} by`, field)
    // What was pushed out of a list is looked for among the events that are filed under the key.
    if (kind === 'recent' && used.by !== keyField) {
      throw checks.wrong(
        `recent by ${used.by} needs another key: lists are by the key, ${keyField}`,
      )
    }
  }
}
