import {once} from 'node:events'
import {createServer} from 'node:http'
import type {AddressInfo} from 'node:net'
import {expect, test} from 'vitest'
import {createRegistry} from './registry.ts'

/** A registry that gives one answer to everything, and counts what it is asked. */
async function openRegistry(answer: (method: string, path: string) => number) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    const {method = '', url = ''} = request
    asked.push(`${method} ${url}`)
    response.statusCode = answer(method, url)
    response.setHeader('content-type', 'application/vnd.schemaregistry.v1+json')
    request.resume().on('end', () => response.end('{"error_code": 1, "message": "no"}'))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const {port} = server.address() as AddressInfo
  return {
    asked,
    registry: createRegistry({url: `http://127.0.0.1:${port}`}),
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

test('an id that is not known is asked for once, however many records carry it', async () => {
  await using world = await openRegistry(() => 404)
  for (let n = 0; n < 5; n++) {
    await expect(world.registry.schemaById(7)).rejects.toMatchObject({
      code: 'SCHEMA_UNKNOWN',
      disposition: 'dead-letter',
    })
  }
  expect(world.asked).toEqual(['GET /schemas/ids/7'])
  await expect(world.registry.schemaById(8)).rejects.toMatchObject({code: 'SCHEMA_UNKNOWN'})
  expect(world.asked).toHaveLength(2)
})

test('an id is asked for again when the registry could not answer', async () => {
  await using world = await openRegistry(() => 503)
  for (let n = 0; n < 2; n++) {
    await expect(world.registry.schemaById(7)).rejects.toMatchObject({disposition: 'retry'})
  }
  expect(world.asked).toHaveLength(2)
})

test.each([409, 422])(
  'a schema that is answered with %i is refused, not tried again',
  async code => {
    await using world = await openRegistry((method, path) => {
      return method === 'POST' && path.endsWith('/versions') ? code : method === 'PUT' ? 200 : 404
    })
    const schema = {type: 'record', name: 'R', fields: []}
    await expect(world.registry.register('subject', schema)).rejects.toMatchObject({
      code: 'SCHEMA_INCOMPATIBLE',
      disposition: 'stop',
    })
  },
)
