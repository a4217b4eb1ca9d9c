/** The client as other projects have it: packed, installed, compiled against, and run as its README says. */
import {execFile} from 'node:child_process'
import {once} from 'node:events'
import {mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http'
import type {AddressInfo} from 'node:net'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import {promisify} from 'node:util'
import {afterAll, beforeAll, describe, expect, onTestFinished, test} from 'vitest'
import {packClient} from '../scripts/client-package.ts'

const execute = promisify(execFile)
const readJson = (path: string) =>
  JSON.parse(readFileSync(path, 'utf8')) as Readonly<Record<string, unknown>>

/** The blocks of the README that say that they are run, one after the other. */
const EXAMPLES = [
  ...readFileSync('client/README.md', 'utf8').matchAll(/^```ts run\n([^]*?)^```$/gm),
].map(([, code]) => code!)

/** Holds only where types came along, and where inner files are not offered. */
const TYPED = `
// @ts-expect-error They are no text.
const text: string = items
// @ts-expect-error It has no such file.
import type {Client} from 'outbox-to-metrics-client/client.ts'
`

const COMPILER = resolve('node_modules/typescript/bin/tsc')
const COMPILE = {
  nodenext: {
    module: 'nodenext',
    lib: ['es2022'],
    typeRoots: [resolve('node_modules/@types')],
    types: ['node'],
    skipLibCheck: true,
    outDir: 'out',
  },
  bundler: {
    module: 'esnext',
    moduleResolution: 'bundler',
    lib: ['es2022', 'dom'],
    types: [],
    noEmit: true,
  },
} as const

/** An API that is busy, loses connections and takes its time: each answer is the next of its operation. */
const ANSWERS: Readonly<Record<string, readonly ((answer: ServerResponse) => void)[]>> = {
  'GET /v1/top': [
    answer => send(answer, 503, problem(503), {'retry-after': '0'}),
    answer => send(answer, 200, {items: [{rank: 1, content: {title: 'News'}, value: 12}]}),
  ],
  'POST /v1/engagement-events': [
    answer => answer.destroy(),
    answer => send(answer, 201, {event_ids: [7], after_event: 'engagement:7'}),
  ],
  'GET /v1/content/1/metrics': [
    answer => send(answer, 202, {status: 'pending'}, {'retry-after': '0'}),
    answer => send(answer, 200, {metrics: {plays: 3, engagement_seconds: 90}}),
  ],
  'GET /v1/content/1/events': [
    answer => send(answer, 200, pageOf([{event_id: 7, event_ts: 'b'}], 'next')),
    answer => send(answer, 200, pageOf([{event_id: 6, event_ts: 'a'}], null)),
  ],
  'GET /v1/live/platform': [
    answer => tell(answer, 'retry: 10\n\nid: 1\nevent: stale\ndata: {"reason":"Redis"}\n\nid: 2\n'),
    answer => tell(answer, 'id: 2\nevent: platform\ndata: {"events_per_second":5}\n\n'),
  ],
  'GET /v1/content/0': [answer => send(answer, 404, problem(404))],
}

const problem = (status: number) => ({
  status,
  detail: `told with ${status}`,
  errors: [{in: 'path', field: 'id', detail: 'no such content'}],
})
const pageOf = (items: readonly unknown[], next: string | null) => ({
  items,
  page: {limit: 500, next_cursor: next},
})

function send(
  answer: ServerResponse,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const type = status < 400 ? 'application/json' : 'application/problem+json'
  answer.writeHead(status, {'content-type': type, ...headers}).end(JSON.stringify(value))
}

function tell(answer: ServerResponse, text: string): void {
  answer.writeHead(200, {'content-type': 'text/event-stream'}).end(text)
}

/** Ids are shortened to their last digit, so that operations are known by short names. */
const nameOf = ({method, url}: IncomingMessage): string =>
  `${method} ${new URL(url!, 'http://x').pathname.replace(/\/[\da-f]{8}-[\da-f-]{26}(\d)/, '/$1')}`

async function startApi() {
  const seen: IncomingMessage[] = []
  const server = createServer((request, answer) => {
    const name = nameOf(request)
    const before = seen.filter(one => nameOf(one) === name).length
    seen.push(request)
    const next = ANSWERS[name]?.[before]
    if (next === undefined) send(answer, 500, problem(500))
    else next(answer)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return {url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen}
}

test('the client has the version of the product, and needs nothing', () => {
  const {version, ...client} = readJson('client/package.json')
  expect(version).toBe(readJson('package.json')['version'])
  expect(Object.keys(client).filter(name => /dependencies/i.test(name))).toEqual([])
})

describe('a project that installs the client', () => {
  const folder = mkdtempSync(join(tmpdir(), 'consumer-'))

  beforeAll(async () => {
    const tarball = await packClient(join(folder, 'packed'))
    writeFileSync(join(folder, 'package.json'), '{"private": true, "type": "module"}')
    await execute(
      'npm',
      ['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', tarball],
      {cwd: folder},
    )
  }, 120_000)
  afterAll(() => rmSync(folder, {recursive: true}))

  const compile = async (mode: keyof typeof COMPILE, code: string): Promise<string> => {
    const project = join(folder, mode)
    mkdirSync(project, {recursive: true})
    writeFileSync(join(project, 'main.ts'), code)
    const compilerOptions = {target: 'es2022', strict: true, ...COMPILE[mode]}
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({compilerOptions}))
    const {stdout} = await execute(process.execPath, [COMPILER, '-p', project]).catch(
      (error: unknown) => error as {readonly stdout: string},
    )
    return stdout
  }

  test('has a README, a licence, JavaScript and types, and no sources', () => {
    const installed = join(folder, 'node_modules/outbox-to-metrics-client')
    const files = readdirSync(installed, {recursive: true, encoding: 'utf8'})
    expect(files).toEqual(
      expect.arrayContaining(['LICENSE', 'README.md', 'dist/client.js', 'dist/client.d.ts']),
    )
    expect(files.filter(file => /(?<!\.d)\.ts$|\.test\./.test(file))).toEqual([])
  })

  test('compiles what the README says (bundler)', async () => {
    expect(EXAMPLES.length).toBeGreaterThan(5)
    expect(await compile('bundler', [...EXAMPLES, TYPED].join('\n'))).toBe('')
  }, 60_000)

  test('compiles (nodenext) and runs what the README says against an API that is not always there', async () => {
    const {url, seen} = await startApi()
    const code = [...EXAMPLES, TYPED].join('\n').replaceAll('http://127.0.0.1:3000', url)
    expect(await compile('nodenext', code)).toBe('')
    const {stdout, stderr} = await execute(process.execPath, [join(folder, 'nodenext/out/main.js')])
    expect(stderr).toBe('')
    expect(stdout.trim().split('\n')).toEqual([
      '1 News 12',
      '3 90',
      '7 b',
      '6 a',
      'figures do not follow now: Redis',
      '5 2',
      '404 told with 404',
      'id no such content',
    ])
    expect(seen.map(nameOf)).toEqual(
      Object.entries(ANSWERS).flatMap(([name, answers]) => answers.map(() => name)),
    )
    const [, , first, second] = seen.map(({headers}) => headers['idempotency-key'])
    expect(first).toBeDefined()
    expect(second).toBe(first)
    expect(seen.map(({headers}) => headers['last-event-id']).filter(Boolean)).toEqual(['1'])
    expect(seen.map(one => new URL(one.url!, url).searchParams.get('cursor'))).toContain('next')
  }, 60_000)
})
