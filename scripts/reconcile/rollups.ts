/**
 * Rollups against SQL: totals, buckets of every level, and breakdowns by every split, as they are stored
 * and as readers get them.
 *
 * Does not      compare breakdowns in which values count as `(other)`: which ones, the order of their coming
 *               decided. What a looked-up column was before it changed, SQL does not know either.
 */
import type {Level, NamedRollup} from '../../contracts/stream.ts'
import {truthOfRollup, type SqlCondition} from '../../db/truth/truth.ts'
import {NULL_KEY} from '../../readmodel/fields.ts'
import {SECONDS_OF, type TimeLevel} from '../../readmodel/levels.ts'
import {NO_VALUE, PLACES_MAX, VALUES_MAX} from '../../readmodel/places.ts'
import type {RollupPlan} from '../../readmodel/plan.ts'
import {keyOfTexts, textsOfKey} from '../../readmodel/rollup-table.ts'
import type {TimeRange} from '../../readmodel/slices.ts'
import {
  piecesOfTotal,
  type EntityView,
  type Piece,
  type RollupReads,
} from '../../readmodel/stream-reads.ts'
import {Tally} from '../../readmodel/tally.ts'
import {
  figuresEqual,
  type Compared,
  type Difference,
  type Figures,
  type FiguresAt,
  type Place,
  type Scope,
} from './differences.ts'

const KEYS_AT_ONCE = 100
/** Buckets of one level that SQL is asked for at once: minutes of three days. */
const BUCKETS_AT_ONCE = 4320
const DAY = SECONDS_OF.day
/** Days beside those with events that are looked at: what was moved away must not have stayed. */
const daysBeside = (level: TimeLevel): number => (level === 'day' ? 31 : 1)

/** The values of a split dimension, `''` for all of them together. */
type Breakdown = ReadonlyMap<string, Figures>

export interface Asked {
  readonly at: Compared
  /** Its place in the declaration. */
  readonly index: number
  readonly plan: RollupPlan
  readonly rollup: NamedRollup
  readonly only: SqlCondition | undefined
}

export const askedOf = (at: Compared, index: number, only?: SqlCondition): Asked => ({
  at,
  index,
  plan: at.plan.rollups[index]!,
  rollup: at.stream.rollups[index]!,
  only,
})

/** What is stored of one row: a total or a bucket. */
export interface StoredRow {
  readonly pieces: readonly Piece[]
  /** Breakdowns name every value. */
  readonly whole: boolean
}

/** A Date ends in the year 275760, a whole number does not. */
export const timeName = (seconds: number): string => {
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime()) ? `${seconds} s` : date.toISOString()
}

export const chunksOf = <T>(list: readonly T[], size: number): readonly (readonly T[])[] =>
  Array.from({length: Math.ceil(list.length / size)}, (_, i) =>
    list.slice(i * size, (i + 1) * size),
  )

/** A rollup by key and start. @param key of one row alone */
export async function askTruth(
  {at, rollup, only}: Asked,
  level: Level,
  range: Partial<TimeRange> & {readonly key?: readonly (string | null)[]} = {},
): Promise<ReadonlyMap<string, ReadonlyMap<number, Breakdown>>> {
  const found = new Map<string, Map<number, Map<string, Figures>>>()
  const question = {level, ...range, only, apart: rollup.split}
  for (const {key: texts, start, apart = null, values} of await truthOfRollup(
    at.pg,
    at.stream,
    rollup,
    question,
  )) {
    const key = keyOfTexts(texts.map(text => text ?? NULL_KEY))
    const starts = found.get(key) ?? new Map<number, Map<string, Figures>>()
    found.set(key, starts)
    const breakdown = starts.get(start ?? 0) ?? new Map<string, Figures>()
    starts.set(start ?? 0, breakdown)
    breakdown.set(apart === null ? '' : ` ${apart.dimension} ${apart.value ?? NO_VALUE}`, values)
  }
  return found
}

export const isWhole = (view: EntityView | undefined, plan: RollupPlan): boolean =>
  (view?.parts ?? []).every(({entity: {places}}) => {
    const all = Array.from({length: places.size}, (_, place) => places.valuesOf(place))
    const isFull = plan.split.some(
      (_, d) => new Set(all.map(values => values[d])).size >= VALUES_MAX,
    )
    return !isFull && all.length < PLACES_MAX
  })

function breakdownOf(plan: RollupPlan, pieces: readonly Piece[]): Breakdown {
  const tallies = new Map([['', new Tally(plan)]])
  for (const {bucket, valuesOf} of pieces) {
    tallies.get('')!.add(bucket, valuesOf)
    for (const [d, dimension] of plan.split.entries()) {
      for (const value of new Set(bucket.places.map(place => valuesOf(place)[d]!))) {
        const name = ` ${dimension} ${value}`
        const tally = tallies.get(name) ?? new Tally(plan)
        tallies.set(name, tally)
        tally.add(bucket, valuesOf, values => values[d] === value)
      }
    }
  }
  return new Map([...tallies].map(([name, tally]) => [name, tally.values()]))
}

/** @returns compares what SQL says of one row with what is stored on one side */
export function rowsEqual({at, index, plan}: Asked) {
  const nothing = new Tally(plan).values()
  return (
    where: string,
    {key, level, start}: {readonly key: string; readonly level: Level; readonly start: number},
    expected: Breakdown = new Map(),
    {pieces, whole}: StoredRow,
  ): void => {
    const actual = breakdownOf(plan, pieces)
    const place: Place = {kind: 'rollup', rollup: index, key, level, start}
    const isStale = pieces.some(({bucket}) => bucket.isRetracted)
    const isDoubtful = pieces.some(({bucket}) => bucket.isDoubtful)
    const of: FiguresAt = {place, stale: isDoubtful ? 'all' : isStale ? 'some' : undefined}
    const time = level === 'total' ? '' : ` ${timeName(start)}`
    const what = `${where} ${nameOf(plan, key)} ${level}${time}`
    let found = 0
    const report = (difference: Difference): void => {
      found += 1
      at.report(difference)
    }
    const equal = figuresEqual({report}, plan)
    for (const name of new Set(whole ? ['', ...expected.keys(), ...actual.keys()] : [''])) {
      const [one, other] = [expected.get(name) ?? nothing, actual.get(name) ?? nothing]
      equal(`${what}${name}`, one, other, of)
      // What its breakdowns say besides would only make the list long.
      if (found > 0) return
    }
  }
}

const nameOf = (plan: RollupPlan, key: string): string =>
  [plan.id, ...(key === '' ? [] : [key === NULL_KEY ? NO_VALUE : key])].join(' ')

/** Ranges that cover all of `starts`, and some time beside them: together, as long as they are not too long. */
function* rangesOf(
  starts: ReadonlySet<number>,
  {size, beside, most}: {readonly size: number; readonly beside: number; readonly most: number},
): IterableIterator<TimeRange> {
  let range: TimeRange | undefined
  for (const start of [...starts].toSorted((a, b) => a - b)) {
    const {from, to} = {from: start - beside, to: start + size + beside}
    if (range !== undefined && from <= range.to && to - range.from <= most) {
      range = {from: range.from, to}
      continue
    }
    if (range !== undefined) yield range
    range = {from: Math.max(from, range?.to ?? from), to}
  }
  if (range !== undefined) yield range
}

async function storedKeys(of: RollupReads, range?: [TimeLevel, TimeRange]): Promise<string[]> {
  const keys = new Set<string>()
  const pages =
    range === undefined ? of.all({uniques: false}) : of.bucketsOfAll(...range, {uniques: false})
  for await (const page of pages) for (const {key} of page) keys.add(key)
  return [...keys]
}

/** Keys of a rollup by the Kafka key and more, in a scope. */
async function keysOf(asked: Asked, {keys}: Scope): Promise<readonly string[]> {
  if (asked.plan.by.length === 1) return keys
  const of = asked.at.sides[0].reads.rollup(asked.plan)
  const stored = await Promise.all(keys.map(key => of.entitiesOf(key)))
  const truth = await askTruth({...asked, rollup: {...asked.rollup, split: []}}, 'total')
  return [...new Set([...truth.keys(), ...stored.flat().map(({key}) => key)])]
}

/** Buckets of time in which rows of a scope happened. */
export async function startsOf(
  {pg, stream}: Compared,
  level: TimeLevel,
  only: SqlCondition | undefined,
): Promise<ReadonlySet<number>> {
  if (stream.timeField === null) return new Set()
  const none = {name: 'starts', by: [], every: [level], measures: []}
  const rows = await truthOfRollup(pg, stream, none, {level, only})
  return new Set(rows.map(({start}) => start!))
}

async function compareTotals(asked: Asked, keys: readonly string[] | undefined): Promise<void> {
  const {at, plan} = asked
  const truth = await askTruth(asked, 'total')
  const all =
    keys ?? new Set([...truth.keys(), ...(await storedKeys(at.sides[0].reads.rollup(plan)))])
  const equal = rowsEqual(asked)
  for (const some of chunksOf([...all], KEYS_AT_ONCE)) {
    for (const {where, reads} of at.sides) {
      const views = await reads.rollup(plan).entities(some)
      for (const key of some) {
        const view = views.get(key)
        const pieces = view === undefined ? [] : piecesOfTotal(view)
        const found = {pieces, whole: isWhole(view, plan)}
        equal(where, {key, level: 'total', start: 0}, truth.get(key)?.get(0), found)
      }
    }
  }
}

/** @returns starts of buckets that are there */
async function compareRange(
  asked: Asked,
  keys: readonly string[] | undefined,
  {level, range}: {readonly level: TimeLevel; readonly range: TimeRange},
): Promise<readonly number[]> {
  const {at, plan} = asked
  const truth = await askTruth(asked, level, range)
  const stored = at.sides[0].reads.rollup(plan)
  const all =
    keys ??
    (plan.by.length === 0
      ? ['']
      : new Set([...truth.keys(), ...(await storedKeys(stored, [level, range]))]))
  const equal = rowsEqual(asked)
  const seen = new Set<number>()
  for (const some of chunksOf([...all], KEYS_AT_ONCE)) {
    for (const {where, reads} of at.sides) {
      const of = reads.rollup(plan)
      for (const view of (await of.entities(some)).values()) {
        const buckets = await of.buckets(view, level, range)
        const found = new Map(buckets.map(({start, pieces}) => [start, pieces]))
        const expected = truth.get(view.key)
        for (const start of new Set([...found.keys(), ...(expected?.keys() ?? [])])) {
          seen.add(start)
          const pieces = found.get(start) ?? []
          const row = {key: view.key, level, start}
          equal(where, row, expected?.get(start), {pieces, whole: isWhole(view, plan)})
        }
      }
    }
  }
  return [...seen]
}

/** @param scope absent: the rollup is not by the Kafka key, all of it is compared */
export async function compareRollup(at: Compared, i: number, scope?: Scope): Promise<void> {
  const asked = askedOf(at, i, scope?.only)
  const keys = scope && (await keysOf(asked, scope))
  await compareTotals(asked, keys)
  let starts = await startsOf(at, 'day', asked.only)
  let above = DAY
  // Where a coarser bucket is there, finer ones are looked for.
  for (const [n, level] of asked.plan.levels.toReversed().entries()) {
    const size = SECONDS_OF[level]
    const beside = n === 0 ? daysBeside(level) * DAY : 0
    const there = new Set<number>()
    for (const range of rangesOf(starts, {size: above, beside, most: size * BUCKETS_AT_ONCE})) {
      for (const start of await compareRange(asked, keys, {level, range})) there.add(start)
    }
    starts = there
    above = size
  }
}

/** Rows that SQL has, by key and start. */
export type Truth = Awaited<ReturnType<typeof askTruth>>

/** Keys that are asked for one by one: beyond, all of them are less work. */
const KEYS_ASKED_MAX = 30

/** What SQL says of some keys of a rollup that is not by the Kafka key. */
export async function askKeys(
  asked: Asked,
  level: Level,
  {keys, ...range}: Partial<TimeRange> & {readonly keys?: readonly string[] | undefined},
): Promise<Truth> {
  if (keys === undefined || keys.length > KEYS_ASKED_MAX) return await askTruth(asked, level, range)
  const found = new Map<string, ReadonlyMap<number, Breakdown>>()
  for (const key of keys) {
    const texts = textsOfKey(asked.plan, key).map(text => (text === NULL_KEY ? null : text))
    for (const [name, starts] of await askTruth(asked, level, {...range, key: texts})) {
      found.set(name, starts)
    }
  }
  return found
}
