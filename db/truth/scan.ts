/**
 * The one scan of a stream's table that a statement makes: each value that it asks for is found once per
 * row, and rows that never become a record that counts are left out. Pure.
 */
import type {Carried} from '../../contracts/kinds.ts'
import {PRESENT, type Condition} from '../../contracts/measures.ts'
import type {Column} from '../../contracts/columns.ts'
import type {Stream} from '../../contracts/stream.ts'
import {quote, quoteTable} from '../../platform/sql-names.ts'
import {idSql} from './row-id.ts'
import {
  carriedSql,
  fitsSql,
  isStorable,
  isTextInRecord,
  keySql,
  LONG_KEY,
  lengthSql,
  lookupKeySql,
  pathSql,
  textSql,
  wholeOf,
  type Parameters,
  type Value,
  type Whole,
} from './values.ts'

/** More than any offset of a session's time zone, seconds. */
const ZONE_MARGIN_S = 86_400
/** Beyond all times that travel, and a time of PostgreSQL. */
const SECONDS_MAX = 2 ** 34

export interface TimeRange {
  /** Seconds since 1970; `to` is outside. */
  readonly from?: number | undefined
  readonly to?: number | undefined
}

export interface Scan {
  readonly parameters: Parameters
  /** What a declaration calls so: a column, a path, or a column that is looked up. */
  value(name: string): Value
  whole(name: string, scale?: number): Whole
  /** When it happened, microseconds since 1970. @throws when only the commit says it */
  time(): string
  /** Orders events of one time as the engine does. */
  id(): string
  /** An expression of `value`s, found once per row. */
  keep(sql: string): string
  /** True of events that meet it; null, which filters take as false, or false of others. */
  condition(where: Condition | undefined): string | undefined
  /** Only events that meet it, or undefined. */
  restrict(condition: string | undefined): void
  /** Only events whose value has this text as a key. */
  restrictTo(name: string, key: string | null): void
  /** Only events with a time in the range. */
  restrictTime(range: TimeRange): void
  /** FROM and WHERE. What was kept stands in `e`. */
  toSql(): string
}

/** @param only a condition on the table's own row, `r` */
export function createScan(stream: Stream, parameters: Parameters, only = 'true'): Scan {
  const {columns, timeField, idField, textMax} = stream
  const kept = new Map<string, string>()
  const derived = new Map<string, string>()
  const found = new Map<string, Value>()
  const joins = new Map<string, string>()
  const inner: string[] = [`(${only})`, ...columns.flatMap(c => fitsSql(c, own(c)) ?? [])]
  const outer: string[] = []

  /** A column of the table; an id of several is made of them. */
  function own({column, parts}: Column): string {
    return parts === undefined ? `r.${quote(column)}` : idSql(stream)
  }

  /** The table that an alias looks up, joined once. */
  function join(alias: string): string {
    const lookup = stream.enrich[alias]!
    const table = quote(`lookup ${alias}`)
    const by = columns.find(({field}) => field === lookup.by)!
    const key = `${table}.${quote(lookup.key)}`
    const on = `${lookupKeySql(own(by), lookup.keyType)} = ${key}`
    joins.set(alias, `LEFT JOIN ${quoteTable(lookup.table)} ${table} ON ${on}`)
    return table
  }

  /** Where a column is in the tables, and how it travels. */
  function locate(name: string): {readonly column: Carried; readonly sql: string} {
    const column = columns.find(({field}) => field === name)
    if (column !== undefined) return {column, sql: own(column)}
    const dot = name.indexOf('.')
    const [alias, field] = [name.slice(0, dot), name.slice(dot + 1)]
    const lookedUp = stream.enrich[alias]?.columns.find(one => one.field === field)
    if (lookedUp === undefined) throw new TypeError(`stream ${stream.name} has no ${name}`)
    return {column: lookedUp, sql: `${join(alias)}.${quote(lookedUp.column)}`}
  }

  function sourceOf(name: string): Value {
    const path = Object.hasOwn(stream.paths, name) ? stream.paths[name] : undefined
    if (path !== undefined) {
      return {kind: path.kind, scale: 0, sql: pathSql(path, locate(path.json).sql, parameters)}
    }
    const {column, sql} = locate(name)
    return {...column, scale: column.scale ?? 0, sql: carriedSql(column, sql)}
  }

  function hold(sql: string): string {
    const column = kept.get(sql) ?? `v${kept.size}`
    kept.set(sql, column)
    return `e.${column}`
  }

  const scan: Scan = {
    parameters,
    value(name) {
      const known = found.get(name)
      if (known !== undefined) return known
      const source = sourceOf(name)
      const value = {...source, sql: hold(source.sql)}
      found.set(name, value)
      return value
    },
    whole(name, scale) {
      const whole = wholeOf(`stream ${stream.name}: ${name}`, scan.value(name), scale)
      return {...whole, sql: scan.keep(whole.sql)}
    },
    time() {
      if (timeField !== null) return scan.value(timeField).sql
      throw new TypeError(
        `stream ${stream.name} goes by the time of the commit, which no table has`,
      )
    },
    id() {
      const id = scan.value(idField)
      return isTextInRecord(id.kind) ? textSql(id) : id.sql
    },
    keep(sql) {
      if (/^e\.\w+$/.test(sql)) return sql
      const column = derived.get(sql) ?? `w${derived.size}`
      derived.set(sql, column)
      return `e.${column}`
    },
    condition(where) {
      const parts = Object.entries(where ?? {}).map(([name, wanted]) => {
        const value = scan.value(name)
        if (wanted === PRESENT) return `${value.sql} IS NOT NULL`
        return isOneOf(value, [wanted].flat() as readonly unknown[], parameters)
      })
      return parts.length === 0 ? undefined : scan.keep(parts.join(' AND '))
    },
    restrict(condition) {
      if (condition !== undefined) outer.push(condition)
    },
    restrictTo(name, key) {
      const value = scan.value(name)
      outer.push(key === null ? `${value.sql} IS NULL` : hasKey(value, key, parameters))
      const column = columns.find(({field}) => field === name)
      if (column === undefined || key === LONG_KEY) return
      const at = own(column)
      inner.push(indexed({...value, sql: at}, key, parameters))
    },
    restrictTime({from, to}) {
      const time = scan.time()
      outer.push(`${time} IS NOT NULL`)
      const at = own(columns.find(({field}) => field === timeField)!)
      for (const [seconds, operator, margin] of [
        [from, '>=', -ZONE_MARGIN_S],
        [to, '<', ZONE_MARGIN_S],
      ] as const) {
        if (seconds === undefined) continue
        outer.push(`${time} ${operator} ${microsSql(parameters.add(seconds, 'numeric'))}`)
        // For an index on the column, whether or not it has a time zone.
        const near = Math.min(SECONDS_MAX, Math.max(-SECONDS_MAX, seconds + margin))
        inner.push(`${at} ${operator} to_timestamp(${parameters.add(near, 'float8')})`)
      }
    },
    toSql() {
      const list = (names: ReadonlyMap<string, string>): string =>
        Array.from(names, ([sql, column]) => `${sql} AS ${column}`).join(', ')
      const limits = Object.entries(textMax).map(([field, max]) => {
        const {kind, sql} = scan.value(field)
        return isTextInRecord(kind) ? [`coalesce(${lengthSql(sql)} <= ${max}, true)`] : []
      })
      const from = [`FROM ${quoteTable(stream.table)} r`, ...joins.values()].join(' ')
      // OFFSET 0 keeps the planner from finding a value once for each place that names it.
      const rows = `(SELECT ${list(kept)} ${from} WHERE ${inner.join(' AND ')} OFFSET 0) e`
      const all =
        derived.size === 0 ? rows : `(SELECT e.*, ${list(derived)} FROM ${rows} OFFSET 0) e`
      const conditions = [...outer, ...limits.flat()]
      return `FROM ${all} WHERE ${conditions.length === 0 ? 'true' : conditions.join(' AND ')}`
    },
  }
  return scan
}

/** Seconds as a whole number that times can be compared with, without a cast for each. */
const microsSql = (seconds: string): string =>
  `least(greatest(${seconds} * 1000000, -9223372036854775808), 9223372036854775807)::bigint`

/** Equal as a Set of JavaScript says: a text is never a number. */
function isOneOf(value: Value, wanted: readonly unknown[], parameters: Parameters): string {
  const {kind, sql} = value
  if (isTextInRecord(kind)) {
    const texts = wanted.filter(one => typeof one === 'string' && isStorable(one))
    return `${textSql(value)} = ANY(${parameters.add(texts, 'text[]')})`
  }
  if (kind === 'boolean') {
    const booleans = wanted.filter(one => typeof one === 'boolean')
    return `${sql} = ANY(${parameters.add(booleans, 'boolean[]')})`
  }
  const numbers = wanted.filter(one => typeof one === 'number')
  const type = kind === 'double' ? 'float8' : 'numeric'
  return `${sql}::${type} = ANY(${parameters.add(numbers, `${type}[]`)})`
}

function hasKey(value: Value, key: string, parameters: Parameters): string {
  if (!isStorable(key)) return 'false'
  if (value.kind !== 'double') return `${keySql(value)} = ${parameters.add(key, 'text')}`
  const isOne = String(Number(key)) === key
  return isOne ? `${value.sql} = ${parameters.add(key, 'float8')}` : 'false'
}

/** What an index on the column may serve: true of every row that has the key, and maybe of others. */
function indexed({kind, sql}: Value, key: string | null, parameters: Parameters): string {
  // JSON has a null of its own.
  if (key === null) return kind === 'json' ? 'true' : `${sql} IS NULL`
  if (!isStorable(key)) return 'false'
  switch (kind) {
    case 'uuid':
      return /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(key)
        ? `${sql} = ${parameters.add(key, 'uuid')}`
        : 'false'
    case 'long':
    case 'int':
      return Number.isSafeInteger(Number(key)) && String(Number(key)) === key
        ? `${sql} = ${parameters.add(key, 'bigint')}`
        : 'false'
    case 'text':
      // The text of a char(n) has lost its blanks.
      return `${sql}::text = ANY(${parameters.add([key, key.replace(/ +$/, '')], 'text[]')})`
    case 'double':
    case 'decimal':
    case 'boolean':
    case 'timestamp':
    case 'date':
    case 'time':
    case 'interval':
    case 'json':
    case 'bytes':
    case 'array':
    default:
      return 'true'
  }
}
