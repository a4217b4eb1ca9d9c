/** What an answer of the other system means for what it was sent. Pure. */
import type {GuardedResponse} from '../../platform/guarded-fetch.ts'

/**
 * `refused`: what was sent will never be taken. `again`: it may be later; what is wrong concerns the system, its
 * address or our credentials.
 */
export type Outcome =
  | {readonly kind: 'taken'}
  | {readonly kind: 'refused'; readonly why: string}
  /** `afterMs`: it asks not to be called before; null: it does not say. */
  | {readonly kind: 'again'; readonly why: string; readonly afterMs: number | null}

/** Of a client's error, those that say nothing of what was sent: credentials, time, number of requests. */
const AGAIN: ReadonlySet<number> = new Set([401, 407, 408, 425, 429])
/** Nobody is believed who wants to be left alone for longer. */
const AFTER_MAX_MS = 3_600_000
const TEXT_MAX = 200

export function outcomeOf(response: GuardedResponse, nowMs: number): Outcome {
  const {status, ok, text} = response
  if (ok) return {kind: 'taken'}
  const moved = status >= 300 && status < 400 ? ` to ${response.header('location') ?? '?'}` : ''
  const said = moved === '' && text !== '' ? `: ${text.slice(0, TEXT_MAX)}` : moved
  const why = `HTTP ${status}${said}`
  if (status >= 400 && status < 500 && !AGAIN.has(status)) return {kind: 'refused', why}
  return {kind: 'again', why, afterMs: afterMsOf(response.header('retry-after'), nowMs)}
}

/** Of `Retry-After`: seconds, or a date. Null when it is neither. */
export function afterMsOf(header: string | null, nowMs: number): number | null {
  if (header === null) return null
  const text = header.trim()
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs
  return Number.isNaN(ms) ? null : Math.min(AFTER_MAX_MS, Math.max(0, ms))
}
