/**
 * What is written down about runs, comparisons, backfills and asynchronous writes is forgotten after a while.
 *
 * Does not      touch what others look after: slots of the outbox and dead letters (relays), answers to repeated
 *               requests (the API), single events (processors, `keepDays`), entries of the queue (pg-boss).
 */
import type {EnvReader} from '../platform/config.ts'
import type {Pool} from '../platform/postgres.ts'
import {job} from './job.ts'

export const readRetentionSettings = (read: EnvReader) => ({
  runsDays: read.int('WORKER_RUNS_KEEP_DAYS', 30, {min: 1, max: 3650}),
  recordsDays: read.int('WORKER_RECORDS_KEEP_DAYS', 90, {min: 1, max: 3650}),
})

/** Rows of each kind that one statement deletes. */
const AT_ONCE = 1000

export const retention = job({
  name: 'retention',
  what: 'Forgets runs, comparisons, ended backfills and answered requests of long ago.',
  cron: '30 2 * * *',
  retries: 3,
  backOffS: {first: 30, max: 600},
  timeLimitS: 900,
  settings: readRetentionSettings,
  run: async ({settings, pool, signal}) => await forget(pool, settings, signal),
})

async function forget(
  pool: Pool,
  {runsDays, recordsDays}: ReturnType<typeof readRetentionSettings>,
  signal: AbortSignal,
): Promise<Readonly<Record<string, number>>> {
  const total: Record<string, number> = {}
  for (;;) {
    signal.throwIfAborted()
    const {rows} = await pool.query<{what: string; forgotten: string}>(
      'SELECT what, forgotten FROM cdc.forget_history($1, $2, $3)',
      [runsDays, recordsDays, AT_ONCE],
    )
    for (const {what, forgotten} of rows) total[what] = (total[what] ?? 0) + Number(forgotten)
    if (rows.every(({forgotten}) => Number(forgotten) < AT_ONCE)) return total
  }
}
