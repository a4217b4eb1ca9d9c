/**
 * Computes again what could not be taken out of a bucket: the finest level from raw rows, coarser ones from
 * the buckets below, a total from the coarsest.
 *
 * Guarantees    INV-41: what is computed includes every event up to its offset. Stored rows are read once
 *               all that was folded before is durable; what is folded meanwhile goes to both sides, and only
 *               what does not change by counting an event twice is taken over. INV-104: of a part that was found
 *               wrong all is taken over, counts too: each event is in it once, whatever happens meanwhile.
 */
import {Bucket} from './bucket.ts'
import type {Entity, StoredBucket} from './entity.ts'
import {eventsOfSlice, isInside, patientSource, slicesOf, type EventSource} from './event-reads.ts'
import type {Fields} from './fields.ts'
import {SECONDS_OF, startOf, US_PER_SECOND, type TimeLevel} from './levels.ts'
import type {RollupPlan} from './plan.ts'
import type {MendAt, Mending, Patient, StaleBucket} from './projection.ts'
import {keyOfTexts, type RollupTable} from './rollup-table.ts'
import type {TimeRange} from './slices.ts'

export interface RollupMender {
  readonly source: EventSource
  readonly rollup: RollupPlan
  readonly table: RollupTable
}

const rangeOf = (entity: Entity, {level, start}: StaleBucket): TimeRange => {
  if (level !== 'total') return {from: start, to: start + SECONDS_OF[level as TimeLevel]}
  const {oldestUs, newestUs} = entity
  if (oldestUs > newestUs) return {from: 0, to: 0}
  return {
    from: Math.floor(oldestUs / US_PER_SECOND),
    to: Math.floor(newestUs / US_PER_SECOND) + 1,
  }
}

/** Up to so many buckets or slices are asked for whether there is anything or not. */
const STARTS_MAX = 2000

/** Stretches one after the other, newest first, as few as may be. */
function joined(stretches: readonly TimeRange[]): readonly TimeRange[] {
  const all: TimeRange[] = []
  for (const one of stretches) {
    const last = all.at(-1)
    if (last?.from === one.to) all[all.length - 1] = {from: one.from, to: last.to}
    else all.push(one)
  }
  return all
}

/** The level that a bucket is made of; undefined for the finest one. */
function below({levels}: RollupPlan, level: string): TimeLevel | undefined {
  if (level === 'total') return levels.at(-1)
  const at = levels.indexOf(level as TimeLevel)
  return levels[at - 1]
}

export function mendRollup(
  {source, rollup, table}: RollupMender,
  entity: Entity,
  at: MendAt,
): Mending | 'early' | null {
  const {level, start, key, partition} = at
  // It may have left memory since it was loaded.
  if (!entity.want({level: level as TimeLevel, start})) return 'early'
  const bucket = level === 'total' ? entity.total : entity.bucket(level as TimeLevel, start)
  if (bucket?.isRetracted !== true) return null
  if (bucket.guard > at.foldedOffset()) return 'early'
  const shadow = new Bucket(rollup, start)
  bucket.shadow = shadow
  const {plan} = source
  const finer = below(rollup, level)
  const {isDoubtful} = bucket
  /** What was folded up to here is read; what comes later goes to the shadow itself. */
  const begun = at.foldedOffset()
  const range = rangeOf(entity, at)
  const isByKey = rollup.by.length === 1 && rollup.isByKey
  const isRead = finer === undefined && range.to > range.from
  /** Known once it is read where there is anything. */
  let slices: readonly (number | null)[] = []
  /** Ids of the slice that is being read: an event may be filed twice. */
  const seen = {slice: Number.NaN, ids: new Set<number | string>()}
  const isFirst = (event: Fields, timeUs: number | null): boolean => {
    const slice = timeUs === null ? -Infinity : startOf(plan.stream.filed, timeUs / US_PER_SECOND)
    if (slice !== seen.slice) seen.ids.clear()
    seen.slice = slice
    const id = plan.idOf(event)
    if (seen.ids.has(id)) return false
    seen.ids.add(id)
    return true
  }
  const add = (event: Fields, offset: number): void => {
    const timeUs = plan.timeOf(event)
    const isIts = timeUs === null ? level === 'total' : isRead && isInside(timeUs, range)
    if (!isIts) return
    if (isDoubtful && (offset > begun || !isFirst(event, timeUs))) return
    plan.inputs.read(event, {timeUs, id: plan.idOf(event)})
    shadow.apply(entity.places.admit(rollup.splitsOf(event)), plan.inputs, 0)
  }
  const isCounted = (event: Fields): boolean =>
    rollup.counts?.(event) !== false && keyOfTexts(rollup.keyOf(event)) === key

  const isClosedNow = new Map<TimeLevel, number>()
  /** Of what is made of others counts stay exact when all of them are of one moment, which is this. */
  const loaded = new Set<number>()
  if (isDoubtful && finer !== undefined) {
    shadow.isExact = true
    isClosedNow.set(finer, entity.newestOf(finer))
    const within = {from: startOf(finer, range.from), to: range.to}
    for (const {level: own, bucket: child} of entity.buckets()) {
      const isInRange = child.start >= within.from && child.start < within.to
      if (own !== finer || !isInRange || child.start >= entity.newestOf(finer)) continue
      if (!child.isLoaded) continue
      loaded.add(child.start)
      shadow.merge(child)
    }
  }
  const staleLoaded = [...loaded].filter(one => entity.bucket(finer!, one)?.isRetracted === true)

  /** Stretches of the range where there may be anything: one event of the year 1 must not cost 2,000 years. */
  const stretchesOf = async (own: EventSource): Promise<readonly TimeRange[]> => {
    const size = SECONDS_OF[finer ?? plan.stream.filed]
    if (range.to - range.from <= STARTS_MAX * size) return range.to > range.from ? [range] : []
    return joined(await own.files.periods(isByKey ? key : null, partition, range))
  }

  const addBuckets = async (
    of: TimeLevel,
    stretches: readonly TimeRange[],
    patient: Patient,
  ): Promise<readonly StaleBucket[] | null> => {
    const within = {from: startOf(of, range.from), to: range.to}
    // What is open is not part of the bucket above yet; what was closed since this began was merged.
    const isClosed = (one: Bucket): boolean =>
      one.start >= within.from &&
      one.start < within.to &&
      one.start < (isClosedNow.get(of) ?? entity.newestOf(of))
    const found = new Map<number, StoredBucket>()
    for (const {from, to} of stretches) {
      const some = {from: startOf(of, from), to}
      for (const one of await patient(() => table.buckets({key, partition, level: of}, some))) {
        found.set(one.bucket.start, one)
      }
    }
    // What is in memory is newer than its row.
    const stored = [...found.values()].filter(
      one =>
        isClosed(one.bucket) &&
        (isDoubtful
          ? !loaded.has(one.bucket.start)
          : entity.bucket(of, one.bucket.start)?.isLoaded !== true),
    )
    // A row that an earlier owner wrote counts what is not folded yet: later. What was folded since this began has
    // gone to the shadow, too.
    const foldedOffset = isDoubtful ? begun : at.foldedOffset()
    if (stored.some(one => one.bucket.guard > foldedOffset)) return null
    const stale = stored.filter(one => one.bucket.isRetracted).map(one => one.bucket.start)
    for (const {bucket: child, values} of stored) {
      shadow.merge(child, place => entity.places.admit(values.get(place)!))
    }
    if (isDoubtful) {
      return [...new Set([...stale, ...staleLoaded])].map(one => ({level: of, start: one}))
    }
    // What is in memory last, without waiting: it belongs to this moment.
    for (const {level: own, bucket: child} of entity.buckets()) {
      if (own !== of || !isClosed(child) || !child.isLoaded) continue
      if (child.isRetracted) stale.push(child.start)
      shadow.merge(child)
    }
    return [...new Set(stale)].map(one => ({level: of, start: one}))
  }

  return {
    isRecount: isDoubtful,
    scan: isByKey
      ? undefined
      : {
          get slices() {
            return slices
          },
          add,
        },
    async collect(patient) {
      const own = patientSource(source, patient)
      const stretches = await stretchesOf(own)
      const every = plan.stream.filed
      slices = [
        ...new Set(isRead ? stretches.flatMap(stretch => [...slicesOf(every, stretch)]) : []),
        ...(level === 'total' ? [null] : []),
      ]
      // A bucket that was merged stale has marked the shadow: what is taken out from now on counts.
      const stale = finer === undefined ? [] : await addBuckets(finer, stretches, patient)
      if (stale === null || !isByKey) return stale
      for (const slice of slices) {
        for await (const page of eventsOfSlice(
          own,
          {partition, key},
          slice,
          slice === null ? null : range,
        )) {
          for (const {event, offset} of page) if (isCounted(event)) add(event, offset)
        }
      }
      return stale
    },
    adopt() {
      // Rows that were put since without being folded are in neither.
      const isOfEvents = finer === undefined || level === 'total'
      if (isDoubtful && isOfEvents && at.unfoldedOffset() > begun) return false
      bucket.adopt(shadow)
      return !bucket.isRetracted
    },
    end() {
      bucket.shadow = undefined
    },
  }
}
