/** Every route of the OpenAPI document, and GraphQL, asked what nobody would ask: schemathesis, with a key. */
import {execFile} from 'node:child_process'
import {existsSync, readFileSync} from 'node:fs'
import {promisify} from 'node:util'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {createKeyStore} from '../../api/key-store.ts'
import {toDatabase} from '../../api/postgres.ts'
import {openPipelineWorld, type PipelineWorld} from '../pipeline-world.ts'

const run = promisify(execFile)
const VENV = '.stack/schemathesis'
const VERSION = '4.32.5'

let world: PipelineWorld
let url: string
let key: string

beforeAll(async () => {
  if (!existsSync(`${VENV}/bin/schemathesis`)) {
    await run('python3', ['-m', 'venv', VENV])
    await run(`${VENV}/bin/pip`, ['install', '--quiet', `schemathesis==${VERSION}`])
  }
  world = await openPipelineWorld({
    API_ACCESS: 'keys',
    API_KEY_LIMIT_PER_MINUTE: '0',
    API_ADDRESS_LIMIT_PER_MINUTE: '0',
  })
  const services = await Promise.all(
    (['ingestor', 'processor', 'api'] as const).map(name => world.start(name)),
  )
  url = services[2]!.url
  await world.pool.query(readFileSync('scripts/sample.sql', 'utf8'))
  const keys = createKeyStore(toDatabase(world.pool))
  ;({key} = await keys.create('schemathesis', ['read', 'write', 'admin'], null))
}, 300_000)
afterAll(async () => await world?.[Symbol.asyncDispose]())

/** What it says when it has found something; empty when it has not. */
async function fuzz(
  location: string,
  more: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<string> {
  const args = [
    ['--config-file', 'test/long/schemathesis.toml', 'run', `${url}${location}`],
    ['--header', `Authorization: Bearer ${key}`],
    ['--generation-allow-x00', 'false'],
    ['--request-timeout', '30'],
    '--no-color',
    more,
  ].flat()
  const env = {...process.env, ...variables}
  const outcome = await run(`${VENV}/bin/schemathesis`, args, {maxBuffer: 50_000_000, env}).then(
    ({stdout}) => ({failed: false, stdout}),
    (error: {stdout: string; stderr: string}) => ({
      failed: true,
      stdout: error.stdout + error.stderr,
    }),
  )
  console.log(outcome.stdout.split('SUMMARY').at(-1))
  return outcome.failed ? outcome.stdout.slice(-20_000) : ''
}

// Streams do not end; the text for Prometheus is not ours to describe.
const ROUTES = ['--exclude-path-regex', '^/v1/live/|^/metrics$']

test('schemathesis finds nothing in any route', async () => {
  const phases = ['--phases', 'examples,coverage,fuzzing', '--max-examples', '20']
  expect(await fuzz('/openapi.json', [...ROUTES, ...phases])).toBe('')
}, 1_200_000)

test('schemathesis finds nothing in routes called after each other with what they answered', async () => {
  const phases = ['--phases', 'stateful', '--max-examples', '60']
  expect(await fuzz('/openapi.json', [...ROUTES, ...phases])).toBe('')
}, 1_200_000)

test('schemathesis finds nothing in GraphQL', async () => {
  const checks = ['--exclude-checks', 'not_a_server_error,positive_data_acceptance']
  const hooks = {SCHEMATHESIS_HOOKS: 'schemathesis_graphql', PYTHONPATH: 'test/long'}
  expect(await fuzz('/graphql', [...checks, '--max-examples', '100'], hooks)).toBe('')
}, 1_200_000)
