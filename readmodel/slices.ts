/**
 * Where rows lie in Cassandra: few partitions for all that a checkpoint writes at once, however many
 * entities there are, and none that grows without bound. Pure.
 *
 * A partition is a slice of time and a sixteenth of the entities of one source partition: minutes lie
 * together by hour, quarters and hours by day, days by month, totals for ever.
 */
import type {TimeLevel} from '../contracts/stream.ts'
import {toIsoDay} from '../contracts/times.ts'
import {SECONDS_OF} from './levels.ts'

export const SHARDS = 16

/** FNV-1a over UTF-16 code units: stable across releases, since rows are stored by it. */
function fnvOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash
}

export function shardOf(key: string): number {
  const hash = fnvOf(key)
  return ((hash ^ (hash >>> 16)) >>> 0) % SHARDS
}

export const isoDayOfSeconds = (seconds: number): string =>
  toIsoDay(Math.floor(seconds / SECONDS_OF.day))

/** `2026-11-21T06`. */
function hourText(seconds: number): string {
  const day = Math.floor(seconds / SECONDS_OF.day)
  const hour = Math.floor((seconds - day * SECONDS_OF.day) / SECONDS_OF.hour)
  return `${toIsoDay(day)}T${String(hour).padStart(2, '0')}`
}

/** The time that buckets of a level, starting then, lie together by. */
export function periodOf(level: TimeLevel, start: number): string {
  switch (level) {
    case 'minute':
      return hourText(start)
    case 'quarter':
    case 'hour':
      return isoDayOfSeconds(start)
    case 'day':
      return isoDayOfSeconds(start).slice(0, -3)
    default:
      return level satisfies never
  }
}

/** `hour 2026-11-21/3`, `total/3`. */
export const sliceOf = (level: TimeLevel, start: number, shard: number): string =>
  `${level} ${periodOf(level, start)}/${shard}`
export const totalSlice = (shard: number): string => `total/${shard}`

/** Where the ids of an entity's events are filed; `none` holds those without a time. */
export function fileOf(every: 'hour' | 'day', timeUs: number | null, shard: number): string {
  if (timeUs === null) return `none/${shard}`
  const seconds = Math.floor(timeUs / 1_000_000)
  return `${every === 'hour' ? hourText(seconds) : isoDayOfSeconds(seconds)}/${shard}`
}

/** Buckets of a level that start in a range, by the period that they lie together in. */
export function startsByPeriod(
  level: TimeLevel,
  {from, to}: TimeRange,
): ReadonlyMap<string, readonly number[]> {
  const size = SECONDS_OF[level]
  const first = Math.ceil(from / size)
  const count = Math.max(0, Math.ceil(to / size) - first)
  const starts = Array.from({length: count}, (_, i) => (first + i) * size)
  return Map.groupBy(starts, start => periodOf(level, start))
}

/** Seconds since 1970: `from` inclusive, `to` exclusive. */
export interface TimeRange {
  readonly from: number
  readonly to: number
}

/** Ids of one block lie together: 65,536 growing ones, ten minutes of time-ordered UUIDs. */
export const IDS_PER_BLOCK = 65_536
const MS_PER_BLOCK = 600_000
/** Blocks that random ids are spread over. */
const HASH_BLOCKS = 4096

/**
 * The block of an event's raw row: of its id alone, so that any record of an event finds it, whatever else
 * changed.
 *
 * @param id a whole number, or text; of a UUID of version 7 the time decides, any other text is spread
 */
export function blockOf(id: number | string): number {
  if (typeof id === 'number') return Math.floor(id / IDS_PER_BLOCK)
  if (id.length === 36 && id[14] === '7' && id[8] === '-') {
    const ms = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
    if (!Number.isNaN(ms)) return Math.floor(ms / MS_PER_BLOCK)
  }
  const hash = fnvOf(id)
  return ((hash ^ (hash >>> 15)) >>> 0) % HASH_BLOCKS
}
