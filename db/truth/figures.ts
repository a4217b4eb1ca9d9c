/**
 * Measures as aggregates of SQL, and the figures that are served of them. Whole numbers are added up in
 * SQL, exactly; what is divided or rooted is so in JavaScript, as the engine does it, to the last bit.
 */
import {PERCENTS, type Measure} from '../../contracts/measures.ts'
import type {Stream} from '../../contracts/stream.ts'
import type {Scan} from './scan.ts'
import {textSql, toValue, type TruthValue} from './values.ts'

export type TruthValues = Readonly<Record<string, TruthValue>>
export type Cells = readonly (string | null)[]

type Own = Exclude<Measure, {kind: 'ratio'}>

/** Aggregates of a measure, or of all of a row, and what their cells mean. */
export interface Figures {
  readonly aggregates: readonly string[]
  readonly serve: (cells: Cells) => TruthValues
}

const toNumber = (digits: string | null | undefined): number | null =>
  digits === null || digits === undefined ? null : Number(digits)

const divide = (digits: string | null | undefined, divisor: number): number | null => {
  const value = toNumber(digits)
  return value === null ? null : value / divisor
}

/** sqrt((n Σx² - (Σx)²) / (n (n - 1))). */
function deviationOf([count, total, squares]: Cells, divisor: number): number | null {
  const n = BigInt(count!)
  if (n < 2n) return null
  const numerator = n * BigInt(squares!) - BigInt(total!) ** 2n
  return Math.sqrt(Number(numerator) / Number(n * (n - 1n))) / divisor
}

/** The value of the latest event; JSON, by which it is stored and served, knows no NaN and no -0. */
const toServed = (value: TruthValue): TruthValue =>
  typeof value !== 'number' ? value : Number.isFinite(value) ? value + 0 : null

function figureOf(scan: Scan, name: string, measure: Own): Figures {
  const condition = scan.condition(measure.where)
  const filter = condition === undefined ? '' : ` FILTER (WHERE ${condition})`
  switch (measure.kind) {
    case 'count': {
      const counted = measure.of === undefined ? '*' : scan.value(measure.of).sql
      return countOf(name, `count(${counted})${filter}`)
    }
    case 'uniques':
      return countOf(name, `count(DISTINCT ${scan.value(measure.of).sql})${filter}`)
    case 'latest':
      return latestOf(scan, name, {of: measure.of, condition})
    case 'sum':
    case 'average':
    case 'deviation':
    case 'min':
    case 'max':
    case 'quantiles': {
      const {sql, scale} = scan.whole(measure.of, measure.scale)
      const divisor = (measure.per ?? 1) * 10 ** scale
      const as = 'as' in measure ? (measure.as ?? name) : name
      return numberOf(measure.kind, as, {sql, filter, divisor})
    }
    default:
      return measure satisfies never
  }
}

const countOf = (name: string, aggregate: string): Figures => ({
  aggregates: [aggregate],
  serve: ([count]) => ({[name]: Number(count)}),
})

function latestOf(
  scan: Scan,
  name: string,
  {of, condition = 'true'}: {readonly of: string; readonly condition: string | undefined},
): Figures {
  const value = scan.value(of)
  const time = scan.time()
  const newest = `array_agg(${textSql(value)} ORDER BY ${time} DESC, ${scan.id()} DESC)`
  const counts = `${condition} AND ${value.sql} IS NOT NULL AND ${time} IS NOT NULL`
  return {
    aggregates: [`(${newest} FILTER (WHERE ${counts}))[1]`],
    serve: ([text = null]) => ({[name]: toServed(toValue(value, text))}),
  }
}

function numberOf(
  kind: Exclude<Own['kind'], 'count' | 'uniques' | 'latest'>,
  name: string,
  {sql, filter, divisor}: {readonly sql: string; readonly filter: string; readonly divisor: number},
): Figures {
  const count = `count(${sql})${filter}`
  const total = `coalesce(sum(${sql})${filter}, 0)`
  switch (kind) {
    case 'sum':
      return {aggregates: [total], serve: cells => ({[name]: divide(cells[0], divisor)})}
    case 'average':
      return {
        aggregates: [count, total],
        serve([n, all]) {
          return {[name]: n === '0' ? null : divide(all, divisor)! / Number(n)}
        },
      }
    case 'deviation': {
      const squares = `coalesce(sum(${sql}::numeric * ${sql})${filter}, 0)`
      const aggregates = [count, total, squares]
      return {aggregates, serve: cells => ({[name]: deviationOf(cells, divisor)})}
    }
    case 'quantiles': {
      const ratios = PERCENTS.map(percent => percent / 100).join(', ')
      const list = `percentile_disc(ARRAY[${ratios}]::float8[]) WITHIN GROUP (ORDER BY ${sql})`
      return {
        aggregates: [`${list}${filter}`],
        serve([array = null]) {
          const values = array?.slice(1, -1).split(',') ?? []
          return Object.fromEntries(
            PERCENTS.map((percent, i) => [`${name}_p${percent}`, divide(values[i], divisor)]),
          )
        },
      }
    }
    case 'min':
    case 'max': {
      const aggregates = [`${kind}(${sql})${filter}`]
      return {aggregates, serve: cells => ({[name]: divide(cells[0], divisor)})}
    }
    default:
      return kind satisfies never
  }
}

/**
 * @param names measures of a row, in the order of their declaration
 * @param asked those to serve; ratios of parts that the row does not have are left out
 */
export function figuresOf(
  scan: Scan,
  {name: stream, measures}: Pick<Stream, 'name' | 'measures'>,
  {names, asked = names}: {readonly names: readonly string[]; readonly asked?: readonly string[]},
): Figures {
  const wanted = new Set<string>()
  const want = (name: string): void => {
    const measure = measures[name]
    if (measure === undefined || !names.includes(name)) {
      throw new TypeError(`stream ${stream}: ${name} is no measure of the row`)
    }
    if (measure.kind === 'ratio') {
      const {of, to} = measure
      if (names.includes(of) && names.includes(to)) for (const part of [of, to]) want(part)
    }
    wanted.add(name)
  }
  for (const name of asked) want(name)
  const figures = names.flatMap(name => {
    const measure = measures[name]!
    if (!wanted.has(name) || measure.kind === 'ratio') return []
    return [{...figureOf(scan, name, measure), isAsked: asked.includes(name)}]
  })
  return {
    aggregates: figures.flatMap(({aggregates}) => aggregates),
    serve(cells) {
      const all: Record<string, TruthValue> = {}
      const served: Record<string, TruthValue> = {}
      let at = 0
      for (const {aggregates, serve, isAsked} of figures) {
        const values = serve(cells.slice(at, (at += aggregates.length)))
        Object.assign(all, values)
        if (isAsked) Object.assign(served, values)
      }
      for (const name of names) {
        const measure = measures[name]!
        if (measure.kind !== 'ratio' || !wanted.has(name)) continue
        const [left, right] = [all[measure.of], all[measure.to]]
        if (left === undefined || right === undefined) continue
        const isNumber = typeof left === 'number' && typeof right === 'number' && right !== 0
        all[name] = isNumber ? left / right : null
        if (asked.includes(name)) served[name] = all[name]
      }
      return served
    },
  }
}
