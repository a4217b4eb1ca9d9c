/**
 * What becomes of one row of a rule: opened, resolved, held for a while, or left as it is. Pure.
 *
 * Guarantees    INV-153: it opens only after it was met at every moment that it was judged for as long as the rule
 *               says, and resolves likewise; what cannot be judged changes nothing.
 */

export interface RowState {
  readonly isOpen: boolean
  /** Since when its condition is other than what is open, milliseconds since 1970; null: it is not. */
  readonly since: number | null
}

export interface HoldTimes {
  readonly openAfterMs: number
  readonly resolveAfterMs: number
}

export type Decision =
  | {readonly kind: 'nothing'}
  | {readonly kind: 'open'}
  | {readonly kind: 'resolve'}
  | {readonly kind: 'hold'; readonly since: number}
  /** It is as before again: what was held is over. */
  | {readonly kind: 'forget'}

export const CLOSED: RowState = {isOpen: false, since: null}

const NOTHING: Decision = {kind: 'nothing'}

/** @param isMet undefined: not judged */
export function decide(
  {openAfterMs, resolveAfterMs}: HoldTimes,
  {isOpen, since}: RowState,
  {isMet, now}: {readonly isMet: boolean | undefined; readonly now: number},
): Decision {
  if (isMet === undefined) return NOTHING
  if (isMet === isOpen) return since === null ? NOTHING : {kind: 'forget'}
  const begun = since ?? now
  if (now - begun >= (isMet ? openAfterMs : resolveAfterMs)) {
    return {kind: isMet ? 'open' : 'resolve'}
  }
  return since === null ? {kind: 'hold', since: now} : NOTHING
}

/** The state after a decision. */
export function stateAfter(state: RowState, decision: Decision): RowState {
  switch (decision.kind) {
    case 'nothing':
      return state
    case 'open':
      return {isOpen: true, since: null}
    case 'resolve':
      return CLOSED
    case 'hold':
      return {...state, since: decision.since}
    case 'forget':
      return {...state, since: null}
    default:
      return decision satisfies never
  }
}

const SECOND_MS = 1000
const SLOWEST_MS = 60_000

/** How often a rule is evaluated: sixty times in its window, four times while something is held. */
export function everyMsOf(windowMinutes: number, {openAfterMs, resolveAfterMs}: HoldTimes): number {
  const holds = [openAfterMs, resolveAfterMs].filter(ms => ms > 0)
  const wanted = Math.min(windowMinutes * SECOND_MS, ...holds.map(ms => ms / 4))
  return Math.min(SLOWEST_MS, Math.max(SECOND_MS, wanted))
}

/** Evaluating takes half of the time at most: a question that is slow to answer is asked less often. */
export const nextDueMs = (startedAt: number, endedAt: number, everyMs: number): number =>
  Math.max(startedAt + everyMs, endedAt + (endedAt - startedAt))
