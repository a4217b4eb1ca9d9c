import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {holderOf, isRunning, startTimeOf} from '../../platform/process-identity.ts'
import {openClient} from '../../platform/postgres.ts'
import {openRedis} from '../../platform/redis.ts'
import {createRegistry} from '../../platform/registry.ts'
import type {readStackConfig} from '../../stack/config.ts'
import {signalProcess} from '../../stack/pid-records.ts'
import {lockPath} from '../../stack/stack.ts'
import {run, SERVERS_ONLY, setup, START_MS} from './own-stack.ts'

describe('a stack of its own', () => {
  let own: Awaited<ReturnType<typeof setup>>
  beforeAll(async () => {
    own = await setup()
  })
  afterAll(async () => {
    await run(['scripts/stop.ts'], own.env)
    own.remove()
  })

  test(
    'INV-81, INV-83: it survives a killed launcher, keeps data and schema ids, and leaves nothing',
    async () => {
      const {env, config, serverPids, expectNothingLeft} = own
      const first = await run(SERVERS_ONLY, env)
      expect(first).toMatchObject({status: 0, stderr: ''})
      expect(first.stdout).toMatch(/^ready in/m)
      // No API to ask: the verdict is made by the command itself.
      const judged = await run(['scripts/status.ts', '--json'], env)
      expect(JSON.parse(judged.stdout)).toMatchObject({
        healthy: true,
        state: 'healthy',
        findings: [],
        lagRecords: 0,
      })
      expect(judged.status).toBe(0)
      const ids = await writeMarks(config.connections)

      // Nobody gets to clean up: what is left is found by its records.
      const left = await serverPids()
      expect(left).toHaveLength(5)
      const launcher = holderOf(lockPath(config))!
      signalProcess(launcher.pid, 'SIGKILL')
      await expect.poll(() => isRunning(launcher)).toBe(false)
      expect(left.filter(pid => startTimeOf(pid) === null)).toEqual([])

      const second = await run(SERVERS_ONLY, env)
      expect(second).toMatchObject({status: 0, stderr: ''})
      expect(second.stdout).toMatch(/ended what was left: .*postgres/)
      expect(left.filter(pid => startTimeOf(pid) !== null)).toEqual([])
      expect(await readMarks(config.connections)).toEqual(ids)

      // A second start in the same folder says where it is, and touches nothing; one of more than runs is refused.
      const running = await serverPids()
      const third = await run(SERVERS_ONLY, env)
      expect(third).toMatchObject({status: 0, stderr: ''})
      expect(third.stdout).toContain(`psql ${config.connections.DATABASE_URL}`)
      const moved = await run(SERVERS_ONLY, {...env, POSTGRES_PORT: '1024'})
      expect(moved.stdout, 'where it runs, not where it would').toBe(third.stdout)
      const whole = await run(['scripts/start.ts', '--detach'], env)
      expect(whole.status).toBe(2)
      expect(whole.stderr).toMatch(/only the servers .* npm stop first/)
      expect(await serverPids()).toEqual(running)

      // Another terminal knows the folder only, and finds the same servers, whatever ports they have.
      const empty = join(config.folder, 'no.env')
      writeFileSync(empty, '')
      const other = {PATH: process.env['PATH'], STACK_DIR: config.folder, ENV_FILE: empty}
      const asked = await run(['scripts/sql.ts', '--json', '-c', 'SHOW port'], other)
      expect(asked).toMatchObject({
        stdout: `{"port":"${config.ports.postgres.port}"}\n`,
        stderr: '',
      })
      const seen = await run(['scripts/status.ts'], other)
      expect(seen.stdout).toContain(config.connections.KAFKA_BROKERS)

      const stopped = await run(['scripts/stop.ts'], env)
      expect(stopped).toMatchObject({status: 0, stdout: 'stopped\n'})
      expect(running.filter(pid => startTimeOf(pid) !== null)).toEqual([])
      await expectNothingLeft()
      const status = await run(['scripts/status.ts', '--json'], env)
      expect(status.status).toBe(1)
      expect(JSON.parse(status.stdout)).toMatchObject({
        healthy: false,
        lagRecords: null,
        problems: ['Nothing is running.'],
        findings: [{code: 'not-running', todo: 'Start it: npm start.'}],
      })
    },
    4 * START_MS,
  )
})

type Marks = ReturnType<typeof readStackConfig>['connections']

/** Something in each store that a restart must not take away; schema ids above all. */
async function writeMarks(connections: Marks): Promise<unknown> {
  const client = await openClient(connections.DATABASE_URL, {applicationName: 'test'})
  await client.query(
    "INSERT INTO content VALUES (gen_random_uuid(), 'kept', 'Kept', 'video', 60, now())",
  )
  await client.end()
  await using redis = await openRedis(connections.REDIS_URL, {name: 'test'})
  await redis.send(['SET', 'kept', 'yes'])
  return await readMarks(connections)
}

async function readMarks(connections: Marks): Promise<unknown> {
  const client = await openClient(connections.DATABASE_URL, {applicationName: 'test'})
  const {rows} = await client.query('SELECT slug FROM content')
  await client.end()
  const registry = createRegistry({url: connections.SCHEMA_REGISTRY_URL})
  const subjects = [...(await registry.subjects())].toSorted()
  const ids = await Promise.all(subjects.map(async s => [s, (await registry.version(s, 1)).id]))
  await using redis = await openRedis(connections.REDIS_URL, {name: 'test'})
  return {rows, ids, redis: await redis.send(['GET', 'kept'])}
}
