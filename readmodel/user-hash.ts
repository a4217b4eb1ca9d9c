/**
 * A 64-bit hash of a user's id as two unsigned 32-bit halves, for counting distinct users.
 *
 * Two independent murmur3-like rounds over the UTF-16 code units: stable across processes and
 * releases, since sketches are stored.
 */

export interface UserHash {
  readonly low: number
  readonly high: number
}

function mix(text: string, seed: number): number {
  let h = seed
  for (let i = 0; i < text.length; i++) {
    let k = Math.imul(text.charCodeAt(i) + 0x9e3779b1, 0xcc9e2d51)
    k = (k << 15) | (k >>> 17)
    h ^= Math.imul(k, 0x1b873593)
    h = (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0
  }
  h ^= text.length
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

const SEED_LOW = 0x3c6ef372
const SEED_HIGH = 0x510e527f

/** Events of one user come close together, and every event is hashed for several rows. */
let lastId = ''
let lastHash: UserHash = {low: 0, high: 0}

export function hashUser(id: string): UserHash {
  if (id === lastId) return lastHash
  lastHash = {low: mix(id, SEED_LOW), high: mix(id, SEED_HIGH)}
  lastId = id
  return lastHash
}
