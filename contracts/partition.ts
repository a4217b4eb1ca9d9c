/**
 * Which partition a record goes to: Kafka's default, murmur2 of the key's UTF-8 bytes, so that
 * consumers in any language find a key where they expect it.
 */

const SEED = 0x9747b28c | 0
const M = 0x5bd1e995

/** murmur2 of the bytes as Java's `org.apache.kafka.common.utils.Utils.murmur2`, a signed int32. */
export function murmur2(bytes: Uint8Array): number {
  const length = bytes.length
  let h = SEED ^ length
  const end = length & ~3
  for (let i = 0; i < end; i += 4) {
    let k = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)
    k = Math.imul(k, M)
    k ^= k >>> 24
    h = Math.imul(h, M) ^ Math.imul(k, M)
  }
  const rest = length & 3
  if (rest === 3) h ^= bytes[end + 2]! << 16
  if (rest >= 2) h ^= bytes[end + 1]! << 8
  if (rest >= 1) h = Math.imul(h ^ bytes[end]!, M)
  h ^= h >>> 13
  h = Math.imul(h, M)
  return h ^ (h >>> 15)
}

const encoder = new TextEncoder()

/**
 * The partition of a record.
 *
 * @param key the Kafka key, or null; then `fallback` (the event's own id as text) decides, so that
 *   the changes of one row stay in one partition
 */
export function partitionFor(key: string | null, fallback: string, partitions: number): number {
  return (murmur2(encoder.encode(key ?? fallback)) & 0x7fffffff) % partitions
}
