import {createServer, type RequestListener} from 'node:http'
import type {AddressInfo} from 'node:net'
import {expect, onTestFinished, test} from 'vitest'
import {fetchPage} from './fetch-page.ts'

/** A service that answers so, and the settings that lead to it. */
async function setup(answer: RequestListener) {
  const server = createServer(answer)
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const {port} = server.address() as AddressInfo
  const settings = {
    url: `http://127.0.0.1:${port}/api/`,
    pageRows: 2,
    pages: 1,
    timeoutMs: 5000,
    bytesMax: 1000,
  }
  const signal = new AbortController().signal
  return {
    settings,
    ask: async (changes: Partial<typeof settings> = {}) =>
      await fetchPage({...settings, ...changes}, {seed: 's', page: 3, signal}),
  }
}

const json =
  (body: unknown): RequestListener =>
  (_, response) => {
    response.end(JSON.stringify(body))
  }

test('a page is asked for by its size, number and seed', async () => {
  let asked: string | undefined
  const {ask} = await setup((request, response) => {
    asked = request.url
    response.end('{"results": [1, 2]}')
  })
  expect(await ask()).toEqual([1, 2])
  expect(asked).toBe('/api/?results=2&page=3&seed=s')
})

test.each<[string, RequestListener, string]>([
  ['refuses', json({error: 'too many'}), 'refused: too many'],
  ['has no list', json({results: {}}), 'has no list "results"'],
  [
    'speaks no JSON',
    (_, response) => void response.end('<html>'),
    'no JSON: it begins with "<html>"',
  ],
  ['fails', (_, response) => void response.writeHead(503).end(), 'answered 503'],
  [
    'sends too much',
    (_, response) => void response.end('x'.repeat(2000)),
    'larger than 1000 bytes',
  ],
  [
    'sends elsewhere',
    (_, response) => void response.writeHead(302, {location: 'http://10.0.0.1/'}).end(),
    'redirect',
  ],
])('a service that %s is told by its address', async (_, answer, why) => {
  const {ask, settings} = await setup(answer)
  const failure = await ask().catch((error: unknown) => error as Error)
  expect(failure).toBeInstanceOf(Error)
  expect((failure as Error).message).toContain(settings.url)
  expect(
    `${(failure as Error).message} ${String((failure as {cause?: {cause?: unknown}}).cause?.cause)}`,
  ).toContain(why)
})

test('a service that does not end its answer is given up in time', async () => {
  const {ask} = await setup((_, response) => void response.write('{'))
  await expect(ask({timeoutMs: 100})).rejects.toThrow('no whole answer within 100 ms')
})
