import pino from 'pino'
import {expect, test} from 'vitest'
import {createReadiness} from './readiness.ts'
import {createPolicyWatch, problemOfMemory} from './redis-policy.ts'

const info = (policy: string, maxmemory = '536870912'): string =>
  `# Memory\r\nused_memory:1\r\nmaxmemory:${maxmemory}\r\nmaxmemory_human:512M\r\nmaxmemory_policy:${policy}\r\n`

test('a server that evicts keys is told of, by the name of its policy', () => {
  expect(problemOfMemory(info('volatile-lru'))).toContain('maxmemory-policy volatile-lru')
  expect(problemOfMemory(info('noeviction'))).toBeNull()
  expect(problemOfMemory(info('allkeys-lru', '0')), 'without a limit').toBeNull()
  expect(problemOfMemory(''), 'it does not say').toBeNull()
})

test('it is said in the log once and in readiness, which stays ready', async () => {
  const lines: string[] = []
  const log = pino({}, {write: line => void lines.push(line)})
  const readiness = createReadiness(() => 0)
  readiness.of('').owned([])
  const stop = new AbortController()
  const said = Promise.withResolvers<void>()
  const send = async (): Promise<string> => info('allkeys-lfu')
  const onProblem = (problem: string | null): void => {
    readiness.warned('redis', problem)
    said.resolve()
  }
  const running = createPolicyWatch({send}, {onProblem, log}).run(stop.signal)
  await said.promise
  stop.abort()
  await running
  expect(lines).toHaveLength(1)
  const {ready, details} = readiness.judge()
  expect([ready, details?.['warnings']]).toEqual([
    true,
    {redis: expect.stringContaining('maxmemory-policy allkeys-lfu')},
  ])
  readiness.warned('redis', null)
  expect(readiness.judge().details?.['warnings']).toEqual({})
})
