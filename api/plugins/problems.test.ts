import {fastify} from 'fastify'
import {expect, test} from 'vitest'
import {addProblems, recordRoutes} from './problems.ts'

test('a verb of a collection is none of its ids: by another method it is 405 with what is allowed', async () => {
  const app = fastify({exposeHeadRoutes: true})
  recordRoutes(app)
  addProblems(app)
  app.get('/things/:id', () => 'one')
  app.post('/things/discard', () => 'done')
  app.get('/things/:id/discard', () => 'another')
  const ask = async (method: 'GET' | 'HEAD' | 'POST', url: string) =>
    await app.inject({method, url})
  const refused = await ask('GET', '/things/discard?reason=x')
  expect(refused.statusCode).toBe(405)
  expect(refused.headers['allow']).toBe('POST')
  expect((await ask('HEAD', '/things/discard')).statusCode).toBe(405)
  expect((await ask('POST', '/things/discard')).body).toBe('done')
  expect((await ask('GET', '/things/7')).body).toBe('one')
  expect((await ask('GET', '/things/discard/discard')).body).toBe('another')
})
