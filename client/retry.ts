/** Whether and when to ask again: pure decisions, and the waiting. */

export interface RetryLimits {
  /** Requests in all, the first one included; 1 never asks again. */
  readonly attempts: number
  /** None begins later than this after the first one, in milliseconds. */
  readonly withinMs: number
}

export const RETRY_LIMITS: RetryLimits = {attempts: 4, withinMs: 30_000}

/** How a request ended. */
export type Outcome =
  | {
      readonly kind: 'answered'
      readonly status: number
      /** The header of that name. */
      readonly retryAfter: string | null
    }
  /** Nobody knows whether it had an effect. */
  | {readonly kind: 'failed'}

/** What came before. */
export interface Tried {
  readonly attempts: number
  readonly elapsedMs: number
}

/** What a decision cannot know by itself. */
export interface Chance {
  /** Milliseconds since 1970. */
  readonly now: number
  /** From 0 up to 1. */
  readonly random: number
}

export const drawChance = (): Chance => ({now: Date.now(), random: Math.random()})

const BACK_OFF_MS = 200
const BACK_OFF_MS_MAX = 10_000
const SPREAD_MS_MIN = 100
/** Timers take no more, and fire at once instead. */
export const TIMER_MS_MAX = 2 ** 31 - 1

/** Questions, whatever their method. */
const QUESTIONS: ReadonlySet<string> = new Set(['POST /v1/query'])

/** Whether a second request of the same kind does no more than one. */
export const isRepeatable = (operation: string, headers: Headers): boolean =>
  operation.startsWith('GET ') || QUESTIONS.has(operation) || headers.has('idempotency-key')

/** The header `Retry-After`, seconds or a date, in milliseconds from now. */
export function parseRetryAfter(text: string | null, now: number): number | undefined {
  if (text === null) return undefined
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000
  const at = /^[A-Z][a-z]{2},/.test(text) ? Date.parse(text) : NaN
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}

/** Never earlier than asked for, and not all at the same moment. */
export const spreadMs = (ms: number, random: number): number =>
  ms + random * Math.max(SPREAD_MS_MIN, ms / 5)

/** @param attempts made so far */
export const backOffMs = (attempts: number, random: number): number =>
  Math.min(BACK_OFF_MS_MAX, BACK_OFF_MS * 2 ** (attempts - 1)) * (0.5 + random / 2)

function delayOf(
  outcome: Outcome,
  {attempts, repeatable}: Tried & {readonly repeatable: boolean},
  {now, random}: Chance,
): number | undefined {
  if (outcome.kind === 'failed') return repeatable ? backOffMs(attempts, random) : undefined
  // What is over a limit was not begun, but a store can go away in the middle of a write.
  const isPassing = outcome.status === 429 || (outcome.status === 503 && repeatable)
  const told = isPassing ? parseRetryAfter(outcome.retryAfter, now) : undefined
  return told === undefined ? undefined : spreadMs(told, random)
}

/**
 * How long to wait before the request is sent again.
 *
 * @returns undefined when this outcome is the one that counts
 */
export function nextTryMs(
  outcome: Outcome,
  tried: Tried & {readonly repeatable: boolean},
  limits: RetryLimits,
  chance: Chance,
): number | undefined {
  if (tried.attempts >= limits.attempts) return undefined
  const ms = delayOf(outcome, tried, chance)
  return ms === undefined || tried.elapsedMs + ms > limits.withinMs ? undefined : ms
}

/**
 * How long to wait before an event that is not in the numbers is asked for again.
 *
 * @returns undefined when the time is up
 */
export function nextLookMs(
  retryAfter: string | null,
  {attempts, elapsedMs}: Tried,
  withinMs: number,
  {now, random}: Chance,
): number | undefined {
  const told = parseRetryAfter(retryAfter, now)
  const ms = told === undefined ? backOffMs(attempts, random) : spreadMs(told, random)
  return elapsedMs + ms > withinMs ? undefined : ms
}

/** Waits; rejects with the signal's reason when it fires. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted()
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer)
      reject(signal?.reason as Error)
    }
    const timer = setTimeout(
      () => {
        signal?.removeEventListener('abort', stop)
        resolve()
      },
      Math.min(ms, TIMER_MS_MAX),
    )
    signal?.addEventListener('abort', stop, {once: true})
  })
}
