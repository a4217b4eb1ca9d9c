/**
 * What a receiver's answer means, and what becomes of the message then. Pure.
 *
 * Guarantees    INV-157: a message is sent, waits, or is a dead letter with the reason; what a receiver that is away
 *               makes wait keeps its order.
 */
import {retryAfterMs} from '../../platform/retry-after.ts'
import {retryDelayMs, type RetryOptions} from '../../platform/retry.ts'

export type Outcome =
  | {readonly kind: 'sent'}
  /** The receiver cannot now: everything of its channel waits. */
  | {readonly kind: 'away'; readonly reason: string; readonly waitMs?: number}
  /** It does not take this message. */
  | {readonly kind: 'refused'; readonly reason: string}
  /** It does not want any. */
  | {readonly kind: 'gone'; readonly reason: string}

export type NextStep =
  | {readonly kind: 'sent'}
  | {readonly kind: 'wait'; readonly ms: number; readonly reason: string}
  | {readonly kind: 'dead'; readonly reason: string}

/** Statuses below 500 that say: come again. */
const LATER = new Set([408, 425, 429])
const GONE = 410
/** A message that is refused holds up those behind it only for so many attempts. */
const REFUSED_MAX = 5

/** @param retryAfter the header of that name */
export function outcomeOf(status: number, retryAfter: string | null, now: number): Outcome {
  if (status >= 200 && status < 300) return {kind: 'sent'}
  const reason = `it answers ${status}`
  if (status === GONE) return {kind: 'gone', reason}
  if (status < 500 && !LATER.has(status)) return {kind: 'refused', reason}
  const waitMs = retryAfterMs(retryAfter, now)
  return {kind: 'away', reason, ...(waitMs === null ? {} : {waitMs})}
}

export interface Attempt {
  /** This one included. */
  readonly attempts: number
  readonly queuedMs: number
  /** How often in a row the channel was away, this one included. */
  readonly failures: number
}

export interface PatienceOptions extends Pick<
  RetryOptions,
  'firstDelayMs' | 'maxDelayMs' | 'random'
> {
  /** So long after it was queued a message is given up. */
  readonly giveUpMs: number
}

export function nextStep(
  outcome: Outcome,
  {attempts, queuedMs, failures}: Attempt,
  options: PatienceOptions,
): NextStep {
  if (outcome.kind === 'sent') return outcome
  const {reason} = outcome
  if (outcome.kind === 'gone') return {kind: 'dead', reason}
  if (queuedMs >= options.giveUpMs) {
    return {kind: 'dead', reason: `${reason}; given up after ${Math.round(queuedMs / 1000)} s`}
  }
  if (outcome.kind === 'refused' && attempts >= REFUSED_MAX) return {kind: 'dead', reason}
  const asked = outcome.kind === 'away' ? outcome.waitMs : undefined
  return {kind: 'wait', ms: asked ?? retryDelayMs(failures, options), reason}
}
