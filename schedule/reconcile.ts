/**
 * The nightly comparison of all numbers with SQL, by the command that people run (npm run reconcile), in a process of
 * its own: it takes long, and what it found is in cdc.reconciliations, health and metrics all the same.
 */
import type {EnvReader} from '../platform/config.ts'
import {job, type JobContext, type JobResult} from './job.ts'

export const readReconcileSettings = (read: EnvReader) => ({
  isOn: read.flag('WORKER_RECONCILE', true),
  /** Of a role that may read every captured table, where the worker's own may not. */
  databaseUrl: read.secret('WORKER_RECONCILE_DATABASE_URL'),
})
type ReconcileSettings = ReturnType<typeof readReconcileSettings>

export const reconcile = job({
  name: 'reconcile',
  what: 'Compares all numbers with SQL over PostgreSQL.',
  cron: '15 3 * * *',
  retries: 2,
  backOffS: {first: 300, max: 1200},
  timeLimitS: 14_400,
  settings: readReconcileSettings,
  off: ({isOn}) => (isOn ? null : 'WORKER_RECONCILE is false'),
  run: runReconcile,
})

/** Beside what a person may be doing, whose progress is kept under the usual name. */
const PROGRESS = '.stack/reconcile-nightly.json'
const MESSAGE_MAX = 500

interface Compared {
  readonly streams: readonly {
    readonly stream: string
    readonly keys: number
    readonly differences: number
    readonly undecided: number
  }[]
}

async function runReconcile({
  settings: {databaseUrl},
  signal,
  command,
}: JobContext<ReconcileSettings>): Promise<JobResult> {
  const env =
    databaseUrl === undefined
      ? {}
      : {DATABASE_URL: databaseUrl, DATABASE_PASSWORD: '', DATABASE_PASSWORD_FILE: ''}
  const args = ['scripts/reconcile.ts', '--json', '--progress', PROGRESS]
  const {status, stdout, stderr} = await command(args, {env, signal})
  signal.throwIfAborted()
  // 1: something differs, which is an answer, too; 2: it could not be told.
  if (status !== 0 && status !== 1) {
    const said = stderr.trim().slice(-MESSAGE_MAX)
    throw new Error(
      `reconcile ended with ${status ?? 'a signal'}: ${said === '' ? 'values were undecided' : said}`,
    )
  }
  return resultOf(JSON.parse(stdout) as Compared)
}

function resultOf({streams}: Compared): JobResult {
  const sum = (of: 'keys' | 'differences' | 'undecided'): number =>
    streams.reduce((total, one) => total + one[of], 0)
  const differing = streams.filter(({differences}) => differences > 0).map(({stream}) => stream)
  return {
    streams: streams.length,
    keys: sum('keys'),
    differences: sum('differences'),
    undecided: sum('undecided'),
    ...(differing.length === 0 ? {} : {differing}),
  }
}
