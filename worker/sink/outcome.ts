/** What an answer of the other system means for what it was sent. Pure. */
import type {GuardedResponse} from '../../platform/guarded-fetch.ts'
import {retryAfterMs} from '../../platform/retry-after.ts'

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
const TEXT_MAX = 200

export function outcomeOf(response: GuardedResponse, nowMs: number): Outcome {
  const {status, ok, text} = response
  if (ok) return {kind: 'taken'}
  const moved = status >= 300 && status < 400 ? ` to ${response.header('location') ?? '?'}` : ''
  const said = moved === '' && text !== '' ? `: ${text.slice(0, TEXT_MAX)}` : moved
  const why = `HTTP ${status}${said}`
  if (status >= 400 && status < 500 && !AGAIN.has(status)) return {kind: 'refused', why}
  return {kind: 'again', why, afterMs: retryAfterMs(response.header('retry-after'), nowMs)}
}
