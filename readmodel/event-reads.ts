/**
 * Events of an entity by time, newest first: filed ids say which raw rows to look at, and those say what is
 * true.
 *
 * Does not      believe a filed id: an event that was deleted, or lies elsewhere now, is passed over.
 */
import {chunksOf} from './chunks.ts'
import type {FilesTable, FiledEvent} from './files-table.ts'
import {toKeyText, type Fields} from './fields.ts'
import {SECONDS_OF, US_PER_SECOND} from './levels.ts'
import type {StreamPlan} from './plan.ts'
import type {EventId, RawTable, StoredEvent} from './raw-table.ts'
import type {Patient} from './projection.ts'
import {SHARDS, type TimeRange} from './slices.ts'

export interface EventPosition {
  /** Microseconds since 1970. */
  readonly at: number
  readonly id: EventId
}

/** Negative when `a` is the newer: later, or at one time of the higher id. */
export const byAge = (a: EventPosition, b: EventPosition): number =>
  b.at - a.at || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0)

export interface EventSource {
  readonly plan: StreamPlan
  readonly raw: Pick<RawTable, 'read'>
  readonly files: Pick<FilesTable, 'read' | 'page' | 'periods'>
}

/** A source whose every read is repeated by itself. */
export const patientSource = ({plan, raw, files}: EventSource, patient: Patient): EventSource => ({
  plan,
  raw: {read: (ids, partition) => patient(() => raw.read(ids, partition))},
  files: {
    read: (key, partition, timeUs) => patient(() => files.read(key, partition, timeUs)),
    page: at => patient(() => files.page(at)),
    periods: (key, partition, range) => patient(() => files.periods(key, partition, range)),
  },
})

/** Filed ids that are looked at together: at first, and at most. */
const IDS_FIRST = 50
const IDS_AT_ONCE = 500

/** Starts of slices of a range, newest first. */
export function* slicesOf(every: 'hour' | 'day', {from, to}: TimeRange): IterableIterator<number> {
  const size = SECONDS_OF[every]
  for (let at = Math.floor((to - 1) / size) * size; at + size > from; at -= size) yield at
}

const timeOfFiled = ({timeUs}: FiledEvent): number => timeUs ?? Number.NEGATIVE_INFINITY

/** Newest first, each once: a filing may be there twice. */
function inOrder(filed: readonly FiledEvent[]): readonly FiledEvent[] {
  const placed = filed.map(one => ({at: timeOfFiled(one), id: one.id, one}))
  return placed
    .toSorted(byAge)
    .filter(({at, id}, i, all) => id !== all[i - 1]?.id || at !== all[i - 1]!.at)
    .map(({one}) => one)
}

/**
 * Filed events newest first, a few in the beginning: an hour may hold a million, and who wants the newest
 * ones stops soon. Numbers are sorted before, events only as far as they are asked for.
 */
function* newestFirst(filed: readonly FiledEvent[]): IterableIterator<readonly FiledEvent[]> {
  const times = new Float64Array(filed.length)
  for (const [i, one] of filed.entries()) times[i] = timeOfFiled(one)
  times.sort()
  let below = Number.POSITIVE_INFINITY
  for (let size = IDS_FIRST, left = times.length; left > 0; size *= 2) {
    // All of one time come together: their ids decide.
    const from = times[Math.max(0, left - size)]!
    const some = filed.filter(one => timeOfFiled(one) >= from && timeOfFiled(one) < below)
    yield* chunksOf(inOrder(some), IDS_AT_ONCE)
    left -= some.length
    below = from
  }
}

/** Filed events as their raw rows have them now: those that are there still, at the time they were filed at. */
async function* present(
  {plan, raw}: EventSource,
  filed: readonly FiledEvent[],
  at: {readonly partition: number; readonly isWanted: (event: Fields) => boolean},
): AsyncIterable<readonly StoredEvent[]> {
  for (const some of newestFirst(filed)) {
    const filings = Map.groupBy(some, ({id}) => id)
    const found: StoredEvent[] = []
    for (const row of await raw.read([...filings.keys()], at.partition)) {
      if (row === null || !at.isWanted(row.event)) continue
      const timeUs = plan.timeOf(row.event)
      if (filings.get(plan.idOf(row.event))!.some(one => one.timeUs === timeUs)) found.push(row)
    }
    if (found.length > 0)
      yield found.toSorted((a, b) => byAge(positionOf(plan, a), positionOf(plan, b)))
  }
}

export interface EventQuestion {
  readonly partition: number
  /** Text of the entity's key; null: of every entity. */
  readonly key: string | null
}

/** Whether a time lies in a range; no time lies in none. */
export const isInside = (timeUs: number | null, {from, to}: TimeRange): boolean => {
  return timeUs !== null && timeUs >= from * US_PER_SECOND && timeUs < to * US_PER_SECOND
}

/** Events of one slice; of one key newest first, a few at first. @param range null: all of it */
export async function* eventsOfSlice(
  source: EventSource,
  {partition, key}: EventQuestion,
  slice: number | null,
  range: TimeRange | null,
): AsyncIterable<readonly StoredEvent[]> {
  const {plan, files} = source
  const timeUs = slice === null ? null : slice * US_PER_SECOND
  const isWanted = (event: Fields): boolean => {
    const isIts = key === null || toKeyText(plan.keyOf(event)) === key
    return isIts && (range === null || isInside(plan.timeOf(event), range))
  }
  const isFiledInside = (one: FiledEvent): boolean => range === null || isInside(one.timeUs, range)
  const pages =
    key === null ? pagesOfAll(files, partition, timeUs) : [await files.read(key, partition, timeUs)]
  for await (const page of pages) {
    yield* present(source, page.filter(isFiledInside), {partition, isWanted})
  }
}

async function* pagesOfAll(
  files: EventSource['files'],
  partition: number,
  timeUs: number | null,
): AsyncIterable<readonly FiledEvent[]> {
  for (let shard = 0; shard < SHARDS; shard++) {
    let from: string | null = null
    do {
      const {events, next}: Awaited<ReturnType<FilesTable['page']>> = await files.page({
        partition,
        timeUs,
        shard,
        from,
      })
      yield events
      from = next
    } while (from !== null)
  }
}

/** Every event of a range, newest slice first; of one key newest first, and the range may be all time. */
export async function* eventsOf(
  source: EventSource,
  question: EventQuestion,
  range: TimeRange,
): AsyncIterable<readonly StoredEvent[]> {
  const {plan, files} = source
  const {key, partition} = question
  const periods = key === null ? [range] : await files.periods(key, partition, range)
  for (const period of periods) {
    for (const slice of slicesOf(plan.stream.filed, period)) {
      yield* eventsOfSlice(source, question, slice, period)
    }
  }
}

/** Place of an event in lists. */
export const positionOf = (plan: StreamPlan, {event}: StoredEvent): EventPosition => ({
  at: plan.timeOf(event) ?? Number.NEGATIVE_INFINITY,
  id: plan.idOf(event),
})
