/** Leases as readers see them: standing, and of the server that answers. */
import type {Redis, RedisCommand} from '../platform/redis.ts'
import {readRunId} from './live-store.ts'
import {readyKey} from './redis-keys.ts'

export interface Lease {
  readonly generation: number
  /** Everything of the partition up to this offset is in Redis. */
  readonly offset: number
}

export interface StandingLease extends Lease {
  /** How long the lease still stands, milliseconds: it is renewed about every third of its time. */
  readonly leftMs: number
}

export interface LeaseReader {
  /** By partition; null where no lease stands. */
  all(): Promise<readonly (StandingLease | null)[]>
  /** Of some partitions; undefined where no lease stands. */
  of(partitions: Iterable<number>): Promise<ReadonlyMap<number, Lease>>
}

export function createLeaseReader(redis: Redis, stream: string, partitions: number): LeaseReader {
  let runId = ''
  let connection = -1
  const everyPartition = Array.from({length: partitions}, (_, partition) => partition)

  const knowServer = async (): Promise<void> => {
    if (connection === redis.connection && runId !== '') return
    const asked = redis.connection
    runId = await readRunId(redis)
    connection = asked
  }
  const readCommand = (partition: number): RedisCommand => [
    'HMGET',
    readyKey(stream, partition),
    'run_id',
    'generation',
    'offset',
  ]
  const toLease = (reply: unknown): Lease | null => {
    const [leaseRunId, generation, offset] = reply as ReadonlyArray<string | null>
    if (leaseRunId !== runId) return null
    return {generation: Number(generation), offset: Number(offset)}
  }

  return {
    async all() {
      await knowServer()
      const commands = everyPartition.flatMap(partition => [
        readCommand(partition),
        ['PTTL', readyKey(stream, partition)],
      ])
      const replies = await redis.pipeline(commands)
      return everyPartition.map(partition => {
        const lease = toLease(replies[2 * partition])
        const leftMs = Number(replies[2 * partition + 1])
        return lease === null || leftMs <= 0 ? null : {...lease, leftMs}
      })
    },
    async of(wanted) {
      await knowServer()
      const list = [...new Set(wanted)]
      const replies = await redis.pipeline(list.map(readCommand))
      const standing = new Map<number, Lease>()
      for (const [i, partition] of list.entries()) {
        const lease = toLease(replies[i])
        if (lease !== null) standing.set(partition, lease)
      }
      return standing
    },
  }
}
