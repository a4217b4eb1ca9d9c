/** Which write wins: the one of the higher offset, at equal offsets that of the higher generation. */
import {toBigintBytes} from '../platform/cassandra.ts'
import {PipelineError} from '../platform/errors.ts'

export interface Fence {
  readonly partition: number
  /** Last offset that the written values include. */
  readonly offset: number
  readonly generation: number
}

const GENERATIONS = 1n << 20n
const TIMESTAMP_MAX = (1n << 63n) - 1n

/** Microseconds in Cassandra's eyes: 2^20 * offset + generation. */
export function timestampOf(fence: Pick<Fence, 'offset' | 'generation'>): bigint {
  const {offset, generation} = fence
  const timestamp = GENERATIONS * BigInt(offset) + BigInt(generation)
  const fits = offset >= 0 && generation >= 0 && BigInt(generation) < GENERATIONS
  if (fits && timestamp <= TIMESTAMP_MAX) return timestamp
  throw new PipelineError(
    'STATE_CONTRADICTS',
    `offset ${offset} and generation ${generation} do not fit into a write timestamp`,
    {disposition: 'stop'},
  )
}

const GENERATIONS_MAX = 2 ** 20
/** Offsets up to here leave the upper half of the timestamp a plain number. */
const PLAIN_OFFSET_MAX = 2 ** 43 - 1
const LOW_OFFSETS = 2 ** 12

/** The timestamp as the driver takes it. */
export function timestampBytes(fence: Pick<Fence, 'offset' | 'generation'>): Buffer {
  const {offset, generation} = fence
  const isPlain =
    offset >= 0 && offset <= PLAIN_OFFSET_MAX && generation >= 0 && generation < GENERATIONS_MAX
  if (!isPlain) return toBigintBytes(timestampOf(fence))
  // Each event has one: two 32-bit halves cost a tenth of big integers.
  const high = Math.floor(offset / LOW_OFFSETS)
  const low = ((offset % LOW_OFFSETS) * GENERATIONS_MAX + generation) >>> 0
  const bytes = Buffer.allocUnsafe(8)
  bytes.writeUInt32BE(high, 0)
  bytes.writeUInt32BE(low, 4)
  return bytes
}
