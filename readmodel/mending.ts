/**
 * Computes again what could not be taken out of a bucket: the finest level from raw rows, coarser ones from
 * the buckets below, a total from the coarsest.
 *
 * Guarantees    INV-41: what is computed includes every event up to its offset. Stored rows are read once
 *               all that was folded before is durable; what is folded meanwhile goes to both sides, and only
 *               what does not change by counting an event twice is taken over.
 */
import {Bucket} from './bucket.ts'
import type {Entity} from './entity.ts'
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
  const bucket = level === 'total' ? entity.total : entity.bucket(level as TimeLevel, start)
  if (bucket?.isRetracted !== true) return null
  if (bucket.guard > at.foldedOffset) return 'early'
  const shadow = new Bucket(rollup, start)
  bucket.shadow = shadow
  const {plan} = source
  const finer = below(rollup, level)
  const range = rangeOf(entity, at)
  const isByKey = rollup.by.length === 1 && rollup.isByKey
  const isRead = finer === undefined && range.to > range.from
  const slices = [
    ...(isRead ? slicesOf(plan.stream.filed, range) : []),
    ...(level === 'total' ? [null] : []),
  ]
  const add = (event: Fields): void => {
    const timeUs = plan.timeOf(event)
    const isIts = timeUs === null ? level === 'total' : isRead && isInside(timeUs, range)
    if (!isIts) return
    plan.inputs.read(event, {timeUs, id: plan.idOf(event)})
    shadow.apply(entity.places.admit(rollup.splitsOf(event)), plan.inputs, 0)
  }
  const isCounted = (event: Fields): boolean =>
    rollup.counts?.(event) !== false && keyOfTexts(rollup.keyOf(event)) === key

  const addBuckets = async (of: TimeLevel, patient: Patient): Promise<readonly StaleBucket[]> => {
    const within = {from: startOf(of, range.from), to: range.to}
    // What is open is not part of the bucket above yet.
    const isClosed = (one: Bucket): boolean =>
      one.start >= within.from && one.start < within.to && one.start < entity.newestOf(of)
    const found = await patient(() => table.buckets({key, partition, level: of}, within))
    // What is in memory is newer than its row.
    const stored = found.filter(
      one => isClosed(one.bucket) && entity.bucket(of, one.bucket.start)?.isLoaded !== true,
    )
    // A row that an earlier owner wrote counts what is not folded yet: later.
    if (stored.some(one => one.bucket.guard > at.foldedOffset)) return [{level, start}]
    const stale = stored.filter(one => one.bucket.isRetracted).map(one => one.bucket.start)
    for (const {bucket: child, values} of stored) {
      shadow.merge(child, place => entity.places.admit(values.get(place)!))
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
    scan: isByKey ? undefined : {slices, add},
    async collect(patient) {
      // A bucket that was merged stale has marked the shadow: what is taken out from now on counts.
      const stale = finer === undefined ? [] : await addBuckets(finer, patient)
      if (stale.length > 0 || !isByKey) return stale
      const own = patientSource(source, patient)
      for (const slice of slices) {
        for await (const page of eventsOfSlice(
          own,
          {partition, key},
          slice,
          slice === null ? null : range,
        )) {
          for (const {event} of page) if (isCounted(event)) add(event)
        }
      }
      return []
    },
    adopt() {
      bucket.adopt(shadow)
      return !bucket.isRetracted
    },
    end() {
      bucket.shadow = undefined
    },
  }
}
