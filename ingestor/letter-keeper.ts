/**
 * Looks after dead letters that nobody looks at: tries those again whose cause has passed, and deletes
 * resolved ones when they are old.
 *
 * Guarantees    a letter is tried a bounded number of times (`cdc.next_try`), and only when its topic is
 *               there: while it is not, a try costs nothing but its place in the count.
 * Does not      decide which causes pass, or touch an open letter otherwise.
 */
import {messageOf} from '../platform/errors.ts'
import {pause, type Loop} from '../platform/lifecycle.ts'
import type {Logger} from '../platform/log.ts'
import type {Pool} from '../platform/postgres.ts'
import type {RouteTable} from './routes.ts'

/** Letters of one look; more wait for the next. */
const TRIES_MAX = 100
/** Deleted by one statement. */
const FORGET_MAX = 10_000

export interface LetterKeeperDeps {
  readonly pool: Pool
  readonly routes: Pick<RouteTable, 'find'>
  readonly log: Logger
}

interface Due {
  readonly id: string
  readonly topic: string
}

/** Tries letters that are due, each by itself. @returns how many went through the outbox again */
export async function retryLetters({pool, routes, log}: LetterKeeperDeps): Promise<number> {
  const {rowCount} = await pool.query(
    'SELECT FROM cdc.dead_letters WHERE resolved_at IS NULL AND next_try_at <= clock_timestamp() LIMIT 1',
  )
  if (rowCount === 0) return 0
  // First: while Kafka is away no attempt is spent.
  const known = await routes.find(true)
  const {rows} = await pool.query<Due>('SELECT id::text, topic FROM cdc.dead_letters_due($1)', [
    TRIES_MAX,
  ])
  let done = 0
  for (const {id, topic} of rows) {
    if (known.get(topic)?.partitions === undefined) continue
    try {
      await pool.query('SELECT cdc.dead_letter_redrive($1)', [id])
      done++
    } catch (error) {
      // Another letter of its row took it along, or its row is locked: the next try sees.
      log.warn({letter: id, topic, message: messageOf(error)}, 'dead letter not re-driven')
    }
  }
  return done
}

/** @returns how many were deleted */
export async function forgetLetters(pool: Pool, keepDays: number): Promise<number> {
  let forgotten = 0
  for (;;) {
    const {rows} = await pool.query<{n: string}>('SELECT cdc.forget_dead_letters($1, $2) AS n', [
      keepDays,
      FORGET_MAX,
    ])
    const some = Number(rows[0]!.n)
    forgotten += some
    if (some < FORGET_MAX) return forgotten
  }
}

export function createLetterKeeper(
  deps: LetterKeeperDeps,
  options: {readonly lettersEveryMs: number; readonly lettersKeepDays: number},
): Loop {
  const {pool, log} = deps
  return {
    name: 'dead letters',
    async run(signal) {
      while (!signal.aborted) {
        await pause(options.lettersEveryMs, signal)
        if (signal.aborted) return
        try {
          const retried = await retryLetters(deps)
          if (retried > 0)
            log.info({letters: retried}, 'dead letters re-driven: their cause passed')
          const forgotten = await forgetLetters(pool, options.lettersKeepDays)
          if (forgotten > 0) log.info({letters: forgotten}, 'resolved dead letters deleted')
        } catch (error) {
          log.warn({message: messageOf(error)}, 'dead letters not looked after, tried again later')
        }
      }
    },
  }
}
