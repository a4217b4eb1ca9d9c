/**
 * Says when the other system may be asked: one for all partitions, since it is one system.
 *
 * Guarantees    INV-163: while it is open one request at a time tries; nobody asks before the time that an answer
 *               named; refusals in a row beyond a bound are no refusals of events any more.
 */
import {pause} from '../../platform/lifecycle.ts'
import {retryDelayMs} from '../../platform/retry.ts'

export interface BreakerOptions {
  /** Requests that may fail in a row, all partitions together, before it opens. */
  readonly failuresMax: number
  /** Single events that may be refused in a row: beyond that everything would be. */
  readonly refusalsMax: number
  readonly firstDelayMs: number
  readonly maxDelayMs: number
}

export interface Breaker {
  /** Resolves when a request may go, or the signal fired. Whoever entered says how it ended. */
  enter(signal: AbortSignal): Promise<void>
  taken(): void
  /** A single event was refused. @returns false: so was all else lately, and the request counts as `failed` */
  refused(): boolean
  /** @param afterMs not to be asked again before; null: nothing was said */
  failed(afterMs: number | null): void
  /** The request was given up, or says nothing of the system. */
  left(): void
  readonly isOpen: boolean
}

export function createBreaker(
  {failuresMax, refusalsMax, ...delays}: BreakerOptions,
  {now, random = Math.random}: {readonly now: () => number; readonly random?: () => number},
): Breaker {
  let failures = 0
  let refusals = 0
  let untilMs = 0
  let isTrying = false
  let bell = new AbortController()
  const ring = (): void => {
    isTrying = false
    bell.abort()
    bell = new AbortController()
  }
  const isOpen = (): boolean => failures >= failuresMax

  /** Milliseconds until it is worth looking again; 0: go. */
  const waitMs = (): number => {
    const left = untilMs - now()
    if (left > 0) return left
    return isOpen() && isTrying ? delays.maxDelayMs : 0
  }

  return {
    async enter(signal) {
      for (let ms = waitMs(); ms > 0 && !signal.aborted; ms = waitMs()) {
        await pause(ms, AbortSignal.any([signal, bell.signal]))
      }
      if (isOpen() && !signal.aborted) isTrying = true
    },
    taken() {
      failures = 0
      refusals = 0
      ring()
    },
    refused() {
      refusals += 1
      if (refusals > refusalsMax) return false
      failures = 0
      ring()
      return true
    },
    failed(afterMs) {
      failures += 1
      const beyond = failures - failuresMax + 1
      const delayMs = beyond > 0 ? retryDelayMs(beyond, {...delays, random}) : 0
      untilMs = Math.max(untilMs, now() + Math.max(delayMs, afterMs ?? 0))
      ring()
    },
    left: ring,
    get isOpen() {
      return isOpen()
    },
  }
}
