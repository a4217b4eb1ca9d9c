/**
 * Where a raw row lies: computed from the event alone, so that any record of an event finds it.
 *
 * A content's events of one day are spread over 144 slices of ten minutes by 16 shards. A shard is
 * chosen by blocks of 4,096 ids: events written together go to one partition and can be batched,
 * a hit still uses all of them. Bound: 10 minutes of one content / 16, at 5,000 events/s of a
 * single content 190,000 rows, about 40 MB.
 */
import {toIsoDay, US_PER_DAY} from './time.ts'

export const SLICES = 144
export const SHARDS = 16
const US_PER_SLICE = US_PER_DAY / SLICES
const IDS_PER_BLOCK = 4096

export interface EventPlace {
  /** ISO date, UTC. */
  readonly day: string
  /** The same as days since 1970. */
  readonly dayNumber: number
  readonly bucket: number
}

export const shardOf = (eventId: number): number => Math.floor(eventId / IDS_PER_BLOCK) % SHARDS

export const bucketOf = (slice: number, shard: number): number => slice * SHARDS + shard

/** @param eventUs microseconds since 1970 */
export function placeOf(eventUs: number, eventId: number): EventPlace {
  const day = Math.floor(eventUs / US_PER_DAY)
  const slice = Math.floor((eventUs - day * US_PER_DAY) / US_PER_SLICE)
  return {day: toIsoDay(day), dayNumber: day, bucket: bucketOf(slice, shardOf(eventId))}
}

/** Buckets of one slice, all shards. */
export const bucketsOfSlice = (slice: number): readonly number[] =>
  Array.from({length: SHARDS}, (_, shard) => bucketOf(slice, shard))
