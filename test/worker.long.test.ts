/** The worker as a process: what it says of itself, kill -9 within a run, a stop within one. */
import {spawn, type ChildProcess} from 'node:child_process'
import {once} from 'node:events'
import {expect, onTestFinished, test} from 'vitest'
import {freePorts} from '../stack/ports.ts'
import {until} from './pipeline-world.ts'
import {openScheduleWorld} from './schedule-world.ts'

async function startWorker(databaseUrl: string) {
  const [port] = await freePorts(1)
  const child: ChildProcess = spawn(process.execPath, ['worker/main.ts'], {
    env: {
      PATH: process.env['PATH'],
      ENV_FILE: 'none',
      DATABASE_URL: databaseUrl,
      WORKER_PORT: String(port),
      WORKER_SCHEDULE_FOLDER: 'test/schedule-slow',
      WORKER_HEARTBEAT_S: '10',
      WORKER_LOOK_EVERY_MS: '100',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', text => {
      said += String(text)
    })
  }
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal)
      await once(child, 'exit')
    }
    return child.exitCode
  }
  onTestFinished(async () => void (await end('SIGKILL')))
  const ask = async (path: string) => await fetch(`http://127.0.0.1:${port}${path}`)
  await until(
    'the worker is ready',
    async () => {
      if (child.exitCode !== null) throw new Error(said)
      return (await ask('/health/ready')).ok
    },
    60_000,
  )
  return {pid: child.pid!, ask, end}
}

test('INV-151: kill -9 within a run: another worker runs it again, and its history says so', async () => {
  await using world = await openScheduleWorld()
  const first = await startWorker(world.url)
  await world.ask('waits-once')
  const running = await world.whenLast('waits-once', 'running')
  expect(running.worker).toMatch(new RegExp(`/${first.pid}$`))
  const second = await startWorker(world.url)
  await first.end('SIGKILL')
  const done = await until(
    'the run is done by the other one',
    async () => (await world.runs('waits-once')).find(({state}) => state === 'succeeded'),
    60_000,
  )
  expect(done).toMatchObject({
    id: running.id,
    attempt: 2,
    failures: [{attempt: 1, error: 'the worker ended without an answer'}],
  })
  expect(done.worker).toMatch(new RegExp(`/${second.pid}$`))
  const metrics = await (await second.ask('/metrics')).text()
  expect(metrics).toContain('worker_attempts_total{job_name="waits-once",outcome="succeeded"} 1')
  expect(await world.runs('waits-once')).toHaveLength(1)
})

test('a worker that is stopped within a run ends in time, and the run goes on elsewhere', async () => {
  await using world = await openScheduleWorld()
  const first = await startWorker(world.url)
  await world.ask('waits-once')
  await world.whenLast('waits-once', 'running')
  expect(await first.end('SIGTERM')).toBe(0)
  expect((await world.runs('waits-once')).at(-1)).toMatchObject({
    state: 'retrying',
    error: 'the worker was stopped',
  })
  await startWorker(world.url)
  await until(
    'the run is done',
    async () => (await world.runs('waits-once')).at(-1)?.state === 'succeeded',
    30_000,
  )
})

test('a job that keeps failing is a warning of a worker that is ready', async () => {
  await using world = await openScheduleWorld()
  const worker = await startWorker(world.url)
  await world.ask('fails')
  await world.whenLast('fails', 'failed')
  expect(await (await worker.ask('/health/ready')).json()).toEqual({
    ready: true,
    reasons: [],
    details: {warnings: {fails: 'it never works'}},
  })
})
