import {once} from 'node:events'
import {createServer, type RequestListener} from 'node:http'
import {isIP, type AddressInfo} from 'node:net'
import {afterEach, expect, test} from 'vitest'
import {PipelineError} from './errors.ts'
import {
  createGuardedFetch,
  isCallable,
  parseAllow,
  type GuardedFetchOptions,
} from './guarded-fetch.ts'

let cleanUps: Array<() => Promise<unknown>> = []
afterEach(async () => {
  await Promise.all(cleanUps.map(async cleanUp => await cleanUp()))
  cleanUps = []
})

async function serve(answer: RequestListener): Promise<number> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanUps.push(async () => {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

/** @param names what they resolve to, one list after the other */
function setup(allow: string, names: readonly (readonly string[])[] = [], timeoutMs = 5000) {
  let asked = 0
  const lookup: GuardedFetchOptions['lookup'] = (_host, _options, done) => {
    const addresses = names[Math.min(asked, names.length - 1)]!
    asked += 1
    done(
      null,
      addresses.map(address => ({address, family: isIP(address)})),
    )
  }
  const call = createGuardedFetch({allow: parseAllow(allow), timeoutMs, lookup})
  cleanUps.push(() => call.close())
  return call
}

const refusalOf = async (work: Promise<unknown>): Promise<string> =>
  await work.then(
    () => 'answered',
    (error: unknown) =>
      error instanceof PipelineError ? `${error.disposition}: ${error.message}` : String(error),
  )

test.each([
  ['93.184.216.34', true],
  ['2606:2800:220:1:248:1893:25c8:1946', true],
  ['127.0.0.1', false],
  ['10.1.2.3', false],
  ['172.16.0.1', false],
  ['192.168.1.1', false],
  ['169.254.169.254', false],
  ['100.64.0.1', false],
  ['0.0.0.0', false],
  ['224.0.0.1', false],
  ['255.255.255.255', false],
  ['::1', false],
  ['::', false],
  ['4000::1', false],
  ['fe80::1', false],
  ['fd00::1', false],
  ['::ffff:127.0.0.1', false],
  ['64:ff9b::7f00:1', false],
  ['2002:7f00:1::', false],
])('%s may be called: %s', (address, isPublic) => {
  expect(isCallable(address, [])).toBe(isPublic)
})

test('what is allowed may be called, in whatever form it comes, and nothing beside it', () => {
  const allow = parseAllow('127.0.0.1, 10.0.0.0/8 ,fd00::/8,')
  for (const address of ['127.0.0.1', '::ffff:127.0.0.1', '10.255.0.1', 'fd12::1']) {
    expect(isCallable(address, allow), address).toBe(true)
  }
  for (const address of ['127.0.0.2', '192.168.0.1', 'fe80::1']) {
    expect(isCallable(address, allow), address).toBe(false)
  }
})

test.each(['example.org', '10.0.0.0/33', '10.0.0'])('%s is no range', entry => {
  expect(() => parseAllow(`127.0.0.1,${entry}`)).toThrow(
    `${entry} is no address: give one, or a range such as 10.0.0.0/8`,
  )
})

test('an allowed server answers: status, headers, the begin of its body', async () => {
  const port = await serve((request, response) => {
    response.writeHead(429, {'retry-after': '3'})
    request.pipe(response)
  })
  const call = setup('127.0.0.1')
  const body = 'ü'.repeat(3000)
  const answer = await call(`http://127.0.0.1:${port}/`, {method: 'POST', body})
  expect(answer).toMatchObject({status: 429, ok: false, text: 'ü'.repeat(2000)})
  expect(answer.header('Retry-After')).toBe('3')
  expect(answer.header('x-none')).toBeNull()
})

test('an address that is not public is refused before anything is sent', async () => {
  let calls = 0
  const port = await serve((_request, response) => {
    calls += 1
    response.end()
  })
  for (const host of ['127.0.0.1', '[::1]', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]']) {
    const refusal = await refusalOf(setup('')(`http://${host}:${port}/`))
    expect(refusal, host).toMatch(
      /^dead-letter: \S+ is no public address: allow it when it is meant$/,
    )
  }
  expect(calls).toBe(0)
})

test('a name is refused when one of its addresses is not public', async () => {
  const call = setup('', [['93.184.216.34', '10.0.0.1']])
  expect(await refusalOf(call('http://inside.example/'))).toBe(
    'dead-letter: inside.example is at 10.0.0.1, which is no public address: allow it when it is meant',
  )
})

test('a name that resolves elsewhere after it was checked is checked again by its connection', async () => {
  const port = await serve((_request, response) => {
    response.writeHead(200, {connection: 'close'}).end()
  })
  const call = setup('127.0.0.1', [['127.0.0.1'], ['127.0.0.2']])
  const url = `http://rebound.example:${port}/`
  expect(await call(url)).toMatchObject({status: 200})
  expect(await refusalOf(call(url))).toMatch(/^dead-letter: rebound\.example is at 127\.0\.0\.2, /)
})

test('a redirect is not followed', async () => {
  const port = await serve((_request, response) => {
    response.writeHead(307, {location: 'http://169.254.169.254/'}).end()
  })
  const answer = await setup('127.0.0.1')(`http://127.0.0.1:${port}/`)
  expect(answer.status).toBe(307)
  expect(answer.header('location')).toBe('http://169.254.169.254/')
})

test('who answers too late, half, or not at all is unavailable', async () => {
  const silent = await serve(() => undefined)
  expect(await refusalOf(setup('127.0.0.1', [], 50)(`http://127.0.0.1:${silent}/`))).toBe(
    'retry: 127.0.0.1: no answer within 50 ms',
  )
  const halting = await serve((_request, response) => void response.write('half'))
  expect(await refusalOf(setup('127.0.0.1', [], 50)(`http://127.0.0.1:${halting}/`))).toBe(
    'retry: 127.0.0.1: no answer within 50 ms',
  )
  const gone = await serve((request, response) => void (request.destroy(), response.destroy()))
  expect(await refusalOf(setup('127.0.0.1')(`http://127.0.0.1:${gone}/`))).toMatch(/^retry: /)
})

test('a signal ends the call with its reason', async () => {
  const silent = await serve(() => undefined)
  const stop = new AbortController()
  const calling = setup('127.0.0.1')(`http://127.0.0.1:${silent}/`, {signal: stop.signal})
  stop.abort(new Error('told to stop'))
  await expect(calling).rejects.toThrow('told to stop')
})

test.each(['ftp://example.org/', 'no url', 'file:///etc/passwd'])(
  '%s is no URL to call',
  async url => {
    expect(await refusalOf(setup('')(url))).toBe(
      'dead-letter: give a URL that starts with http:// or https://',
    )
  },
)
