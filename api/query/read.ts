/** Answers questions: reads the rows that one needs, groups them, and says how fresh they are. */
import type {RollupPlan} from '../../readmodel/plan.ts'
import {textsOfKey} from '../../readmodel/rollup-table.ts'
import type {StreamReads} from '../../readmodel/stream-reads.ts'
import {Tally} from '../../readmodel/tally.ts'
import {refuse} from '../problem.ts'
import {newestOf, readOptions} from '../reads/figures.ts'
import {partsOf} from '../reads/parts.ts'
import {readRows, type Add} from '../reads/question.ts'
import type {Answered} from '../reads/reads.ts'
import {readFrom, type Stores} from '../reads/stores.ts'
import {toAnswer, type AnswerRows, type GroupedStretch} from './answer.ts'
import {accessOf, KEYS_MAX} from './choose.ts'
import {createGrouper} from './group.ts'
import {slicesOf, type QueryPlan, type Stretch} from './plan.ts'
import {startsOf} from './range.ts'
import type {Fact} from './subject.ts'

export interface QueryResult extends AnswerRows {
  /** With its buckets, where time is parted. */
  readonly stretch: Stretch
}

export type Query = (plan: QueryPlan) => Promise<Answered<QueryResult>>

const GROUPS_MAX = 100_000

/** The rollup that says when the first event was, and by which measure: that of the plan, else the least of any. */
function firstOf({rollup, subject}: QueryPlan) {
  const {stream, rollups} = subject.plan
  const others = rollups.filter(({counts}) => counts === undefined)
  const all = [rollup, ...others.toSorted((a, b) => a.by.length - b.by.length)]
  for (const one of all) {
    const found = one.measures.find(({measure}) => {
      return (
        measure.kind === 'min' && measure.of === stream.timeField && measure.where === undefined
      )
    })
    if (found !== undefined) return {rollup: one, name: found.name}
  }
  const {name, timeField} = stream
  const line =
    timeField === null ? '' : `, or declare a measure min('${timeField}') in streams/${name}.ts`
  const detail = `has no start, as it is not kept when the first event was: give [start, end]${line}`
  throw refuse('body', '/date_range', 'all', detail)
}

/** When the first event was, milliseconds: of the rows that the filters name, as fresh as they are, or of any. */
async function earliestOf(reads: StreamReads, plan: QueryPlan): Promise<number | null> {
  const {rollup, name} = firstOf(plan)
  const first = new Tally(rollup, new Set([name]))
  const add: Add = (_key, {bucket, valuesOf}) => first.add(bucket, valuesOf)
  const access = accessOf(rollup, plan.filters.named)
  await readRows(reads.rollup(rollup), access, {parts: null, uniques: false}, add)
  const micros = first.values()[name] as number | null
  return micros === null ? null : Math.floor(micros / 1000)
}

/** A stretch with its buckets, also where it has no start but that of the first event. */
async function boundedOf(reads: StreamReads, plan: QueryPlan, stretch: Stretch): Promise<Stretch> {
  const {granularity, zone} = plan
  const {range, starts} = stretch
  if (granularity === undefined || starts !== undefined) return stretch
  const from = await earliestOf(reads, plan)
  return {range, starts: from === null ? [] : startsOf({from, to: range.to}, granularity, zone)}
}

/** Names of metrics that rows are read for. */
function namesOf({metrics, filters, subject: {facts}}: QueryPlan): ReadonlySet<string> {
  const names = [...metrics, ...filters.metrics]
  return new Set(names.map(name => (facts?.metrics.includes(name) === true ? facts.needs : name)))
}

/** What is known of the keys that are read, where the question asks for it. */
async function factsFor(plan: QueryPlan): Promise<ReadonlyMap<string, Fact>> {
  const {subject, dimensions, filters, metrics} = plan
  const {facts} = subject
  const asked = [...dimensions, ...filters.used]
  const isNeeded =
    asked.some(name => subject.dimensions.get(name)?.isFact === true) ||
    [...metrics, ...filters.metrics].some(name => facts?.metrics.includes(name))
  return facts === undefined || !isNeeded
    ? new Map()
    : await facts.load(filters.named.get(facts.field))
}

/** @throws 422 when shares of too many keys would be added up */
function checkShares({metrics, dimensions, subject}: QueryPlan, keys: number): void {
  const {facts} = subject
  const share = metrics.find(name => facts?.metrics.includes(name))
  if (share === undefined || keys <= KEYS_MAX) return
  if (dimensions.some(name => subject.dimensions.get(name)?.field === facts!.field)) return
  const detail = `is a sum over ${facts!.alias}s, here ${keys}: at most ${KEYS_MAX} are added up`
  throw refuse('body', '/metrics', share, detail)
}

/** Reads one stretch of time and groups its rows. */
async function readStretch(reads: StreamReads, plan: QueryPlan, asked: Stretch) {
  const {rollup, subject} = plan
  const [facts, stretch] = await Promise.all([factsFor(plan), boundedOf(reads, plan, asked)])
  const slices = slicesOf(rollup, stretch, plan)
  const grouper = createGrouper(plan, stretch, GROUPS_MAX)
  const keys = new Set<string>()
  const newest = newestMeasureOf(rollup)
  const last = new Tally(rollup, new Set(newest))
  const add: Add = (key, piece, start) => {
    keys.add(key)
    last.add(piece.bucket, piece.valuesOf)
    const at = subject.facts === undefined ? -1 : rollup.by.indexOf(subject.facts.field)
    const fact = at < 0 ? undefined : facts.get(textsOfKey(rollup, key)[at]!)
    if (grouper.add({key, fact, start: start === null ? null : start * 1000, piece})) return
    throw refuse('body', '/dimensions', null, `give more than ${GROUPS_MAX} rows: filter more`)
  }
  const parts = slices === null ? null : partsOf(rollup, slices)
  const how = {parts, ...readOptions(rollup, namesOf(plan))}
  const from = await readRows(reads.rollup(rollup), plan.access, how, add)
  checkShares(plan, keys.size)
  return {from, newestMicros: newestOf([last]), stretch, grouped: grouper.finish()}
}

/** Measures that say when the newest event was. */
const newestMeasureOf = ({measures, stream}: RollupPlan): readonly string[] =>
  measures.flatMap(({name, measure}) =>
    measure.kind === 'max' && measure.of === stream.timeField ? [name] : [],
  )

/** Of values that are too many for a row's own places. */
const crowdedNote = (dimension: string): string =>
  `${dimension} has more values than a row tells apart: the others count together, as (other)`

/** @returns answers to questions; a problem says what one would need too much of */
export function createQuestions({stores}: {readonly stores: Stores}): Query {
  return async plan => {
    const stream = plan.subject.plan.stream.name
    return await readFrom(stores, {what: 'query', stream}, async reads => {
      const main = await readStretch(reads, plan, plan.main)
      const compared: GroupedStretch | undefined =
        plan.compared && (await readStretch(reads, plan, plan.compared))
      const value = {...toAnswer(plan, main, compared), stretch: main.stretch}
      return {
        value,
        source: main.from.source,
        // Of a key that neither store has nothing says whether Redis is kept up to date.
        isFresh: main.from.isFresh && stores.isLive(stream),
        newestMicros: main.newestMicros,
        isScan: plan.access.kind !== 'keys',
        notes: value.crowded.map(crowdedNote),
      }
    })
  }
}
