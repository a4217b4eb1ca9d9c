/**
 * Asks Redis what it does when its memory is full. A server that evicts keys makes answers slower and older,
 * never wrong: what is missing is read from Cassandra, and runs begin anew.
 *
 * Does not      refuse such a server.
 */
import type {Logger} from 'pino'
import {messageOf} from '../platform/errors.ts'
import {pause, type Loop} from '../platform/lifecycle.ts'
import type {Redis} from '../platform/redis.ts'

const ASK_EVERY_MS = 60_000
const ASK_AGAIN_MS = 5000

/** What is wrong with the memory of a server that says this of itself; null: nothing, or it does not say. */
export function problemOfMemory(info: string): string | null {
  const fieldOf = (name: string): string | undefined =>
    new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1]
  const policy = fieldOf('maxmemory_policy')
  // Without a limit nothing is evicted.
  if (policy === undefined || policy === 'noeviction' || fieldOf('maxmemory') === '0') return null
  return (
    `Redis evicts keys when its memory is full (maxmemory-policy ${policy}): live values are then read from ` +
    'Cassandra, up to seconds old. Set maxmemory-policy noeviction'
  )
}

/** @param onProblem told of what is found each time */
export function createPolicyWatch(
  redis: Pick<Redis, 'send'>,
  {onProblem, log}: {readonly onProblem: (problem: string | null) => void; readonly log: Logger},
): Loop {
  let known: string | null = null
  const ask = async (): Promise<void> => {
    const problem = problemOfMemory(String(await redis.send(['INFO', 'memory'])))
    if (problem !== null && problem !== known) log.warn(problem)
    known = problem
    onProblem(problem)
  }
  return {
    name: 'redis policy',
    async run(signal) {
      while (!signal.aborted) {
        let waitMs = ASK_EVERY_MS
        try {
          await ask()
        } catch (error) {
          // Away, or asked of what it does not tell: whoever writes to it says so.
          log.debug({reason: messageOf(error)}, 'Redis does not say what it does when it is full')
          waitMs = ASK_AGAIN_MS
        }
        await pause(waitMs, signal)
      }
    },
  }
}
