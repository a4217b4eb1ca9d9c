import {once} from 'node:events'
import {connect} from 'node:net'
import {fastify} from 'fastify'
import {expect, onTestFinished, test} from 'vitest'
import {answerClientError} from './client-errors.ts'

/** What comes back for these bytes, until the server ends the connection. */
async function send(bytes: string): Promise<{head: string; body: Record<string, unknown>}> {
  const app = fastify({clientErrorHandler: answerClientError})
  app.get('/v1/top', () => 'never')
  const url = await app.listen({port: 0, host: '127.0.0.1'})
  onTestFinished(async () => await app.close())
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  let text = ''
  socket.setEncoding('utf8').on('data', (part: string) => (text += part))
  // The rest of a long address is not read any more.
  socket.on('error', () => undefined)
  socket.write(bytes)
  await once(socket, 'close')
  const [head, body] = text.split('\r\n\r\n')
  return {head: head!, body: JSON.parse(body!) as Record<string, unknown>}
}

test('an address too long for the server is refused as a problem that says what to do', async () => {
  const {head, body} = await send(`GET /v1/top?metrics=${'a,'.repeat(9000)} HTTP/1.1\r\n\r\n`)
  expect(head).toContain('HTTP/1.1 431 Request Header Fields Too Large')
  expect(head).toContain('content-type: application/problem+json')
  expect(body).toMatchObject({
    type: '/problems/headers-too-large',
    status: 431,
    detail: 'the address and the headers are more than 16384 bytes',
    instance: '/v1/top',
    errors: [],
  })
})

test('what is not HTTP is refused as a problem', async () => {
  const {head, body} = await send('SELECT 1;\r\n\r\n')
  expect(head).toContain('HTTP/1.1 400 Bad Request')
  expect(body).toMatchObject({type: '/problems/invalid-request', status: 400, instance: '/'})
})
