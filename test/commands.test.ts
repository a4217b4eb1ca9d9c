/** Every command: its help does nothing else, and bad input is named. */
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {readFileSync} from 'node:fs'
import {text} from 'node:stream/consumers'
import {expect, test, vi} from 'vitest'
import {helpOf, parseInput, UsageError, wholeNumbers, type Command} from '../scripts/command.ts'
import {COMMANDS} from '../scripts/commands.ts'

// Each loads what the command needs, on a machine that does other things, too.
vi.setConfig({testTimeout: 60_000})

const {scripts} = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>
}

/** Programs of others, which have a help of their own. */
const PROGRAMS = new Set(['test:unit', 'lint', 'format', 'format:check', 'typecheck'])

const called = Object.entries<Command>(COMMANDS)

/** Nothing answers there: whoever acts fails, and says so. */
const NOWHERE = {STACK_DIR: '/nonexistent/stack', DATABASE_URL: 'postgres://127.0.0.1:1/x'}

async function run(
  name: string,
  args: readonly string[],
  settings: Readonly<Record<string, string>> = NOWHERE,
) {
  const [, , file, ...first] = scripts[name]!.split(' ')
  const child = spawn(process.execPath, [file!, ...first, ...args], {
    env: {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      STREAMS_FOLDER: 'streams/sample',
      ENV_FILE: 'none',
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [out, err] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    child.exitCode === null ? once(child, 'close') : undefined,
  ])
  return {out, err, status: child.exitCode}
}

test('the table has every npm script that is ours, under its own name', () => {
  const ours = Object.keys(scripts).filter(name => !PROGRAMS.has(name))
  expect(called.map(([name]) => name).toSorted()).toEqual(ours.toSorted())
  expect(called.map(([, {name}]) => name)).toEqual(called.map(([name]) => name))
})

test.each(called)(
  '%s --help says what, options and examples, and does nothing',
  async (name, command) => {
    const {out, err, status} = await run(name, ['--help'])
    expect({err, status}).toEqual({err: '', status: 0})
    expect(out.trim()).toBe(helpOf(command))
    for (const [option, {about}] of Object.entries(command.options)) {
      if (about !== undefined) expect(out).toContain(`--${option}`)
    }
    expect(out).toContain('examples:')
  },
)

test.each(called)('%s names an option that it does not have', (_, command) => {
  expect(() => parseInput(command, ['--no-such-option'])).toThrow(UsageError)
  expect(() => parseInput(command, ['--no-such-option'])).toThrow("'--no-such-option'")
})

test.each([
  ['api-keys', ['create', '--scopes', 'read'], /create: a name is missing/],
  ['api-keys', ['create', 'me', '--scopes', 'all'], /--scopes all: expected a list of read/],
  ['set-lanes', ['3'], /3: give a power of two from 1 to 1024/],
  ['set-lanes', [], /an argument is missing/],
  ['reenrich', ['nope'], /nope is no id of a content/],
  ['simulate', ['--rate', '0', '--seconds', 'x'], /--rate 0: give[^]*--seconds x: give/],
  ['simulate', ['--streams', 'orders,carts'], /--streams orders,carts: [^]* carts; give all, or a/],
  ['dead-letters', ['list', 'x'], /list x: give --limit x/],
  ['stop', ['now'], /now: an argument too many[^]*see: npm stop -- --help/],
  ['status', ['--no-such-option'], /'--no-such-option'[^]*see: npm run status -- --help/],
  ['reconcile', ['--day', '2026-02-31'], /--day 2026-02-31 is no day/],
  ['bench', ['none-such'], /none-such: give one of/],
  ['sql', ['-f', '/nonexistent.sql'], /-f \/nonexistent.sql: /],
  ['sql', ['-c', 'SELECT 1', 'SELECT 2'], /not several of them/],
] as const)('%s %j is bad input, named with what to do', async (name, args, expected) => {
  const {err, status} = await run(name, args)
  expect({err, status}).toMatchObject({status: 2})
  expect(err).toMatch(expected)
})

test('settings that cannot be used are named all at once, by every command, without a stack trace', async () => {
  const {err} = await run('start', [], {
    DATABASE_URL: 'mysql://x',
    KAFKA_BROKERS: 'foo',
    API_ACCESS: 'maybe',
    REDIS_URL: 'localhost',
    RELAY_PORT: 'x',
  })
  for (const name of ['DATABASE_URL', 'KAFKA_BROKERS', 'API_ACCESS', 'REDIS_URL', 'RELAY_PORT']) {
    expect(err).toContain(name)
  }
  expect(err).not.toMatch(/\n\s+at /)
})

test('a reader that goes away ends a command quietly', async () => {
  const child = spawn(process.execPath, ['scripts/help.ts'], {stdio: ['ignore', 'pipe', 'pipe']})
  child.stdout.destroy()
  const err = await text(child.stderr)
  expect(err).toBe('')
})

test('whole numbers among the options are judged together', () => {
  const bounds = {rate: {min: 1, max: 9, usual: 5}, seed: {min: 0, max: 9, usual: 1}}
  expect(wholeNumbers({rate: '7'}, bounds)).toEqual({rate: 7, seed: 1})
  expect(() => wholeNumbers({rate: '1e3', seed: '-1'}, bounds)).toThrow(
    '--rate 1e3: give a whole number from 1 to 9\n--seed -1: give a whole number from 0 to 9',
  )
})

test('who asks for help gets it, whatever else is wrong', () => {
  expect(parseInput(COMMANDS.stop, ['--nonsense', 'x', '--help'])).toBe('help')
  expect(() => parseInput(COMMANDS.stop, ['--nonsense'])).toThrow(UsageError)
})
