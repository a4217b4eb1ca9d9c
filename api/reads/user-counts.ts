/**
 * How often a user did what, in total and by day: one row, as fresh as Redis; of more types than that tells apart the row
 * of each, as it is stored.
 */
import {SECONDS_OF} from '../../readmodel/levels.ts'
import {OTHER_VALUE, valueOfSplitText} from '../../readmodel/places.ts'
import type {RollupPlan, StreamPlan} from '../../readmodel/plan.ts'
import {textsOfKey} from '../../readmodel/rollup-table.ts'
import type {TimeRange} from '../../readmodel/slices.ts'
import {
  isFresh,
  piecesOfTotal,
  sourceOf,
  type EntityView,
  type Piece,
  type StreamReads,
} from '../../readmodel/stream-reads.ts'
import {Tally} from '../../readmodel/tally.ts'
import {addPiece, type Labelled} from './figures.ts'
import {SCANNED, type Found} from './stores.ts'

export type Counts = ReadonlyMap<string, number>

/** By days, seconds since 1970. */
type DayCounts = ReadonlyMap<number, Counts>

const ACTIVITIES = 'activities'

export const rollupNamed = ({rollups}: StreamPlan, name: string): RollupPlan =>
  rollups.find(rollup => rollup.name === name)!

/** How many of `measure` the pieces hold. */
export function countOf(rollup: RollupPlan, measure: string, pieces: readonly Piece[]): number {
  const tally = new Tally(rollup, new Set([measure]))
  for (const {bucket, valuesOf} of pieces) tally.add(bucket, valuesOf)
  return tally.values()[measure] as number
}

/** By type; undefined when some types are not told apart. */
function countsOf(rollup: RollupPlan, pieces: readonly Piece[]): Counts | undefined {
  const labelled: Labelled = new Map()
  const names = new Set([ACTIVITIES])
  for (const piece of pieces) addPiece(labelled, piece, {rollup, names, labelOf: ([type]) => type!})
  if (labelled.has(OTHER_VALUE)) return undefined
  return new Map(
    [...labelled].map(([text, tally]) => {
      return [valueOfSplitText(text)!, tally.values()[ACTIVITIES] as number]
    }),
  )
}

interface DaysQuestion {
  readonly user: string
  readonly rollup: RollupPlan
  /** A row of the user's. */
  readonly view: EntityView
  readonly range: TimeRange
}

/** What is filed of a user, and what Redis has of them that is not filed yet. */
async function periodsOf(
  reads: StreamReads,
  {user, view: {parts}, range}: DaysQuestion,
): Promise<readonly TimeRange[]> {
  const [partition] = reads.partitionsOf(user)
  const filed = await reads.events.files.periods(user, partition!, range)
  const unfiled = parts
    .flatMap(({entity}) => [...entity.buckets()])
    .filter(
      ({level, bucket: {start}}) => level === 'day' && start >= range.from && start < range.to,
    )
    .map(({bucket: {start}}) => ({from: start, to: start + SECONDS_OF.day}))
  return [...filed, ...unfiled]
}

async function daysOf(
  reads: StreamReads,
  question: DaysQuestion,
): Promise<ReadonlyMap<number, readonly Piece[]>> {
  const {rollup, view} = question
  const periods = await periodsOf(reads, question)
  const found = await Promise.all(
    periods.map(async period => await reads.rollup(rollup).buckets(view, 'day', period)),
  )
  return new Map(found.flat().map(({start, pieces}) => [start, pieces]))
}

/** In total; of no user none. */
export async function readTypes(reads: StreamReads, user: string): Promise<Found<Counts>> {
  const rollup = rollupNamed(reads.plan, 'user_id')
  const view = (await reads.rollup(rollup).entities([user])).get(user)
  if (view === undefined) return {value: new Map(), source: 'cassandra'}
  const value = countsOf(rollup, piecesOfTotal(view))
  if (value !== undefined) return {value, source: sourceOf(view), isFresh: isFresh(view)}
  const each = rollupNamed(reads.plan, 'days')
  const views = await reads.rollup(each).entitiesOf(user)
  const counts = views.map(one => {
    return [textsOfKey(each, one.key)[1]!, countOf(each, ACTIVITIES, piecesOfTotal(one))] as const
  })
  return {value: new Map(counts), ...SCANNED}
}

export async function readDays(
  reads: StreamReads,
  user: string,
  range: TimeRange,
): Promise<Found<DayCounts>> {
  const rollup = rollupNamed(reads.plan, 'user_id')
  const view = (await reads.rollup(rollup).entities([user])).get(user)
  if (view === undefined) return {value: new Map(), source: 'cassandra'}
  const days = await daysOf(reads, {user, rollup, view, range})
  const counts = [...days].map(([day, pieces]) => [day, countsOf(rollup, pieces)] as const)
  const value = new Map(counts.flatMap(([day, own]) => (own === undefined ? [] : [[day, own]])))
  if (value.size === days.size) {
    return {value, source: sourceOf(view), isFresh: isFresh(view)}
  }
  return {value: await readStoredDays(reads, user, range), ...SCANNED}
}

/** Of each type, as it is stored. */
async function readStoredDays(
  reads: StreamReads,
  user: string,
  range: TimeRange,
): Promise<DayCounts> {
  const rollup = rollupNamed(reads.plan, 'days')
  const views = await reads.rollup(rollup).entitiesOf(user)
  const days = new Map<number, Map<string, number>>()
  for (const view of views) {
    const type = textsOfKey(rollup, view.key)[1]!
    for (const [day, pieces] of await daysOf(reads, {user, rollup, view, range})) {
      const counts = days.get(day) ?? new Map<string, number>()
      days.set(day, counts.set(type, countOf(rollup, ACTIVITIES, pieces)))
    }
  }
  return days
}
