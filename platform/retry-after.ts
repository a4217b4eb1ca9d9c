/** How long a server asks to be left alone. Pure. */

/** Nobody is believed who wants to be left alone for longer. */
const MAX_MS = 3_600_000

/**
 * Of `Retry-After` (RFC 9110, 10.2.3): seconds, or a date.
 *
 * @returns milliseconds, an hour at most; null when there is none, or it says neither
 */
export function retryAfterMs(header: string | null, nowMs: number): number | null {
  if (header === null) return null
  const text = header.trim()
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs
  return Number.isNaN(ms) ? null : Math.min(MAX_MS, Math.max(0, ms))
}
