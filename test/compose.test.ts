/** The compose file and the services' own settings agree, in both directions. */
import {mkdtempSync, readFileSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {parseEnv} from 'node:util'
import {parse} from 'yaml'
import {describe, expect, test} from 'vitest'
import {readApiConfig} from '../api/config.ts'
import {readRelayConfig} from '../ingestor/config.ts'
import {envReader, type Env} from '../platform/config.ts'
import {readDatabaseUrl} from '../platform/connections.ts'
import {readProcessorConfig} from '../processor/config.ts'
import {readInitConfig} from '../scripts/init.ts'
import {SERVICE_FLAGS} from '../stack/services.ts'
import {readWorkerConfig} from '../worker/config.ts'

interface Service {
  readonly image?: string
  readonly environment?: Readonly<Record<string, string | number>>
  readonly ports?: readonly string[]
  readonly depends_on?: Readonly<Record<string, {readonly condition: string}>> | readonly string[]
  readonly healthcheck?: object
  readonly command?: readonly string[]
  readonly tmpfs?: readonly string[]
  readonly profiles?: readonly string[]
}

const compose = parse(readFileSync('docker-compose.yml', 'utf8'), {merge: true}) as {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Readonly<Record<string, object>>
}

/** What commands read that only speak to the database. */
function readDatabase(env: Env): string {
  const read = envReader(env)
  const url = readDatabaseUrl(read)
  read.finish()
  return url
}

const READERS: Readonly<Record<string, (env: Env) => unknown>> = {
  init: readInitConfig,
  sample: readDatabase,
  producer: readDatabase,
  ingestor: readRelayConfig,
  processor: readProcessorConfig,
  worker: readWorkerConfig,
  api: readApiConfig,
}

/** Variables whose default names a server on the same machine: in a container nothing is there. */
const SERVERS = [
  'DATABASE_URL',
  'KAFKA_BROKERS',
  'SCHEMA_REGISTRY_URL',
  'CASSANDRA_CONTACT_POINTS',
  'REDIS_URL',
  'API_RELAY_URLS',
  'API_PROCESSOR_URLS',
  'API_WORKER_URLS',
  'WORKER_API_URL',
]
/** As the compose file itself reads variables: `${NAME:-default}`. */
const interpolate = (text: string, variables: Env = {}): string =>
  text.replaceAll(
    /\$\{(\w+):-([^}]*)\}/g,
    (_, name: string, fallback: string) => variables[name] ?? fallback,
  )

/** Every variable that a reader asks for. */
function namesRead(reader: (env: Env) => unknown, env: Env): Set<string> {
  const names = new Set<string>()
  const spy = new Proxy(env, {
    get(target, name) {
      if (typeof name === 'string') names.add(name)
      return Reflect.get(target, name) as unknown
    },
  })
  reader(spy)
  return names
}

const environmentOf = (name: string, variables: Env = {}): Record<string, string> =>
  Object.fromEntries(
    Object.entries(compose.services[name]?.environment ?? {}).map(([k, v]) => [
      k,
      interpolate(String(v), variables),
    ]),
  )

const secret = join(mkdtempSync(join(tmpdir(), 'compose-')), 'secret')
writeFileSync(secret, 'from-a-file\n')

/** The files that the compose file mounts are not here. */
const withReadableFiles = (env: Env): Env =>
  Object.fromEntries(
    Object.entries(env).map(([name, value]) => [name, name.endsWith('_FILE') ? secret : value]),
  )

describe.each(Object.entries(READERS))('%s', (name, reader) => {
  const env = withReadableFiles(environmentOf(name))

  test('is configured without a problem by what the compose file sets', () => {
    expect(() => reader(env)).not.toThrow()
  })

  test('reads every variable that the compose file sets', () => {
    const read = namesRead(reader, env)
    const set = Object.keys(environmentOf(name)).map(n => n.replace(/_FILE$/, ''))
    const unread = set.filter(n => !read.has(n))
    // The init job takes its settings with the services; a level for logs does no harm there.
    expect(
      unread.filter(n => !(name === 'init' && ['LOG_LEVEL', 'REDIS_URL'].includes(n))),
    ).toEqual([])
  })

  test('is told where every server is that it connects to', () => {
    const read = namesRead(reader, env)
    const needed = SERVERS.filter(n => read.has(n))
    expect(needed.filter(n => environmentOf(name)[n] === undefined)).toEqual([])
  })

  test('runs a file that exists, a service as `npm start` does', () => {
    const [node, ...rest] = compose.services[name]?.command ?? []
    const file = rest.find(argument => argument.endsWith('.ts'))
    const isService = file?.endsWith('/main.ts') === true
    expect(node).toBe('node')
    expect(rest.slice(0, rest.indexOf(file!))).toEqual(isService ? SERVICE_FLAGS : [])
    expect(() => readFileSync(file!)).not.toThrow()
  })
})

const services = Object.entries(compose.services)

test('every image is pinned and every port is bound to the loopback interface', () => {
  for (const [name, service] of services) {
    expect(service.image, name).toMatch(/:[\w.-]*\d[\w.-]*$|:local$/)
    for (const port of service.ports ?? []) {
      expect(interpolate(port), name).toMatch(/^127\.0\.0\.1:/)
    }
  }
})

test.each([
  [undefined, 'open'],
  ['127.0.0.1', 'open'],
  ['0.0.0.0', 'keys'],
  ['192.168.1.7', 'keys'],
])('pages published on %s: %s', (address, access) => {
  const variables = address === undefined ? {} : {API_PUBLISHED_ON: address}
  const env = withReadableFiles(environmentOf('api', variables))
  expect(readApiConfig(env).config.access).toBe(access)
  const [port] = compose.services['api']?.ports ?? []
  expect(interpolate(port!, variables)).toBe(`${address ?? '127.0.0.1'}:3000:3000`)
})

test('whoever asks for keys on loopback, too, gets them', () => {
  const env = withReadableFiles(environmentOf('api', {API_ACCESS: 'keys'}))
  expect(readApiConfig(env).config.access).toBe('keys')
})

test('the database has its sample before anybody makes events', () => {
  expect(compose.services['sample']?.depends_on).toMatchObject({
    init: {condition: 'service_completed_successfully'},
  })
  expect(compose.services['producer']?.depends_on).toMatchObject({
    sample: {condition: 'service_completed_successfully'},
  })
})

test('what our containers write while they run is not of the image', () => {
  // reconcile keeps there how far it is, and rebuild runs it.
  for (const name of Object.keys(READERS)) {
    expect(compose.services[name]?.tmpfs, name).toEqual(['/tmp', '/app/.stack'])
  }
})

test('Kafdrop decodes values by the registry without being told for each topic', () => {
  const settings = parseEnv(readFileSync('kafdrop/kafdrop.env', 'utf8'))
  expect(settings['CMD_ARGS']).toContain('--message.format=AVRO --message.keyFormat=DEFAULT')
  expect(environmentOf('kafdrop')).toEqual({
    KAFKA_BROKERCONNECT: environmentOf('init')['KAFKA_BROKERS'],
    SCHEMAREGISTRY_CONNECT: environmentOf('init')['SCHEMA_REGISTRY_URL'],
  })
})

test('the documents say of every image where its tag is found', () => {
  const page = readFileSync('docs/DOCKER.md', 'utf8')
  const base = /^ARG NODE=(\S+)$/m.exec(readFileSync('Dockerfile', 'utf8'))![1]!
  const images = services.map(([, {image}]) => image!).filter(image => !image.endsWith(':local'))
  for (const image of [...images, `node:${base}`]) expect(page).toContain(`| \`${image}\` | `)
})

test('no password stands in the file', () => {
  const text = readFileSync('docker-compose.yml', 'utf8')
  expect(text).not.toMatch(/:\/\/[^\s/@]+:[^\s/@]+@/)
  expect(text).not.toMatch(/PASSWORD:\s*\S/)
})

test('services start after the init job, and the job after healthy servers', () => {
  for (const name of ['ingestor', 'processor', 'worker', 'api']) {
    expect(compose.services[name]?.depends_on, name).toMatchObject({
      init: {condition: 'service_completed_successfully'},
    })
  }
  const before = compose.services['init']?.depends_on as Record<string, {condition: string}>
  for (const server of ['postgres', 'kafka', 'schema-registry', 'cassandra', 'redis']) {
    expect(before[server]?.condition, server).toBe('service_healthy')
    expect(compose.services[server]?.healthcheck, server).toBeDefined()
  }
})

test('PostgreSQL 18 keeps its data below the mounted folder', () => {
  expect(readFileSync('docker-compose.yml', 'utf8')).toMatch(
    /['"]postgres:\/var\/lib\/postgresql['"]/,
  )
})
