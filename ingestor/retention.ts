/** Empties outbox slots that are fully published. A slot is emptied as a whole, never row by row. */
import {pause, type Loop} from '../platform/lifecycle.ts'
import type {Logger} from '../platform/log.ts'
import {messageOf} from '../platform/errors.ts'
import type {Pool} from '../platform/postgres.ts'
import type {RelayMetrics} from './metrics.ts'

/** At READ COMMITTED, whatever the default of the database: an older snapshot would not see late rows. */
export async function rotate(pool: Pool): Promise<string> {
  const client = await pool.connect()
  let broken = true
  try {
    await client.query('BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE')
    const {rows} = await client.query<{outcome: string}>('SELECT cdc.rotate() AS outcome')
    await client.query('COMMIT')
    broken = false
    return rows[0]!.outcome
  } finally {
    // One that failed is in a transaction still.
    client.release(broken)
  }
}

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
          const outcome = await rotate(deps.pool)
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
