import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, expect, test} from 'vitest'
import {readStackConfig} from '../../stack/config.ts'
import {startTimeOf} from '../../platform/process-identity.ts'
import {openPidRecords, signalProcess} from '../../stack/pid-records.ts'
import {createProcessStarter} from '../../stack/processes.ts'
import {createServices} from '../../stack/services.ts'
import {sideEnv} from '../../stack/side-stack.ts'

/** A service as the supervisor knows one: listens on its port, answers when it is ready. */
const SERVICE = `
  import {createServer} from 'node:http'
  createServer((_, response) => response.end('{}')).listen(Number(process.env.RELAY_PORT), '127.0.0.1')
  process.on('SIGTERM', () => process.exit(0))`

const cleanUps: Array<() => Promise<void>> = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp()
})

/** @param source of the ingestor; there are no other services */
async function setup(source: string) {
  const folder = mkdtempSync(join(tmpdir(), 'stack-services-'))
  mkdirSync(join(folder, 'ingestor'))
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}')
  writeFileSync(join(folder, 'ingestor/main.ts'), source)
  const env = await sideEnv({PROCESSOR_COUNT: '0', WORKER_COUNT: '0', API_COUNT: '0'}, folder)
  const records = openPidRecords(join(folder, 'run'))
  const said: string[] = []
  const services = createServices({
    config: readStackConfig(env),
    env,
    starter: createProcessStarter(records, name => join(folder, `${name}.log`)),
    node: process.execPath,
    sources: folder,
    progress: (who, text) => void said.push(`${who}: ${text}`),
    onChange: () => undefined,
  })
  cleanUps.push(async () => {
    await services.stop()
    rmSync(folder, {recursive: true, force: true})
  })
  const ingestor = () => services.state().ingestor[0]!
  /** Kills it and waits for the next one. */
  const kill = async (): Promise<void> => {
    const {pid, restarts} = ingestor()
    signalProcess(pid!, 'SIGKILL')
    await expect
      .poll(() => [ingestor().restarts, ingestor().pid === null], {timeout: 20_000})
      .toEqual([restarts + 1, false])
  }
  return {services, ingestor, kill, said, records}
}

test('INV-82: a killed service is started again, and called unhealthy after five times in a minute', async () => {
  const {services, ingestor, kill} = await setup(SERVICE)
  await services.start()
  const first = ingestor()
  expect(first).toMatchObject({restarts: 0, flapping: false})
  for (let i = 0; i < 4; i++) await kill()
  expect(ingestor()).toMatchObject({restarts: 4, flapping: false})
  expect(ingestor().pid).not.toBe(first.pid)
  await kill()
  expect(ingestor()).toMatchObject({restarts: 5, flapping: true})
})

test('INV-81: stopped services are gone, also one that was about to be started again', async () => {
  const {services, ingestor, records} = await setup(SERVICE)
  await services.start()
  const {pid} = ingestor()
  signalProcess(pid!, 'SIGKILL')
  await expect.poll(() => startTimeOf(pid!)).toBeNull()
  await services.stop()
  expect(ingestor().pid).toBeNull()
  expect(records.all()).toEqual([])
})

test('a service that cannot start fails the start with the end of its log', async () => {
  const {services, said} = await setup('console.error("no such setting"); process.exit(1)')
  await expect(services.start()).rejects.toThrow(
    /ingestor ended \(exit status 1\):[\s\S]*no such setting/,
  )
  // A server that is not quite there yet deserves a second and a third try.
  expect(said.filter(line => line === 'ingestor: starting')).toHaveLength(3)
})
