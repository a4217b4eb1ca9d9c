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

/** The timestamp as the driver takes it. */
export const timestampBytes = (fence: Pick<Fence, 'offset' | 'generation'>): Buffer =>
  toBigintBytes(timestampOf(fence))
