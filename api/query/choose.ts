/**
 * Which rollup answers a question with the least that is read, or why none does and what declaration would. Pure.
 */
import {metricsOf, type Measure} from '../../contracts/measures.ts'
import {SECONDS_OF, type TimeLevel} from '../../readmodel/levels.ts'
import {metricNames, type RollupPlan, type StreamPlan} from '../../readmodel/plan.ts'
import {keyOfTexts} from '../../readmodel/rollup-table.ts'
import type {TimeRange} from '../../readmodel/slices.ts'
import {refuse, type Problem} from '../problem.ts'
import {decompose, partsOf} from '../reads/parts.ts'
import type {Named} from './conditions.ts'
import {implies} from './filters.ts'

export interface Wanted {
  /** What rows are told apart by, and chosen by. */
  readonly fields: ReadonlySet<string>
  /** Counted metrics. */
  readonly metrics: ReadonlySet<string>
  readonly named: Named
  /** Stretches of time that are asked for; null: all of it. */
  readonly slicesOf: (rollup: RollupPlan) => readonly TimeRange[] | null
}

/** How the rows of a rollup are found. */
export type Access =
  | {readonly kind: 'keys'; readonly keys: readonly string[]}
  /** By the first column of the key. */
  | {readonly kind: 'firsts'; readonly firsts: readonly string[]}
  | {readonly kind: 'scan'}

export interface Chosen {
  readonly rollup: RollupPlan
  readonly access: Access
}

/** Rows that are read one by one: as fresh as Redis, by any stored bucket. */
export const KEYS_MAX = 1000

export function accessOf({by}: Pick<RollupPlan, 'by'>, named: Named): Access {
  const sets = by.map(field => named.get(field))
  const count = sets.reduce((product, set) => product * (set?.size ?? Number.POSITIVE_INFINITY), 1)
  if (count <= KEYS_MAX) {
    const all = sets.reduce<readonly (readonly string[])[]>(
      (keys, set) => keys.flatMap(key => [...set!].map(text => [...key, text])),
      [[]],
    )
    return {kind: 'keys', keys: all.map(keyOfTexts)}
  }
  const [first] = sets
  const isPrefix = by.length > 1 && first !== undefined && first.size <= KEYS_MAX
  return isPrefix ? {kind: 'firsts', firsts: [...first]} : {kind: 'scan'}
}

const hasFields = ({by, split}: RollupPlan, fields: ReadonlySet<string>): boolean =>
  [...fields].every(field => by.includes(field) || split.includes(field))

const lacking = (rollup: RollupPlan, metrics: ReadonlySet<string>): readonly string[] => {
  const names = metricNames(rollup)
  return [...metrics].filter(name => !names.includes(name))
}

const whereOf = ({stream, name}: RollupPlan) =>
  stream.rollups.find(rollup => rollup.name === name)?.where ?? {}

/** Whether a rollup that counts some events only has every event that the metrics count. */
function hasAll(rollup: RollupPlan, {metrics, named}: Wanted): boolean {
  const where = whereOf(rollup)
  const {measures} = rollup.stream
  const counts = (measure: Measure): boolean =>
    measure.kind === 'ratio'
      ? counts(measures[measure.of]!) && counts(measures[measure.to]!)
      : implies(named, measure.where ?? {}, where)
  return Object.entries(measures)
    .filter(([name, measure]) => metricsOf(name, measure).some(metric => metrics.has(metric)))
    .every(([, measure]) => counts(measure))
}

const answersTime = ({levels}: RollupPlan, slices: readonly TimeRange[] | null): boolean =>
  slices === null || slices.every(slice => decompose(slice, levels) !== undefined)

/** What is read: rows that are named, those of a first column, all. Then how many buckets, and how wide they are. */
function costOf({rollup, access}: Chosen, slices: readonly TimeRange[] | null): readonly number[] {
  const buckets = (slices === null ? [] : partsOf(rollup, slices)).reduce(
    (sum, {level, from, to}) => sum + (to - from) / SECONDS_OF[level],
    0,
  )
  const width = rollup.split.length
  const {by} = rollup
  if (access.kind === 'keys') return [0, access.keys.length * Math.max(1, buckets), width]
  return [access.kind === 'firsts' ? 1 : 2, by.length, buckets, width]
}

function compareCosts(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((cost, i) => cost !== b[i])
  return at < 0 ? 0 : a[at]! - b[at]!
}

/**
 * @throws 422 with the reason, and the declaration that would answer
 */
export function chooseRollup(plan: StreamPlan, wanted: Wanted): Chosen {
  const fitting = plan.rollups.filter(
    rollup =>
      hasFields(rollup, wanted.fields) &&
      lacking(rollup, wanted.metrics).length === 0 &&
      hasAll(rollup, wanted) &&
      answersTime(rollup, wanted.slicesOf(rollup)),
  )
  const [best] = fitting
    .map(rollup => ({rollup, access: accessOf(rollup, wanted.named)}))
    .map(chosen => ({chosen, cost: costOf(chosen, wanted.slicesOf(chosen.rollup))}))
    .toSorted((a, b) => compareCosts(a.cost, b.cost))
  if (best !== undefined) return best.chosen
  throw whyNone(plan, wanted)
}

const quote = (name: string): string => `'${name}'`
const listOf = (names: readonly string[]): string => `[${names.map(quote).join(', ')}]`
const together = (names: Iterable<string>): string => [...names].join(' and ')

/** The longest buckets that begin and end where the stretches do, and the total. */
function everyOf(slices: readonly TimeRange[] | null): readonly string[] {
  if (slices === null) return ['total']
  const levels = (Object.keys(SECONDS_OF) as TimeLevel[]).toSorted(
    (a, b) => SECONDS_OF[b] - SECONDS_OF[a],
  )
  const ends = slices.flatMap(({from, to}) => [from, to])
  return [
    levels.find(level => ends.every(end => end % SECONDS_OF[level] === 0)) ?? 'minute',
    'total',
  ]
}

/** The rollup that would answer, as a line of the declaration. */
export function lineFor(
  {stream}: StreamPlan,
  {fields, slicesOf}: Wanted,
  like: RollupPlan,
): string {
  const isSplit = (field: string): boolean =>
    stream.rollups.some(({split = []}) => split.includes(field)) &&
    !stream.rollups.some(({by}) => by.includes(field))
  const [split, by] = [[...fields].filter(isSplit), [...fields].filter(field => !isSplit(field))]
  const parts = [
    ...(by.length === 0 ? [] : [`by: ${by.length === 1 ? quote(by[0]!) : listOf(by)}`]),
    ...(split.length === 0 ? [] : [`split: ${listOf(split)}`]),
    `every: ${listOf(everyOf(slicesOf({...like, levels: ['minute']})))}`,
  ]
  return `declare {${parts.join(', ')}} in streams/${stream.name}.ts`
}

/** The reason of the rollup that is nearest. */
function whyNone(plan: StreamPlan, wanted: Wanted): Problem {
  const {stream, rollups} = plan
  const file = `streams/${stream.name}.ts`
  const {fields, metrics} = wanted
  const [any] = rollups
  if (any === undefined) {
    return refuse(
      'body',
      '/stream',
      stream.name,
      `${stream.name} has no rollup: declare one in ${file}`,
    )
  }
  const line = (): string => lineFor(plan, wanted, any)
  const withFields = rollups.filter(rollup => hasFields(rollup, fields))
  if (withFields.length === 0) {
    const why = `${stream.name} is not counted by ${together(fields)}${fields.size > 1 ? ' together' : ''}: ${line()}`
    return refuse('body', '/dimensions', [...fields], why)
  }
  const whole = withFields.filter(rollup => hasAll(rollup, wanted))
  const [partial] = withFields
  if (whole.length === 0) {
    const why = `the rollup ${partial!.name} counts events with ${JSON.stringify(whereOf(partial!))} only: ${line()}`
    return refuse('body', '/metrics', [...metrics], why)
  }
  const complete = whole.filter(rollup => lacking(rollup, metrics).length === 0)
  if (complete.length === 0) {
    const [near] = whole.toSorted((a, b) => lacking(a, metrics).length - lacking(b, metrics).length)
    const names = lacking(near!, metrics)
    const why = `the rollup ${near!.name} does not have ${together(names)}: declare its measures with ${listOf(names)} in ${file}`
    return refuse('body', '/metrics', names, why)
  }
  const [near] = complete
  const kept = near!.levels.length === 0 ? 'in total only' : `by ${near!.levels.join(', ')} in UTC`
  const every = [
    ...new Set([...near!.levels, ...everyOf(wanted.slicesOf({...near!, levels: ['minute']}))]),
  ]
  const why = `the rollup ${near!.name} is kept ${kept}, and the time that is asked for begins or ends within: declare its every as ${listOf(every)} in ${file}`
  return refuse('body', '/date_range', null, why)
}
