/**
 * Looks after the capture: at start and every minute what changed while no event trigger looked is followed
 * (`cdc.follow()`), and what is wrong with captured tables, or other than declared, is counted (`cdc.check()`).
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
  readonly metrics: Pick<RelayMetrics, 'captureFollowed' | 'captureProblems' | 'changedColumns'>
  readonly log: Logger
}

interface Problem {
  readonly source: string
  readonly problem: string
  readonly code: string
  readonly todo: string | null
}

/** What one look found, a sentence each. */
export interface CaptureState {
  /** Changes may be missing. */
  readonly problems: readonly string[]
  /** Columns that are not as declared. */
  readonly columns: readonly string[]
}

const sentenceOf = ({source, problem, todo}: Problem): string =>
  `${source}: ${problem}${todo === null ? '' : `: ${todo}`}`

/** One look. */
export async function keepCapture({pool, metrics, log}: CaptureKeeperDeps): Promise<CaptureState> {
  const followed = await pool.query<{source: string; done: string}>(
    'SELECT source, done FROM cdc.follow()',
  )
  for (const {source, done} of followed.rows) {
    metrics.captureFollowed.inc()
    log.warn({table: source, done}, 'capture put right: what changed before it may be missing')
  }
  const {rows} = await pool.query<Problem>(
    'SELECT source::text, problem, code, todo FROM cdc.check()',
  )
  const broken = rows.filter(({code}) => code === 'capture-broken')
  const changed = rows.filter(one => !broken.includes(one))
  metrics.captureProblems.set(broken.length)
  metrics.changedColumns.set(changed.length)
  return {problems: broken.map(sentenceOf), columns: changed.map(sentenceOf)}
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
          const {problems, columns} = await keepCapture(deps)
          const text = [...problems, ...columns].join('; ')
          if (text !== said && problems.length > 0)
            deps.log.error({problems}, 'tables are not captured')
          if (text !== said && columns.length > 0)
            deps.log.warn({columns}, 'columns are not as declared')
          said = text
        } catch (error) {
          deps.log.warn({message: messageOf(error)}, 'capture not looked at, tried again later')
        }
        await pause(options.captureEveryMs, signal)
      }
    },
  }
}
