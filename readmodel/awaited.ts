/** Tells the owner of a partition, through Redis, that a reader waits for Cassandra. */
import type {Redis} from '../platform/redis.ts'
import {awaitedKey} from './redis-keys.ts'

/** How long a mark stands; the owner looks at it whenever it writes to Redis. */
const MARK_MS = 1000

export interface AwaitedPartition {
  /** What the keyspace calls itself in Redis. */
  readonly space: string
  readonly stream: string
  readonly partition: number
}

/** Resolves when the mark is there. */
export async function markAwaited(
  redis: Redis,
  {space, stream, partition}: AwaitedPartition,
): Promise<void> {
  await redis.send(['SET', awaitedKey(space, stream, partition), '1', 'PX', String(MARK_MS)])
}
