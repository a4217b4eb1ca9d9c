/** Empties outbox slots that are fully published. A slot is emptied as a whole, never row by row. */
import {pause, type Loop} from '../platform/lifecycle.ts'
import type {Logger} from '../platform/log.ts'
import {messageOf} from '../platform/errors.ts'
import type {Pool} from '../platform/postgres.ts'
import type {RelayMetrics} from './metrics.ts'

export function createRetention(
  deps: {readonly pool: Pool; readonly metrics: RelayMetrics; readonly log: Logger},
  options: {readonly rotateEveryMs: number},
): Loop {
  return {
    name: 'retention',
    async run(signal) {
      while (!signal.aborted) {
        await pause(options.rotateEveryMs, signal)
        if (signal.aborted) return
        try {
          const {rows} = await deps.pool.query<{outcome: string}>('SELECT cdc.rotate() AS outcome')
          const outcome = rows[0]?.outcome ?? 'none'
          deps.metrics.rotations.inc({outcome})
          if (outcome === 'truncated') deps.log.info('outbox slot emptied')
        } catch (error) {
          deps.metrics.rotations.inc({outcome: 'failed'})
          deps.log.warn({message: messageOf(error)}, 'outbox slot not emptied, tried again later')
        }
      }
    },
  }
}
