/**
 * Looks after the capture: at start and every minute what changed while no event trigger looked is followed
 * (`cdc.follow()`), and what is wrong with captured tables is counted (`cdc.check()`).
 *
 * Does not      mend what an operator has to decide: health and metrics say it until it is done.
 */
import {messageOf} from '../platform/errors.ts'
import {pause, type Loop} from '../platform/lifecycle.ts'
import type {Logger} from '../platform/log.ts'
import type {Pool} from '../platform/postgres.ts'
import type {RelayMetrics} from './metrics.ts'

export interface CaptureKeeperDeps {
  readonly pool: Pool
  readonly metrics: Pick<RelayMetrics, 'captureFollowed' | 'captureProblems'>
  readonly log: Logger
}

/** One look. @returns what is wrong, a sentence each */
export async function keepCapture({
  pool,
  metrics,
  log,
}: CaptureKeeperDeps): Promise<readonly string[]> {
  const followed = await pool.query<{source: string; done: string}>(
    'SELECT source, done FROM cdc.follow()',
  )
  for (const {source, done} of followed.rows) {
    metrics.captureFollowed.inc()
    log.warn({table: source, done}, 'capture put right: what changed before it may be missing')
  }
  const {rows} = await pool.query<{source: string; problem: string}>(
    'SELECT source::text, problem FROM cdc.check()',
  )
  metrics.captureProblems.set(rows.length)
  return rows.map(({source, problem}) => `${source}: ${problem}`)
}

export function createCaptureKeeper(
  deps: CaptureKeeperDeps,
  options: {readonly captureEveryMs: number},
): Loop {
  return {
    name: 'capture',
    async run(signal) {
      let said = ''
      while (!signal.aborted) {
        try {
          const problems = await keepCapture(deps)
          const text = problems.join('; ')
          if (text !== said && text !== '') deps.log.error({problems}, 'tables are not captured')
          said = text
        } catch (error) {
          deps.log.warn({message: messageOf(error)}, 'capture not looked at, tried again later')
        }
        await pause(options.captureEveryMs, signal)
      }
    },
  }
}
