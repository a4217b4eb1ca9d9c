/** Workers on a database of their own, in this process: what they run, and what their history says. */
import {pino, type Logger} from 'pino'
import {createNextTimes, installJobs, openJobs, type Jobs} from '../platform/jobs.ts'
import {createMetrics} from '../platform/metrics.ts'
import {createPool, PRINT_SETTINGS, WRITER_SETTINGS, type Pool} from '../platform/postgres.ts'
import {job, type Job, type JobContext, type JobOptions, type JobResult} from '../schedule/job.ts'
import {createWorkerMetrics} from '../worker/metrics.ts'
import {createDispatcher, RUNS} from '../worker/schedule/dispatcher.ts'
import {createRunner} from '../worker/schedule/runner.ts'
import {createTestDatabase} from './isolation.ts'
import {until} from './pipeline-world.ts'

const nextTimes = createNextTimes()

export interface Run {
  readonly id: string
  readonly job: string
  readonly tick: Date
  readonly cause: string
  readonly state: string
  readonly attempt: number
  readonly worker: string | null
  readonly error: string | null
  readonly failures: readonly {readonly attempt: number; readonly error: string}[]
  readonly result: JobResult | null
}

export interface TestWorker {
  readonly name: string
  readonly jobs: Jobs
  stop(): Promise<void>
}

/** A job that does what it is told, due in a hundred years unless it is said when. */
export const testJob = (
  name: string,
  run: (context: JobContext<null>) => Promise<JobResult>,
  changes: Partial<JobOptions<null>> = {},
): Job =>
  job({
    name,
    what: `Runs ${name}.`,
    ...(changes.after === undefined ? {cron: '0 0 1 1 *'} : {}),
    retries: 1,
    backOffS: {first: 1, max: 1},
    timeLimitS: 60,
    settings: () => null,
    run,
    ...changes,
  })

async function startWorker(
  {pool, log}: {readonly pool: Pool; readonly log: Logger},
  {name, jobs: declared}: {readonly name: string; readonly jobs: readonly Job[]},
): Promise<TestWorker> {
  const stop = new AbortController()
  const schedule = declared.map(one => one.ready({}))
  const jobs = await openJobs({session: pool, log}, {queues: [RUNS], superviseS: 1})
  const metrics = createWorkerMetrics(createMetrics())
  const command = (): never => {
    throw new Error('no job of a test starts a command')
  }
  const deps = {pool, schedule, metrics, log}
  await jobs.work(
    RUNS,
    {concurrency: 4},
    createRunner({...deps, command, worker: name, stop: stop.signal}),
  )
  let problem: string | null = null
  const dispatcher = createDispatcher(
    {
      ...deps,
      jobs,
      nextTimes,
      onLook: found => {
        problem = found
      },
    },
    {lookEveryMs: 20, heartbeatS: 10},
  )
  const running = dispatcher.run(stop.signal)
  await until('the jobs are declared', async () => {
    if (problem !== null) throw new Error(problem)
    const {rows} = await pool.query<{n: number}>('SELECT count(*)::int AS n FROM cdc.jobs')
    return rows[0]!.n === declared.length
  })
  let isStopped = false
  return {
    name,
    jobs,
    async stop() {
      if (isStopped) return
      isStopped = true
      stop.abort(new Error('stopping'))
      await running
      await jobs.stop(5000)
    },
  }
}

export type ScheduleWorld = Awaited<ReturnType<typeof openScheduleWorld>>

/** @param url of a database that is there already, as another user sees it */
export async function openScheduleWorld(url?: string) {
  const database = url === undefined ? await createTestDatabase() : undefined
  const address = url ?? database!.url
  if (url === undefined) await installJobs(address)
  const pool = createPool(address, {
    applicationName: 'test-schedule',
    connectionsMax: 20,
    settings: [...WRITER_SETTINGS, ...PRINT_SETTINGS],
  })
  const workers: TestWorker[] = []
  const warned: string[] = []
  const log = pino({level: 'warn'}, {write: (line: string) => void warned.push(line)})
  const runs = async (name: string): Promise<readonly Run[]> =>
    (await pool.query<Run>('SELECT * FROM cdc.job_runs WHERE job = $1 ORDER BY id', [name])).rows
  return {
    url: address,
    pool,
    /** Lines that workers logged as something to look at. */
    warned,
    runs,
    async worker(name: string, jobs: readonly Job[]): Promise<TestWorker> {
      const worker = await startWorker({pool, log}, {name, jobs})
      workers.push(worker)
      return worker
    },
    /** Makes a job due at a time. */
    async due(name: string, at = new Date()): Promise<void> {
      await pool.query('UPDATE cdc.jobs SET next_at = $2 WHERE name = $1', [name, at])
    },
    /** Asks for a run now. */
    async ask(name: string): Promise<string | null> {
      const {rows} = await pool.query<{id: string | null}>('SELECT cdc.ask_job($1) AS id', [name])
      return rows[0]!.id
    },
    /** The latest run, as soon as it is in a state. */
    async whenLast(name: string, state: string): Promise<Run> {
      return await until(`${name} ${state}`, async () => {
        const last = (await runs(name)).at(-1)
        return last?.state === state && last
      })
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(workers.map(async worker => await worker.stop()))
      await pool.end()
      await database?.drop()
    },
  }
}
