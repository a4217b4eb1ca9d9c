/** Tells the owner of a partition, through Redis, that a reader waits for Cassandra. */
import type {Redis} from '../platform/redis.ts'
import {awaitedKey} from './redis-keys.ts'

/** How long a mark stands; the owner looks at it whenever it writes to Redis. */
const MARK_MS = 1000

/** Resolves when the mark is there. */
export async function markAwaited(redis: Redis, stream: string, partition: number): Promise<void> {
  await redis.send(['SET', awaitedKey(stream, partition), '1', 'PX', String(MARK_MS)])
}
