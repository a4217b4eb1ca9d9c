/** Every route of the OpenAPI document, and GraphQL, asked what nobody would ask: schemathesis, with a key. */
import {execFile} from 'node:child_process'
import {existsSync, readFileSync} from 'node:fs'
import {promisify} from 'node:util'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {parseKey} from '../../api/access.ts'
import {createKeyStore} from '../../api/key-store.ts'
import {toDatabase} from '../../api/postgres.ts'
import {openPipelineWorld, type PipelineWorld, type Service} from '../pipeline-world.ts'

const run = promisify(execFile)
const VENV = '.stack/schemathesis'
/** With all that it needs: the same cases everywhere, whatever came out since. */
const VERSIONS = 'test/long/schemathesis.txt'

let world: PipelineWorld
let api: Service
let key: string

beforeAll(async () => {
  if (!existsSync(`${VENV}/bin/pip`)) await run('python3', ['-m', 'venv', VENV])
  await run(`${VENV}/bin/pip`, ['install', '--quiet', '--requirement', VERSIONS])
  world = await openPipelineWorld({
    API_ACCESS: 'keys',
    API_KEY_LIMIT_PER_MINUTE: '0',
    API_ADDRESS_LIMIT_PER_MINUTE: '0',
  })
  const services = await Promise.all(
    (['ingestor', 'processor', 'api'] as const).map(name => world.start(name)),
  )
  api = services[2]!
  await world.pool.query(readFileSync('scripts/sample.sql', 'utf8'))
  const keys = createKeyStore(toDatabase(world.pool))
  ;({key} = await keys.create('schemathesis', ['read', 'write', 'admin'], null))
}, 300_000)
afterAll(async () => await world?.[Symbol.asyncDispose]())

/** What it says when it has found something, with what the API says of it; empty when it has not. */
async function fuzz(
  location: string,
  hooks: 'schemathesis_routes' | 'schemathesis_graphql',
  more: readonly string[],
): Promise<string> {
  const authorization = `Bearer ${key}`
  const args = [
    ['--config-file', 'test/long/schemathesis.toml', 'run', `${api.url}${location}`],
    ['--header', `Authorization: ${authorization}`],
    ['--generation-allow-x00', 'false'],
    ['--request-timeout', '30'],
    '--no-color',
    more,
  ].flat()
  const env = {
    ...process.env,
    API_KEY_PREFIX: parseKey(key)!.prefix,
    SCHEMATHESIS_HOOKS: hooks,
    PYTHONPATH: 'test/long',
    PYTHONDONTWRITEBYTECODE: '1',
  }
  const outcome = await run(`${VENV}/bin/schemathesis`, args, {maxBuffer: 50_000_000, env}).then(
    ({stdout}) => ({failed: false, stdout}),
    (error: {stdout: string; stderr: string}) => ({
      failed: true,
      stdout: error.stdout + error.stderr,
    }),
  )
  console.log(outcome.stdout.split('SUMMARY').at(-1))
  // Without its key it would have been told 401, and found nothing.
  const session = await fetch(`${api.url}/v1/session`, {headers: {authorization}})
  expect(session.status).toBe(200)
  return outcome.failed ? `${outcome.stdout.slice(-20_000)}\n${api.log()}` : ''
}

// Streams do not end: test/api-document.test.ts looks at their schemas. GraphQL has a run of its own below.
const ROUTES = ['--exclude-path-regex', '^/v1/live/|/live$|^/graphql$']

test('schemathesis finds nothing in any route', async () => {
  const phases = ['--phases', 'examples,coverage,fuzzing', '--max-examples', '20']
  expect(await fuzz('/openapi.json', 'schemathesis_routes', [...ROUTES, ...phases])).toBe('')
}, 1_200_000)

test('schemathesis finds nothing in routes called after each other with what they answered', async () => {
  const phases = ['--phases', 'stateful', '--max-examples', '60']
  expect(await fuzz('/openapi.json', 'schemathesis_routes', [...ROUTES, ...phases])).toBe('')
}, 1_200_000)

test('schemathesis finds nothing in GraphQL', async () => {
  const checks = ['--exclude-checks', 'not_a_server_error,positive_data_acceptance']
  const more = [...checks, '--max-examples', '100']
  expect(await fuzz('/graphql', 'schemathesis_graphql', more)).toBe('')
}, 1_200_000)
