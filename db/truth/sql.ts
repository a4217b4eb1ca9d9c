/**
 * Statements that compute from the source table what the engine has to serve. Each scans it once. Pure.
 *
 * Does not      know when a row was committed, what rows of other tables looked like before, or in which
 *               order values came: see truth.ts.
 */
import type {
  ActiveWindow,
  Level,
  Special,
  Stream,
  TimeLevel,
  TopWindow,
} from '../../contracts/stream.ts'
import {figuresOf, type Figures} from './figures.ts'
import {createScan, type Scan, type TimeRange} from './scan.ts'
import {createParameters, keySql, splitSql, textSql, type Value} from './values.ts'

/** A condition on the table's own row, `r`; `$1` and on are its values. */
export interface SqlCondition {
  readonly text: string
  readonly values?: readonly unknown[] | undefined
}

export interface Only {
  /** Other rows are left out: those that were refused, say. */
  readonly only?: SqlCondition | undefined
}

export interface Statement {
  readonly text: string
  readonly values: readonly unknown[]
}

export type StreamRollup = Stream['rollups'][number]

export interface RollupQuestion extends TimeRange, Only {
  /** Of a level of time, buckets that begin in the range. */
  readonly level: Level
  /** Texts of the key, as answers name them; every key when left out. */
  readonly key?: readonly (string | null)[] | undefined
  /** Dimensions of the rollup that rows are told apart by; none when left out. */
  readonly split?: readonly string[] | undefined
  /** Further dimensions: besides all events of a row, those of each value of each of them, in the same scan. */
  readonly apart?: readonly string[] | undefined
  /** All of the rollup when left out. */
  readonly measures?: readonly string[] | undefined
}

export interface WindowQuestion extends Only {
  /** Seconds since 1970. */
  readonly nowS: number
}

const openScan = (stream: Stream, {only}: Only): Scan =>
  createScan(stream, createParameters(only?.values), only?.text)

const finish = (scan: Scan, text: string): Statement => ({text, values: scan.parameters.values})

const SECONDS_OF: Readonly<Record<TimeLevel, number>> = {
  minute: 60,
  quarter: 900,
  hour: 3600,
  day: 86_400,
}

/** Start of a bucket, seconds; also before 1970, where division cuts upwards. */
function startSql(micros: string, level: TimeLevel): string {
  const size = SECONDS_OF[level] * 1_000_000
  return `(${micros} - ((${micros} % ${size}) + ${size}) % ${size}) / 1000000`
}

/** The first start of a bucket from a moment on. */
const ceilTo = (seconds: number | undefined, level: TimeLevel): number | undefined =>
  seconds === undefined ? undefined : Math.ceil(seconds / SECONDS_OF[level]) * SECONDS_OF[level]

export interface RollupStatement extends Statement {
  /**
   * Cells: the key's, the start unless in total, the split's, those that are told apart and a number that says by
   * which (see `dimensionOf`), and those of the figures.
   */
  readonly keys: readonly Value[]
  readonly isTimed: boolean
  readonly splits: readonly Value[]
  readonly apart: readonly Value[]
  readonly figures: Figures
}

/** @throws a sentence when the question does not fit the rollup */
export function rollupSql(
  stream: Stream,
  rollup: StreamRollup,
  question: RollupQuestion,
): RollupStatement {
  const {level, from, to, key, split = [], apart = [], measures} = question
  const fail = (why: string): TypeError =>
    new TypeError(`stream ${stream.name}: rollup ${rollup.name} ${why}`)
  if (key !== undefined && key.length !== rollup.by.length) {
    throw fail(`has keys of ${rollup.by.length} parts, not ${key.length}`)
  }
  const unknown = [...split, ...apart].find(dimension => rollup.split?.includes(dimension) !== true)
  if (unknown !== undefined) throw fail(`is not split by ${unknown}`)
  const scan = openScan(stream, question)
  const keys = rollup.by.map(name => scan.value(name))
  const splits = split.map(name => scan.value(name))
  const groups = keys.map(keyGroup)
  if (level !== 'total') {
    groups.push(startSql(scan.time(), level))
    scan.restrictTime({from: ceilTo(from, level), to: ceilTo(to, level)})
  } else if (from !== undefined || to !== undefined) throw fail('in total has no range of time')
  groups.push(...splits.map(splitGroup))
  const apartValues = apart.map(name => scan.value(name))
  const sets = apartValues.map(value => scan.keep(splitGroup(value)))
  const figures = figuresOf(scan, stream, {
    names: rollup.measures ?? Object.keys(stream.measures),
    ...(measures === undefined ? {} : {asked: measures}),
  })
  scan.restrict(scan.condition(rollup.where))
  for (const [i, text] of (key ?? []).entries()) scan.restrictTo(rollup.by[i]!, text)
  const text = groupSql(scan, groups, figures.aggregates, sets)
  const isTimed = level !== 'total'
  return {...finish(scan, text), keys, isTimed, splits, apart: apartValues, figures}
}

/** Doubles are grouped by their value, and named in JavaScript. */
const keyGroup = (value: Value): string => (value.kind === 'double' ? value.sql : keySql(value))
const splitGroup = (value: Value): string => (value.kind === 'double' ? value.sql : splitSql(value))

/**
 * Groups that have events: without any to group by there would be one of none.
 *
 * @param sets besides them, each group is told apart by each of these
 */
function groupSql(
  scan: Scan,
  groups: readonly string[],
  aggregates: readonly string[],
  sets: readonly string[] = [],
): string {
  const places = Array.from(groups, (_, i) => String(i + 1))
  const set = (...more: readonly string[]): string => `(${[...places, ...more].join(', ')})`
  const by =
    sets.length === 0
      ? places.join(', ')
      : `GROUPING SETS (${[set(), ...sets.map(one => set(one))].join(', ')})`
  const told = sets.length === 0 ? [] : [...sets, `GROUPING(${sets.join(', ')})`]
  const order = places.length === 0 ? '' : `ORDER BY ${places.join(', ')}`
  const group = by === '' ? '' : `GROUP BY ${by}`
  const list = [...groups, ...told, ...aggregates].join(', ')
  return `SELECT ${list} ${scan.toSql()} ${group} HAVING count(*) > 0 ${order}`
}

/** By which of so many sets a row is told apart, as GROUPING says it: a bit for each that it is not; null: by none. */
export function dimensionOf(grouping: number, sets: number): number | null {
  const i = Array.from({length: sets}, (_, n) => (grouping >> (sets - 1 - n)) & 1).indexOf(0)
  return i === -1 ? null : i
}

const STEP_SECONDS = 10

/** The step that `nowS` lies in and those before it, as many as the window is long. */
function rangeOf(nowS: number, seconds: number): TimeRange {
  const last = Math.floor(nowS / STEP_SECONDS) * STEP_SECONDS
  const count = Math.ceil(seconds / STEP_SECONDS)
  return {from: last - (count - 1) * STEP_SECONDS, to: last + STEP_SECONDS}
}

export interface TopStatement extends Statement {
  readonly key: Value
  readonly figures: Figures
}

export function topSql(stream: Stream, top: TopWindow, question: WindowQuestion): TopStatement {
  const scan = openScan(stream, question)
  const key = scan.value(top.by)
  scan.restrictTime(rangeOf(question.nowS, top.seconds))
  scan.restrict(`${key.sql} IS NOT NULL`)
  const figures = figuresOf(scan, stream, {names: top.measures})
  return {...finish(scan, groupSql(scan, [keyGroup(key)], figures.aggregates)), key, figures}
}

export function activeSql(
  stream: Stream,
  active: ActiveWindow,
  question: WindowQuestion,
): Statement {
  const scan = openScan(stream, question)
  const {sql} = scan.value(active.of)
  scan.restrictTime(rangeOf(question.nowS, active.seconds))
  return finish(scan, `SELECT count(DISTINCT ${sql}) ${scan.toSql()}`)
}

type SpecialOf<Kind extends Special['kind']> = Extract<Special, {kind: Kind}>

export interface KeyQuestion extends Only {
  /** Text of the key; every one when left out. */
  readonly key?: string | undefined
}

/** What lies beyond 12 hours counts as the last second of them. */
export const RETENTION_SECONDS_MAX = 12 * 3600

export interface RetentionStatement extends Statement {
  readonly key: Value
  readonly split: Value
}

/** Cells: key, mark, split value, second, count. */
export function retentionSql(
  stream: Stream,
  {by, duration, position, split}: SpecialOf<'retention'>,
  question: KeyQuestion,
): RetentionStatement {
  const scan = openScan(stream, question)
  const [key, value] = [scan.value(by), scan.value(split)]
  const length = scan.value(duration).sql
  const at = position === undefined ? 'NULL::bigint' : scan.value(position).sql
  // A playhead before the beginning is none.
  const end = scan.keep(`CASE WHEN ${at} >= 0 THEN ${at} END`)
  scan.restrict(`${key.sql} IS NOT NULL`)
  if (question.key !== undefined) scan.restrictTo(by, question.key)
  scan.restrict(`${length} > 0`)
  const second = `least(${RETENTION_SECONDS_MAX - 1}, greatest(0, floor(m.ms / 1000)))::bigint`
  const groups = [keyGroup(key), 'm.mark', splitGroup(value), second]
  const text = `SELECT ${groups.join(', ')}, count(*) FROM (SELECT * ${scan.toSql()}) e
    CROSS JOIN LATERAL (VALUES ('durationEnd', CASE WHEN ${end} IS NULL THEN ${length}::numeric END),
      ('positionBegin', ${end}::numeric - ${length}), ('positionEnd', ${end}::numeric)) m (mark, ms)
    WHERE m.ms IS NOT NULL GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`
  return {...finish(scan, text), key, split: value}
}

/** Events that a row of the newest keeps. */
export const RECENT_MAX = 20

export interface RecentStatement extends Statement {
  readonly key: Value
  readonly id: Value
  readonly shown: readonly (Value & {readonly name: string})[]
}

/** Cells: key, number of events, id, time, and what is shown; the newest first. */
export function recentSql(
  stream: Stream,
  {by, show}: SpecialOf<'recent'>,
  question: KeyQuestion,
): RecentStatement {
  const scan = openScan(stream, question)
  const [key, id] = [scan.value(by), scan.value(stream.idField)]
  const shown = show.map(name => ({...scan.value(name), name}))
  scan.restrict(`${key.sql} IS NOT NULL`)
  if (question.key !== undefined) scan.restrictTo(by, question.key)
  const time = scan.time()
  const order = `${time} DESC NULLS LAST, ${scan.id()} DESC`
  const ranked = `count(*) OVER (PARTITION BY e.key) AS events,
    row_number() OVER (PARTITION BY e.key ORDER BY ${order}) AS rank`
  const cells = ['e.key', 'e.events', textSql(id), time, ...shown.map(textSql)].join(', ')
  const text = `SELECT ${cells} FROM (SELECT e.*, ${ranked} FROM
    (SELECT e.*, ${keyGroup(key)} AS key ${scan.toSql()}) e) e
    WHERE e.rank <= ${RECENT_MAX} ORDER BY e.key, e.rank`
  return {...finish(scan, text), key, id, shown}
}

export interface EventsQuestion extends TimeRange, Only {
  /** Text of the entity's key, null for events without; of every entity when left out. */
  readonly key?: string | null | undefined
  readonly limit: number
}

export interface EventsStatement extends Statement {
  /** Columns, paths and looked-up columns, in the order of the cells. */
  readonly fields: readonly (Value & {readonly name: string})[]
}

/** Newest first, those without a time last. */
export function eventsSql(stream: Stream, question: EventsQuestion): EventsStatement {
  const {key, from, to, limit} = question
  const scan = openScan(stream, question)
  const names = [
    ...stream.columns.map(({field}) => field),
    ...Object.keys(stream.paths),
    ...Object.entries(stream.enrich).flatMap(([alias, {columns}]) =>
      columns.map(({field}) => `${alias}.${field}`),
    ),
  ]
  const fields = names.map(name => ({...scan.value(name), name}))
  if (key !== undefined) scan.restrictTo(stream.keyField, key)
  if (from !== undefined || to !== undefined) scan.restrictTime({from, to})
  const time = stream.timeField === null ? [] : [`${scan.time()} DESC NULLS LAST`]
  const order = [...time, `${scan.id()} DESC`].join(', ')
  const most = scan.parameters.add(limit, 'bigint')
  const list = fields.map(textSql).join(', ')
  return {...finish(scan, `SELECT ${list} ${scan.toSql()} ORDER BY ${order} LIMIT ${most}`), fields}
}
