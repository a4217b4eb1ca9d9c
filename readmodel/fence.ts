/**
 * Which write wins: that of the higher offset; at one offset that of the higher mark.
 *
 * Guarantees    INV-54.
 */
import {toBigintBytes} from '../platform/cassandra.ts'
import {PipelineError} from '../platform/errors.ts'

/** Where values come from, and up to which record. */
export interface Fence {
  readonly partition: number
  /** Last offset that the written values include. */
  readonly offset: number
}

const MARKS = 2 ** 20
const TIMESTAMP_MAX = (1n << 63n) - 1n
/** Offsets up to here leave the upper half of the timestamp a plain number. */
const PLAIN_OFFSET_MAX = 2 ** 43 - 1
const LOW_OFFSETS = 2 ** 12
/** More than a root has: a total, and an open bucket of each level. */
const STALE_MAX = 8

/**
 * Mark of an aggregate row: a property of its value, not of who wrote it. A row in which less is stale wins:
 * what an owner mends at one offset replaces what it wrote before, whatever their bytes.
 *
 * @param stale how many of its buckets are
 */
export const markOfAggregate = (stale: number): number => STALE_MAX - stale

/** Mark of a raw row: whoever took the partition later wins, and a patch over what it was read from. */
export const markOfRaw = (takeover: number, isPatch = false): number =>
  2 * takeover + (isPatch ? 1 : 0)

/** Microseconds in Cassandra's eyes: 2^20 * offset + mark. @throws `STATE_CONTRADICTS` beyond 63 bits */
export function timestampOf(offset: number, mark: number): bigint {
  const timestamp = BigInt(MARKS) * BigInt(offset) + BigInt(mark)
  const fits = offset >= 0 && mark >= 0 && mark < MARKS
  if (fits && timestamp <= TIMESTAMP_MAX) return timestamp
  throw new PipelineError(
    'STATE_CONTRADICTS',
    `offset ${offset} and mark ${mark} do not fit into a write timestamp`,
    {disposition: 'stop'},
  )
}

/** The timestamp as the driver takes it. */
export function timestampBytes(offset: number, mark: number): Buffer {
  const isPlain = offset >= 0 && offset <= PLAIN_OFFSET_MAX && mark >= 0 && mark < MARKS
  if (!isPlain) return toBigintBytes(timestampOf(offset, mark))
  // Each event has one: two 32-bit halves cost a tenth of big integers.
  const high = Math.floor(offset / LOW_OFFSETS)
  const low = ((offset % LOW_OFFSETS) * MARKS + mark) >>> 0
  const bytes = Buffer.allocUnsafe(8)
  bytes.writeUInt32BE(high, 0)
  bytes.writeUInt32BE(low, 4)
  return bytes
}

/** The offset in a write timestamp. */
export const offsetOfWritetime = (written: unknown): number =>
  Number(BigInt(String(written)) >> 20n)
