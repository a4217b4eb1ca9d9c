/** The image's content beside real servers: what the compose file starts, in its order. */
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {writeFileSync} from 'node:fs'
import {get, type IncomingMessage} from 'node:http'
import {join} from 'node:path'
import {text} from 'node:stream/consumers'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {openCassandra} from '../platform/cassandra.ts'
import {freePorts} from '../stack/ports.ts'
import {cassandraConnection, connectionEnv} from './connections.ts'
import {buildImage, imageEnv, type Image} from './docker-image.ts'
import {createTestDatabase, testRedisDb, testTopicPrefix, type TestDatabase} from './isolation.ts'
import {until} from './pipeline-world.ts'

/** Each command is a process that loads much. */
const TEST_MS = 180_000

let image: Image
let database: TestDatabase
let env: Readonly<Record<string, string | undefined>>

beforeAll(async () => {
  image = await buildImage()
  database = await createTestDatabase({migrated: false})
  const url = new URL(database.url)
  const secret = join(image.folder, '..', 'password')
  writeFileSync(secret, `${decodeURIComponent(url.password)}\n`)
  url.password = ''
  env = {
    ...connectionEnv(),
    DATABASE_URL: url.toString(),
    DATABASE_PASSWORD_FILE: secret,
    TOPIC_PREFIX: testTopicPrefix(),
    CASSANDRA_KEYSPACE: database.name,
    REDIS_URL: await testRedisDb(),
    LOG_LEVEL: 'warn',
    // On a busy machine the API would send away whoever comes right after its start.
    API_EVENT_LOOP_DELAY_MS_MAX: '0',
  }
})

afterAll(async () => {
  await using cassandra = await openCassandra(cassandraConnection())
  await cassandra.transact(`DROP KEYSPACE IF EXISTS ${database.name}`)
  await database.drop()
  await image[Symbol.asyncDispose]()
})

/** What a command prints; it has to succeed. */
async function run(...args: readonly string[]): Promise<string> {
  const {out, err, status} = await image.run(args, env)
  expect({err, status}, args.join(' ')).toEqual({err: '', status: 0})
  return out
}

interface Api {
  status(headers: Readonly<Record<string, string>>): Promise<number>
  [Symbol.asyncDispose](): Promise<void>
}

/** The API as the container runs it, its port published on that address. */
async function startApi(publishedOn: string): Promise<Api> {
  const [port] = await freePorts(1)
  const own = {API_HOST: '0.0.0.0', API_PORT: String(port), API_PUBLISHED_ON: publishedOn}
  const child = spawn(process.execPath, ['api/main.ts'], {
    cwd: image.folder,
    env: {PATH: process.env['PATH'], ...imageEnv(), ...env, NODE_ENV: 'development', ...own},
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const said = text(child.stderr)
  const ask = async (path: string, headers: Readonly<Record<string, string>>): Promise<number> => {
    const request = get({host: '127.0.0.1', port, path, headers: {connection: 'close', ...headers}})
    const [answer] = (await once(request, 'response')) as [IncomingMessage]
    answer.resume()
    return answer.statusCode!
  }
  const listens = async (): Promise<boolean> => {
    if (child.exitCode !== null) throw new Error(await said)
    return (await ask('/health/live', {})) === 200
  }
  await until('the API listens', listens, TEST_MS)
  return {
    status: headers => ask('/v1/content', headers),
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      if (child.exitCode === null) await once(child, 'exit')
    },
  }
}

test(
  'jobs, producer and keys of the compose file work in the image, with the password in a file',
  async () => {
    await run('scripts/init.ts')
    expect(await run('scripts/load-sample.ts')).toContain('was given the sample')
    expect(await run('scripts/load-sample.ts')).toContain('not empty')
    await run('scripts/simulate.ts', '--rate', '50', '--seconds', '1')
    const told = await run('scripts/sql.ts', '--json', 'SELECT count(*)::int AS n FROM content')
    expect(JSON.parse(told)).toEqual({n: 63})
  },
  TEST_MS,
)

test(
  'the API asks for no key where its port is on loopback, and takes a key that was made in the image',
  async () => {
    await run('scripts/init.ts')
    const key = (await run('scripts/api-keys.ts', 'create', 'me', '--scopes', 'read,write')).trim()
    expect(key).toMatch(/^oam_/)
    expect(await run('scripts/api-keys.ts', 'list')).toContain('me')
    const authorization = `Bearer ${key}`

    await using here = await startApi('127.0.0.1')
    expect(await here.status({host: 'localhost:3000'})).toBe(200)
    expect(await here.status({host: 'pages.example'})).toBe(403)
    expect(await here.status({host: 'localhost:3000', origin: 'http://pages.example'})).toBe(403)
    expect(await here.status({host: 'pages.example', authorization})).toBe(200)

    await using everywhere = await startApi('0.0.0.0')
    expect(await everywhere.status({host: 'localhost:3000'})).toBe(401)
    expect(await everywhere.status({authorization})).toBe(200)
  },
  TEST_MS,
)
