/**
 * A 64-bit hash of a text as two unsigned 32-bit halves, for counting distinct values.
 *
 * Two independent murmur3-like rounds over the UTF-16 code units: stable across processes and
 * releases, since sketches are stored.
 */

export interface TextHash {
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

/** Events of one value come close together, and every event is hashed for several rows. */
let lastText = ''
let lastHash: TextHash = {low: 0, high: 0}

export function hashText(text: string): TextHash {
  if (text === lastText) return lastHash
  lastHash = {low: mix(text, SEED_LOW), high: mix(text, SEED_HIGH)}
  lastText = text
  return lastHash
}
