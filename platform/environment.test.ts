import {mkdirSync, mkdtempSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import fc from 'fast-check'
import {expect, test} from 'vitest'
import {mergeSettings, PLACES, readEnvironment} from './environment.ts'
import {startTimeOf} from './process-identity.ts'

const VARIABLES = {POSTGRES_PORT: '15432', RELAY_PAGE_ROWS: '7', EMPTY: ''}
const FILE = {POSTGRES_PORT: '25432', DATABASE_URL: 'postgres://file/d', REDIS_PORT: '26379'}
const STACK = {REDIS_PORT: '36379', KAFKA_PORT: '39092', TOPIC_PREFIX: 'stack.'}

test('a variable is stronger than the file, the file than the running stack', () => {
  expect(mergeSettings([VARIABLES, FILE, STACK])).toMatchObject({
    DATABASE_URL: 'postgres://postgres:postgres@127.0.0.1:15432/engagement',
    REDIS_URL: 'redis://127.0.0.1:26379',
    KAFKA_BROKERS: '127.0.0.1:39092',
    TOPIC_PREFIX: 'stack.',
    RELAY_PAGE_ROWS: '7',
  })
})

test('an address that nobody gave stays out, so that a reader takes its default', () => {
  expect(mergeSettings([VARIABLES])).not.toHaveProperty('REDIS_URL')
  expect(mergeSettings([VARIABLES])).not.toHaveProperty('EMPTY')
})

test('several instances of a service are all found, ten ports apart', () => {
  const merged = mergeSettings([{PROCESSOR_PORT: '4002', PROCESSOR_COUNT: '3'}])
  expect(merged['API_PROCESSOR_URLS']).toBe(
    'http://127.0.0.1:4002,http://127.0.0.1:4012,http://127.0.0.1:4022',
  )
})

test('a service of which there is to be none is looked for nowhere', () => {
  expect(mergeSettings([{WORKER_COUNT: '0'}])['API_WORKER_URLS']).toBe('none')
})

test('whatever the layers say, an address is that of the strongest layer that says anything of it', () => {
  const layer = fc.record(
    Object.fromEntries(
      PLACES.flatMap(({address, port}) => [
        [address, fc.constantFrom('a', 'b', '')],
        [port, fc.constantFrom('1', '2', '')],
      ]),
    ),
    {requiredKeys: []},
  ) as fc.Arbitrary<Record<string, string>>
  fc.assert(
    fc.property(fc.array(layer, {maxLength: 4}), layers => {
      const merged = mergeSettings(layers)
      for (const {address, port, at} of PLACES) {
        const strongest = layers.find(one => one[address] || one[port])
        const expected = strongest?.[address] || (strongest && at(Number(strongest[port])))
        expect(merged[address]).toBe(expected)
      }
    }),
  )
})

const folderWith = (files: Readonly<Record<string, string>>): string => {
  const folder = mkdtempSync(join(tmpdir(), 'environment-'))
  mkdirSync(folder, {recursive: true})
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

test('the file is read; one that was named and is not there is refused by name', () => {
  const folder = folderWith({settings: 'KAFKA_PORT=29092 # moved\nREDIS_URL="redis://r:1"\n'})
  const ENV_FILE = join(folder, 'settings')
  expect(readEnvironment({ENV_FILE, STACK_DIR: folder})).toMatchObject({
    KAFKA_BROKERS: '127.0.0.1:29092',
    REDIS_URL: 'redis://r:1',
  })
  expect(() => readEnvironment({ENV_FILE: join(folder, 'none-such')})).toThrow(
    /ENV_FILE=.*none-such/,
  )
})

test('the running stack is asked while its launcher lives, and never for what starts one', () => {
  const holder = (pid: number, startedAt: string | null): string => JSON.stringify({pid, startedAt})
  const state = JSON.stringify({settings: {POSTGRES_PORT: '45432'}})
  const ENV_FILE = join(folderWith({empty: ''}), 'empty')
  const living = folderWith({
    'launcher.lock': holder(process.pid, startTimeOf(process.pid)),
    'state.json': state,
  })
  const dead = folderWith({'launcher.lock': holder(process.pid, 'before'), 'state.json': state})
  const read = (STACK_DIR: string, withStack = true) =>
    readEnvironment({ENV_FILE, STACK_DIR}, {withStack})['POSTGRES_PORT']
  expect(read(living)).toBe('45432')
  expect(read(living, false)).toBeUndefined()
  expect(read(dead)).toBeUndefined()
  expect(readEnvironment({ENV_FILE: 'none', STACK_DIR: living})).toEqual({
    ENV_FILE: 'none',
    STACK_DIR: living,
  })
})
