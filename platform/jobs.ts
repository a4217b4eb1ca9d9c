/**
 * The one file that knows pg-boss: queues in PostgreSQL whose entries are tried again, and the times of cron
 * expressions. Its tables are in schema `jobs`, made by `npm run init`.
 *
 * Guarantees    An entry is held by one worker at a time; one whose worker died is given to another when its
 *               heartbeat has been missing.
 */
import {PgBoss, type ConstructorOptions, type Db} from 'pg-boss'
import {messageOf, PipelineError} from './errors.ts'
import type {Logger} from './log.ts'
import {classifyPostgresError, createPool, WRITER_SETTINGS} from './postgres.ts'

const SCHEMA = 'jobs'

/** What sends statements: a pool, or a client in a transaction. */
export interface Session {
  query(text: string, values?: unknown[]): Promise<{readonly rows: readonly unknown[]}>
}

/** How an entry is tried again, seconds. */
export interface EntryOptions {
  readonly retries: number
  /** Before the first repetition; doubled each time, up to the largest. */
  readonly backOffS: number
  readonly backOffMaxS: number
  /** Longer than this none takes: it is given to another worker. */
  readonly expireS: number
  /** At least 10: who is not heard of for so long has died. */
  readonly heartbeatS: number
}

export interface Entry<T> {
  readonly id: string
  /** From 1. */
  readonly attempt: number
  readonly data: T
  /** Fires when it is ours no longer. */
  readonly signal: AbortSignal
}

export type EntryState = 'waiting' | 'active' | 'done' | 'failed' | 'unknown'

export interface Jobs {
  /** Puts an entry into a queue, in the transaction of `session`. */
  send(queue: string, data: object, options: EntryOptions, session: Session): Promise<string>
  /** Calls `handler` for entries of a queue, `concurrency` at once; one that rejects is tried again. */
  work<T extends object>(
    queue: string,
    options: {readonly concurrency: number},
    handler: (entry: Entry<T>) => Promise<void>,
  ): Promise<void>
  /** Looks into the queue now instead of within two seconds. */
  wake(): void
  stateOf(queue: string, id: string): Promise<EntryState>
  /** Fetches nothing more, and waits for what is being done, up to `graceMs`. */
  stop(graceMs: number): Promise<void>
}

/** Of several statements in one text it is given several results, as it expects them. */
const toDb = (session: Session): Db => ({
  executeSql: async (text, values) => (await session.query(text, values)) as {rows: unknown[]},
})

const optionsOf = (session: Session): ConstructorOptions => ({
  db: toDb(session),
  schema: SCHEMA,
  // When something is due is told by the schedule, not by the queue.
  schedule: false,
  migrate: false,
  createSchema: false,
  registerInstance: false,
  openTelemetry: {enabled: false},
})

/** It writes statements out of texts that the server prints, for names without quotes and strings by the standard. */
const INSTALL_SETTINGS = [
  'SET quote_all_identifiers = off',
  'SET standard_conforming_strings = on',
] as const

/** Makes the tables of the queue, or brings them up to date. Safe to run again, and by two at once. */
export async function installJobs(url: string): Promise<void> {
  const pool = createPool(url, {
    applicationName: 'init-jobs',
    settings: [...WRITER_SETTINGS, ...INSTALL_SETTINGS],
  })
  const boss = new PgBoss({
    ...optionsOf(pool),
    migrate: true,
    createSchema: true,
    supervise: false,
  })
  // Without anybody who listens an error ends the process; those of the start are thrown as well.
  boss.on('error', () => undefined)
  try {
    await boss.start()
    await boss.stop({graceful: false})
  } finally {
    await pool.end()
  }
}

const STATES = {
  created: 'waiting',
  retry: 'waiting',
  active: 'active',
  completed: 'done',
  cancelled: 'failed',
  failed: 'failed',
} as const

/**
 * Opens the queues that are named.
 *
 * @param options how often entries are looked for whose worker died
 * @throws `STATE_CONTRADICTS`, to be tried again, when init has not made the tables
 */
export async function openJobs(
  {session, log}: {readonly session: Session; readonly log: Logger},
  options: {readonly queues: readonly string[]; readonly superviseS: number},
): Promise<Jobs> {
  const boss = new PgBoss({
    ...optionsOf(session),
    supervise: true,
    superviseIntervalSeconds: options.superviseS,
    monitorIntervalSeconds: options.superviseS,
    // Only an owner may rebuild indexes, and look after vacuum.
    reindex: false,
    monitorVacuum: false,
  })
  boss.on('error', error => log.warn({message: messageOf(error)}, 'queue'))
  boss.on('warning', ({message}) => log.warn({message}, 'queue'))
  try {
    if (!(await boss.isInstalled())) throw notMade()
    await boss.start()
    for (const queue of options.queues) await boss.createQueue(queue)
  } catch (error) {
    await boss.stop({graceful: false}).catch(() => undefined)
    throw classifyPostgresError(error)
  }
  const workers: string[] = []
  return {
    async send(queue, data, entry, inside) {
      const id = await boss.send(queue, data, {
        retryLimit: entry.retries,
        retryDelay: entry.backOffS,
        retryDelayMax: entry.backOffMaxS,
        retryBackoff: true,
        expireInSeconds: entry.expireS,
        heartbeatSeconds: entry.heartbeatS,
        db: toDb(inside),
      })
      if (id === null) throw new Error(`queue ${queue} took no entry`)
      return id
    },
    async work<T extends object>(
      queue: string,
      {concurrency}: {readonly concurrency: number},
      handler: (entry: Entry<T>) => Promise<void>,
    ) {
      // One after the other: of several that it makes in one call only the first can be woken.
      for (let n = 0; n < concurrency; n++) {
        const id = await boss.work<T>(queue, async ([job]) => {
          if (job === undefined) return
          const {signal, data, retryCount} = job
          await handler({id: job.id, attempt: retryCount + 1, data, signal})
        })
        workers.push(id)
      }
    },
    wake() {
      for (const id of workers) boss.notifyWorker(id)
    },
    async stateOf(queue, id) {
      const [job] = await boss.findJobs(queue, {id})
      return job === undefined ? 'unknown' : STATES[job.state]
    },
    stop: async graceMs => await boss.stop({graceful: true, timeout: graceMs}),
  }
}

const notMade = (): PipelineError =>
  new PipelineError(
    'STATE_CONTRADICTS',
    `there is no queue in schema ${SCHEMA}: run npm run init`,
    {disposition: 'retry'},
  )

/** Of a cron expression the next times. */
export type NextTimes = (cron: string, zone: string, from: Date, count: number) => readonly Date[]

/** Pure: it asks no database. @returns what throws a sentence for an expression or a zone that is none */
export function createNextTimes(): NextTimes {
  const nowhere: Session = {query: () => Promise.reject(new Error('asked without a database'))}
  const boss = new PgBoss(optionsOf(nowhere))
  return (cron, zone, from, count) => boss.previewSchedule(cron, {tz: zone, from, count})
}
