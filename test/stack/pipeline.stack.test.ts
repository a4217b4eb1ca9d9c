import {execFile} from 'node:child_process'
import {existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs'
import {createServer} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {openClient} from '../../platform/postgres.ts'
import {openRedis} from '../../platform/redis.ts'
import {createRegistry} from '../../platform/registry.ts'
import {readStackConfig, serverPorts, SERVERS, type Env} from '../../stack/config.ts'
import {holderOf, isRunning, startTimeOf} from '../../platform/process-identity.ts'
import {signalProcess} from '../../stack/pid-records.ts'
import {assertFree} from '../../stack/ports.ts'
import {sideEnv} from '../../stack/side-stack.ts'
import {lockPath} from '../../stack/stack.ts'

/** The servers alone come up and down in this file; what flows through them has tests of its own. */
const SERVERS_ONLY = ['scripts/start.ts', '--servers', '--detach'] as const
const START_MS = 120_000

interface Outcome {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

async function run(args: readonly string[], env: Env): Promise<Outcome> {
  const {promise, resolve} = Promise.withResolvers<Outcome>()
  execFile(
    process.execPath,
    [...args],
    {env: {...env}, timeout: START_MS},
    (error, stdout, stderr) => {
      resolve({status: error === null ? 0 : Number(error.code ?? 1), stdout, stderr})
    },
  )
  return await promise
}

/** A folder and ports of its own; durable as in `npm start`, since restarts are what this is about. */
async function setup() {
  const folder = mkdtempSync(join(tmpdir(), 'stack-own-'))
  const env = {...(await sideEnv(process.env, folder)), STACK_DURABLE: 'true'}
  const config = readStackConfig(env)
  const serverPids = async (): Promise<readonly number[]> => {
    const {stdout} = await run(['scripts/status.ts', '--json'], env)
    const {servers} = JSON.parse(stdout) as {servers: Record<string, {pid: number}>}
    return Object.values(servers).map(({pid}) => pid)
  }
  const expectNothingLeft = async (): Promise<void> => {
    const ports = SERVERS.filter(name => !config.external.includes(name)).flatMap(name =>
      serverPorts(name, config),
    )
    await expect(assertFree(ports)).resolves.toBeUndefined()
    const records = join(folder, 'run')
    expect(existsSync(records) ? readdirSync(records) : []).toEqual([])
    expect(holderOf(lockPath(config))).toBeUndefined()
  }
  const remove = (): void => rmSync(folder, {recursive: true, force: true})
  return {env, config, serverPids, expectNothingLeft, remove}
}

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

describe('INV-81: a start that cannot succeed says why once and leaves nothing', () => {
  const cases: readonly {
    readonly name: string
    readonly env: (own: Awaited<ReturnType<typeof setup>>) => Env
    readonly says: RegExp
  }[] = [
    {
      name: 'a variable that is no number',
      env: () => ({KAFKA_PORT: 'many'}),
      says: /^invalid configuration.*\n\s+KAFKA_PORT="many": expected an integer from 1 to 65535\n$/,
    },
    {
      name: 'a bad variable of a service',
      env: () => ({CASSANDRA_KEYSPACE: 'not a name'}),
      says: /^invalid configuration.*\n\s+CASSANDRA_KEYSPACE="not a name"/,
    },
    {
      name: 'a Java of the wrong version or none',
      env: () => ({STACK_JAVA: '/nowhere'}),
      says: /^Java 17 is needed.*STACK_JAVA=\/nowhere.*\n$/,
    },
    {
      name: 'a registry elsewhere that does not answer',
      env: () => ({SCHEMA_REGISTRY_URL: 'http://127.0.0.1:9/apis/ccompat/v7'}),
      says: /^registry does not answer at http:\/\/127\.0\.0\.1:9\/apis\/ccompat\/v7 \(SCHEMA_REGISTRY_URL\)\n$/,
    },
    {
      name: 'servers elsewhere of which none answers',
      env: () => ({STACK: 'external'}),
      says: /postgres does not answer at postgres:\/\/postgres:\*\*\*@.*\(DATABASE_URL\)[\s\S]*\(REDIS_URL\)/,
    },
    {
      name: 'Maven is missing when something has to be downloaded',
      env: ({config}) => ({STACK_CACHE: join(config.folder, 'empty'), PATH: '/nowhere'}),
      says: /^Maven is needed once, to download .*apt install maven/,
    },
  ]

  test.for(cases)('$name', async ({env, says}) => {
    const own = await setup()
    try {
      // Without --servers: the settings of the services are looked at too, before anything starts.
      const {status, stderr} = await run(['scripts/start.ts', '--detach'], {
        ...own.env,
        ...env(own),
      })
      expect(stderr).toMatch(says)
      expect(status).not.toBe(0)
      await own.expectNothingLeft()
    } finally {
      own.remove()
    }
  })

  test('a port in use is named with the variable that moves it', async () => {
    const own = await setup()
    const {port} = own.config.ports.postgres
    const {promise, resolve} = Promise.withResolvers<void>()
    const taken = createServer().listen({host: '127.0.0.1', port}, resolve)
    await promise
    try {
      const {status, stderr} = await run(['scripts/start.ts', '--servers'], own.env)
      expect(stderr).toBe(
        `port ${port}, which PostgreSQL needs, is in use: ` +
          'stop what listens there or set POSTGRES_PORT\n',
      )
      expect(status).not.toBe(0)
    } finally {
      const closed = Promise.withResolvers<void>()
      taken.close(() => closed.resolve())
      await closed.promise
    }
    await own.expectNothingLeft()
    own.remove()
  })

  test(
    'a server that ends while it starts is named with the end of its log',
    async () => {
      const own = await setup()
      try {
        const {status, stderr} = await run(SERVERS_ONLY, {...own.env, CASSANDRA_HEAP: '4m'})
        expect(stderr).toMatch(/cassandra ended while it started[\s\S]*logs\/cassandra\.log/)
        expect(status).not.toBe(0)
        await own.expectNothingLeft()
      } finally {
        own.remove()
      }
    },
    START_MS,
  )
})
