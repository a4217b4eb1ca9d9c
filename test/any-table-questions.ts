/** Questions about a drawn table, each as the API is asked and as plain SQL says it. */
import {quote} from '../platform/sql-names.ts'
import {pick, type AnyColumn, type AnyTable, type Random} from './any-table.ts'

export interface AnyQuestion {
  /** Of POST /v1/query. */
  readonly body: Readonly<Record<string, unknown>>
  /** Columns d0 …, then m0 …, in the order of the question. */
  readonly sql: string
  readonly dimensions: number
  readonly metrics: readonly string[]
}

/** Stored levels that a dimension of time can be made of. */
const FITS = {
  minute: ['minute'],
  hour: ['hour', 'minute'],
  day: ['day', 'hour', 'minute'],
  week: ['day', 'hour', 'minute'],
  month: ['day', 'hour', 'minute'],
  hour_of_day: ['hour', 'minute'],
  weekday: ['day', 'hour', 'minute'],
} as const
type TimeName = keyof typeof FITS

/** What it is of a time, as text. */
function timeSql(name: TimeName, at: string): string {
  const utc = `${at} AT TIME ZONE 'UTC'`
  if (name === 'hour_of_day') return `extract(hour FROM ${utc})::text`
  if (name === 'weekday') return `extract(isodow FROM ${utc})::text`
  const form = name === 'minute' || name === 'hour' ? 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"' : 'YYYY-MM-DD'
  return `to_char(date_trunc('${name}', ${at}, 'UTC') AT TIME ZONE 'UTC', '${form}')`
}

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`

interface Asked {
  readonly filter: unknown
  readonly sql: string
}

/** Numbers and booleans are asked for as such, all else as text. */
function askedValue({type}: AnyColumn, text: string): string | number | boolean {
  if (type === 'boolean') return text === 'true'
  return /^(integer|bigint|smallint)$/.test(type) ? Number(text) : text
}

function drawTest(random: Random, column: AnyColumn): Asked {
  const at = `${quote(column.name)}::text`
  const values = [column.draw(random), column.draw(random)]
  const asked = values.map(text => askedValue(column, text))
  const list = values.map(literal).join(', ')
  const isText = /^(text|varchar)/.test(column.type)
  const roll = random(isText ? 6 : 3)
  switch (roll) {
    case 0:
      return {filter: ['is', column.field, asked], sql: `coalesce(${at} IN (${list}), false)`}
    case 1:
      return {
        filter: ['is_not', column.field, asked],
        sql: `NOT coalesce(${at} IN (${list}), false)`,
      }
    case 2:
      return {
        filter: ['is', column.field, [asked[0], null]],
        sql: `(${at} IS NULL OR ${at} = ${literal(values[0]!)})`,
      }
    case 3:
      return {
        filter: ['contains', column.field, ['a', '📺']],
        sql: `coalesce(strpos(${at}, 'a') > 0 OR strpos(${at}, '📺') > 0, false)`,
      }
    case 4:
      return {
        filter: ['contains', column.field, ['O'], {case_sensitive: false}],
        sql: `coalesce(strpos(lower(${at}), 'o') > 0, false)`,
      }
    default:
      return {
        filter: ['matches', column.field, ['^[a-c]']],
        sql: `coalesce(${at} COLLATE "C" ~ '^[a-c]', false)`,
      }
  }
}

function drawFilter(random: Random, columns: readonly AnyColumn[], depth = 0): Asked {
  const roll = depth > 1 ? 9 : random(10)
  if (roll === 0) {
    const inner = drawFilter(random, columns, depth + 1)
    return {filter: ['not', inner.filter], sql: `NOT (${inner.sql})`}
  }
  if (roll <= 2) {
    const word = roll === 1 ? 'and' : 'or'
    const parts = [0, 1].map(() => drawFilter(random, columns, depth + 1))
    return {
      filter: [word, parts.map(({filter}) => filter)],
      sql: `(${parts.map(({sql}) => sql).join(` ${word} `)})`,
    }
  }
  return drawTest(random, pick(random, columns))
}

/** One that the declared rollups answer. */
export function drawQuestion(any: AnyTable, random: Random): AnyQuestion {
  const rollup = pick(random, any.rollups)
  const columns = [...rollup.by, ...rollup.split].map(field =>
    any.columns.find(column => column.field === field)!,
  )
  const chosen = columns.filter(() => random(2) === 0)
  const names = (Object.keys(FITS) as TimeName[]).filter(name =>
    FITS[name].some(level => rollup.every.includes(level)),
  )
  const time =
    any.time !== null && names.length > 0 && random(2) === 0
      ? {at: quote(any.time.name), name: pick(random, names)}
      : null
  const isBounded =
    time !== null || (any.time !== null && rollup.every.includes('day') && random(3) === 0)
  const [from, to] =
    time?.name === 'minute' ? ['2026-04-01', '2026-04-03'] : ['2026-03-01', '2026-04-05']
  const measures = any.measures.filter(() => random(3) > 0)
  const metrics = (measures.length === 0 ? any.measures.slice(0, 1) : measures).flatMap(({sql}) =>
    Object.entries(sql),
  )
  const filters = columns.length === 0 || random(2) === 0 ? [] : [drawFilter(random, columns)]
  const dimensions = [
    ...(time === null ? [] : [[`time:${time.name}`, timeSql(time.name, time.at)] as const]),
    ...chosen.map(({field, name}) => [field, `${quote(name)}::text`] as const),
  ]
  const where = [
    ...filters.map(({sql}) => sql),
    ...(isBounded
      ? [
          `${quote(any.time!.name)} >= '${from}T00:00Z' AND ${quote(any.time!.name)} < '${to}T00:00Z'`,
        ]
      : []),
  ]
  const groups = dimensions.map(([, sql], i) => ({sql, name: `d${i}`}))
  return {
    body: {
      stream: any.stream,
      metrics: metrics.map(([name]) => name),
      date_range: isBounded ? [from, to] : 'all',
      dimensions: dimensions.map(([name]) => name),
      filters: filters.map(({filter}) => filter),
      pagination: {limit: 10_000},
    },
    sql: `SELECT ${[
      ...groups.map(({sql, name}) => `${sql} AS ${name}`),
      ...metrics.map(([, sql], i) => `(${sql})::text AS m${i}`),
    ].join(', ')} FROM ${any.table} ${where.length === 0 ? '' : `WHERE ${where.join(' AND ')}`}
      ${groups.length === 0 ? '' : `GROUP BY ${groups.map(({name}) => name).join(', ')}`}`,
    dimensions: groups.length,
    metrics: metrics.map(([name]) => name),
  }
}
