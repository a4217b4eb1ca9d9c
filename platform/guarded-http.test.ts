import {createServer, type RequestListener} from 'node:http'
import type {AddressInfo} from 'node:net'
import {expect, onTestFinished, test} from 'vitest'
import {createGuardedHttp, isAllowed, isNetwork} from './guarded-http.ts'

const LOOPBACK = ['127.0.0.0/8', '::1/128']

async function setup(listener: RequestListener, allow: readonly string[]) {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  const http = createGuardedHttp({allow, timeoutMs: 500})
  onTestFinished(async () => {
    await http.close()
    server.close()
  })
  const {port} = server.address() as AddressInfo
  return {
    port,
    post: async (url: string) => await http.post(url, {headers: {}, body: '{}'}),
  }
}

test.each([
  '127.0.0.1',
  '10.0.0.1',
  '172.16.5.4',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '0.0.0.0',
  '224.0.0.1',
  '255.255.255.255',
  '::1',
  '::',
  'fe80::1',
  'fd00::1',
  '::ffff:10.0.0.1',
  '64:ff9b::a00:1',
  '2002:a00:1::',
  'nonsense',
])('INV-158: %s is not called', address => {
  expect(isAllowed(address, [])).toBe(false)
})

test.each(['93.184.216.34', '2606:2800:220:1::1', '::ffff:93.184.216.34'])(
  'INV-158: %s is called',
  address => {
    expect(isAllowed(address, [])).toBe(true)
  },
)

test('INV-158: a network that is allowed is called, and no other', () => {
  expect(isAllowed('10.1.2.3', ['10.1.0.0/16'])).toBe(true)
  expect(isAllowed('10.2.2.3', ['10.1.0.0/16'])).toBe(false)
  expect(isAllowed('fd00::1', ['10.1.0.0/16', 'fd00::/64'])).toBe(true)
  expect(['10.1.0.0/16', 'fd00::/64', '10.1.0.0', 'example.com'].map(isNetwork)).toEqual([
    true,
    true,
    false,
    false,
  ])
})

test('INV-158: an address is refused before anybody is connected to, written out or behind a name', async () => {
  let calls = 0
  const {port, post} = await setup((_request, response) => {
    calls += 1
    response.end()
  }, [])
  for (const host of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]', '2130706433', '0x7f.1']) {
    await expect(post(`http://${host}:${port}/`), host).rejects.toMatchObject({
      code: 'UPSTREAM_REFUSED',
      disposition: 'dead-letter',
    })
  }
  expect(calls).toBe(0)
})

test('INV-158: a redirect is an answer, and not followed', async () => {
  const asked: string[] = []
  const {port, post} = await setup((request, response) => {
    asked.push(request.url!)
    response.writeHead(307, {location: '/elsewhere', 'retry-after': '7'}).end()
  }, LOOPBACK)
  expect(await post(`http://127.0.0.1:${port}/here`)).toEqual({status: 307, retryAfter: '7'})
  expect(asked).toEqual(['/here'])
})

test('a receiver that is away may be tried again, and one that is silent is given up', async () => {
  const {port, post} = await setup(() => undefined, LOOPBACK)
  for (const url of ['http://127.0.0.1:1/', `http://127.0.0.1:${port}/`]) {
    await expect(post(url)).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      disposition: 'retry',
    })
  }
})
