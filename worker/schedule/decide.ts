/** What is due, what follows a success, how a try ended: decided from what is known. Pure. */
import type {NextTimes} from '../../platform/jobs.ts'

export interface Timed {
  readonly cron: string
  readonly zone: string
  /** Null: not found yet. */
  readonly nextAt: Date | null
}

export interface Due {
  /** For which a run is made; null: none is due. */
  readonly tick: Date | null
  readonly nextAt: Date | null
}

/** Times that are looked at together: few, since finding those of a date that is seldom takes long. */
const TIMES_AT_ONCE = 50
const NEAR_MS = [3_600_000, 2 * 86_400_000] as const

/**
 * Of times that passed while nobody looked the last one is made up for, however many they were. A job whose next time
 * is not known begins now: it was paused, is new, or was declared anew.
 */
export function findDue({cron, zone, nextAt}: Timed, now: Date, nextTimes: NextTimes): Due {
  const after = (from: Date): Date | null => nextTimes(cron, zone, from, 1)[0] ?? null
  if (nextAt === null) return {tick: null, nextAt: after(now)}
  if (nextAt > now) return {tick: null, nextAt}
  let tick = beginNear(nextAt, now, after)
  for (;;) {
    const times = nextTimes(cron, zone, tick, TIMES_AT_ONCE)
    const passed = times.filter(time => time <= now)
    tick = passed.at(-1) ?? tick
    if (passed.length < TIMES_AT_ONCE) return {tick, nextAt: after(tick)}
  }
}

/** After a long time that nobody looked: a time near now, so that not each of thousands is gone through. */
function beginNear(nextAt: Date, now: Date, after: (from: Date) => Date | null): Date {
  for (const backMs of NEAR_MS) {
    const from = new Date(now.getTime() - backMs)
    const near = from > nextAt ? after(from) : null
    if (near !== null && near <= now) return near
  }
  return nextAt
}

export interface Follower {
  readonly name: string
  readonly after: readonly string[]
  readonly off: string | null
  readonly isPaused: boolean
}

/**
 * The jobs whose turn it is now that others have succeeded.
 *
 * @param succeeded jobs of which a run of the same tick has
 */
export const followersDue = (
  followers: readonly Follower[],
  succeeded: ReadonlySet<string>,
): readonly string[] =>
  followers
    .filter(({off, isPaused}) => off === null && !isPaused)
    .filter(({after}) => after.every(name => succeeded.has(name)))
    .map(({name}) => name)

/** Of a worker that was killed, lost its machine, or the database for too long. */
export const LOST = 'the worker ended without an answer'

/** Where a run stands after a try that failed. */
export const stateAfter = (attempt: number, retries: number): 'retrying' | 'failed' =>
  attempt > retries ? 'failed' : 'retrying'

/** Why a try ended, in words for its history. */
export function reasonOf(
  message: string,
  ended: {
    readonly byTime: boolean
    readonly byStop: boolean
    readonly byClaim: boolean
    readonly timeLimitS: number
  },
): string {
  if (ended.byTime) return `took longer than ${ended.timeLimitS} s`
  if (ended.byStop) return 'the worker was stopped'
  if (ended.byClaim) return 'another worker has taken the run'
  return message === '' ? 'failed without a word' : message
}
