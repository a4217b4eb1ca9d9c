/** A relay behind a pooler: one that shares connections between transactions is refused at the start. */
import {once} from 'node:events'
import {createServer, type AddressInfo, type Socket} from 'node:net'
import {afterEach, expect, test} from 'vitest'
import {assertSession} from '../ingestor/session-check.ts'
import {openClient, type Client} from '../platform/postgres.ts'
import {serverUrl as connectionUrl} from './outbox-world.ts'

/** A database that every server has. */
function serverUrl(): string {
  const url = new URL(connectionUrl())
  url.pathname = '/postgres'
  return url.toString()
}

const closing: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

/** A message of the protocol: its type and what is in it. */
const message = (type: string, body: Buffer): Buffer => {
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length + 4)
  return Buffer.concat([Buffer.from(type), length, body])
}
const READY = message('Z', Buffer.from('I'))
/** Authentication is none, and the key to cancel with is nobody's. */
const WELCOME = Buffer.concat([message('R', Buffer.alloc(4)), message('K', Buffer.alloc(8)), READY])

const socketOf = (client: Client): Socket =>
  (client as unknown as {connection: {stream: Socket}}).connection.stream

/** Connections to the server that nobody uses, the one that was used last first. */
async function openIdle(count: number): Promise<Socket[]> {
  const idle: Socket[] = []
  for (let n = 0; n < count; n++) {
    const client = await openClient(serverUrl(), {applicationName: 'pooler'})
    const socket = socketOf(client)
    socket.removeAllListeners('data')
    closing.push(async () => void socket.destroy())
    idle.push(socket)
  }
  return idle
}

/** Lets a client have a connection for one transaction, or for as long as it stays. */
function serve(client: Socket, idle: Socket[], mode: 'transaction' | 'session'): void {
  let server: Socket | undefined
  let started = false
  const fromServer = (bytes: Buffer): void => {
    client.write(bytes)
    if (mode === 'session' || !bytes.subarray(-READY.length).equals(READY)) return
    server!.off('data', fromServer)
    idle.unshift(server!)
    server = undefined
  }
  client.on('data', (bytes: Buffer) => {
    if (!started) {
      started = true
      client.write(WELCOME)
      return
    }
    // The farewell is the client's alone.
    if (bytes[0] === 'X'.charCodeAt(0)) return
    if (server === undefined) {
      server = idle.shift()!
      server.on('data', fromServer)
    }
    server.write(bytes)
  })
  client.on('error', () => undefined)
}

async function openPooler(mode: 'transaction' | 'session'): Promise<string> {
  const idle = await openIdle(3)
  const pooler = createServer(client => serve(client, idle, mode))
  pooler.listen(0, '127.0.0.1')
  await once(pooler, 'listening')
  closing.push(async () => {
    pooler.close()
    await once(pooler, 'close')
  })
  const url = new URL(serverUrl())
  url.port = String((pooler.address() as AddressInfo).port)
  return url.toString()
}

test('a pooler in transaction mode is refused, with what to do instead', async () => {
  await expect(assertSession(await openPooler('transaction'))).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('pooler in transaction mode') as string,
  })
})

test.each([
  ['PostgreSQL itself', async () => serverUrl()],
  ['a pooler in session mode', async () => await openPooler('session')],
])('%s is taken', async (_, open) => {
  await assertSession(await open())
})
