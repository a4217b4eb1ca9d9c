/** A pooler between clients and PostgreSQL: connections are shared, for a transaction or for as long as one stays. */
import {once} from 'node:events'
import {createServer, type AddressInfo, type Socket} from 'node:net'
import {openClient, type Client} from '../platform/postgres.ts'

export interface Pooler {
  /** The database through the pooler. */
  readonly url: string
  /** Transactions that were served. */
  served(): number
  [Symbol.asyncDispose](): Promise<void>
}

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

/** Connections to the server that nobody uses. */
async function openIdle(url: string, count: number): Promise<Socket[]> {
  const idle: Socket[] = []
  for (let n = 0; n < count; n++) {
    const socket = socketOf(await openClient(url, {applicationName: 'pooler'}))
    socket.removeAllListeners('data')
    idle.push(socket)
  }
  return idle
}

export interface PoolerOptions {
  readonly mode: 'transaction' | 'session'
  readonly connections?: number
  /** Which connection comes next: the one that was used last, or each in turn. */
  readonly next?: 'last' | 'turn'
}

export async function openPooler(
  serverUrl: string,
  {mode, connections = 3, next = 'last'}: PoolerOptions,
): Promise<Pooler> {
  const all = await openIdle(serverUrl, connections)
  const idle = [...all]
  const waiting: ((socket: Socket) => void)[] = []
  const clients = new Set<Socket>()
  let served = 0

  function giveBack(server: Socket): void {
    served += 1
    const first = waiting.shift()
    if (first !== undefined) first(server)
    else if (next === 'last') idle.unshift(server)
    else idle.push(server)
  }

  function serve(client: Socket): void {
    let server: Socket | undefined
    let unsent: Buffer[] | undefined
    let started = false
    const fromServer = (bytes: Buffer): void => {
      client.write(bytes)
      if (mode === 'session' || !bytes.subarray(-READY.length).equals(READY)) return
      server!.off('data', fromServer)
      giveBack(server!)
      server = undefined
    }
    const take = (socket: Socket): void => {
      server = socket
      server.on('data', fromServer)
      for (const bytes of unsent ?? []) server.write(bytes)
      unsent = undefined
    }
    client.on('data', (bytes: Buffer) => {
      if (!started) {
        started = true
        client.write(WELCOME)
        return
      }
      // The farewell is the client's alone.
      if (bytes[0] === 'X'.charCodeAt(0)) return
      if (server !== undefined) {
        server.write(bytes)
        return
      }
      if (unsent !== undefined) {
        unsent.push(bytes)
        return
      }
      unsent = [bytes]
      const free = idle.shift()
      if (free === undefined) waiting.push(take)
      else take(free)
    })
    client.on('error', () => undefined)
    client.on('close', () => clients.delete(client))
    clients.add(client)
  }

  const pooler = createServer(serve)
  pooler.listen(0, '127.0.0.1')
  await once(pooler, 'listening')
  const url = new URL(serverUrl)
  url.port = String((pooler.address() as AddressInfo).port)
  return {
    url: url.toString(),
    served: () => served,
    async [Symbol.asyncDispose]() {
      pooler.close()
      for (const socket of [...clients, ...all]) socket.destroy()
      await once(pooler, 'close')
    },
  }
}
