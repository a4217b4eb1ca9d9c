/**
 * A proxy before a broker that loses what it is told to lose.
 *
 * Clients ask the broker where it is and would then go past the proxy: the port is replaced in what
 * the broker says about itself.
 */
import {once} from 'node:events'
import {connect, createServer, type AddressInfo, type Socket} from 'node:net'

/** `requests` and `answers` are lost silently; `reset-at-answer` cuts the connection instead. */
export type Fault = 'none' | 'requests' | 'answers' | 'reset-at-answer'

export interface TcpProxy {
  /** host:port, for clients. */
  readonly address: string
  /** From now on. What was lost stays lost. */
  inject(fault: Fault): void
  /** Resets every connection that is open now. */
  cut(): void
  /** Bytes lost by the faults so far: a test that lost nothing has tested nothing. */
  readonly lostBytes: number
  close(): Promise<void>
}

export async function openTcpProxy(target: string): Promise<TcpProxy> {
  const [host = '', portText = ''] = target.split(':')
  const port = Number(portText)
  const pairs = new Set<readonly [Socket, Socket]>()
  let fault: Fault = 'none'
  let lostBytes = 0
  const server = createServer(client => {
    const upstream = connect(port, host)
    const pair = [client, upstream] as const
    pairs.add(pair)
    const end = (): void => {
      pairs.delete(pair)
      client.destroy()
      upstream.destroy()
    }
    for (const socket of pair) socket.on('error', end).on('close', end)
    client.on('data', bytes => {
      if (fault === 'requests') lostBytes += bytes.length
      else upstream.write(bytes)
    })
    upstream.on('data', bytes => {
      if (fault === 'none' || fault === 'requests') return client.write(renamePort(bytes))
      lostBytes += bytes.length
      if (fault === 'reset-at-answer') client.resetAndDestroy()
      return true
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const own = (server.address() as AddressInfo).port

  function renamePort(bytes: Buffer): Buffer {
    const said = Buffer.alloc(host.length + 4)
    said.write(host, 'latin1')
    said.writeInt32BE(port, host.length)
    for (let at = bytes.indexOf(said); at >= 0; at = bytes.indexOf(said, at + 1)) {
      bytes.writeInt32BE(own, at + host.length)
    }
    return bytes
  }

  const cut = (): void => {
    for (const [client] of pairs) client.resetAndDestroy()
  }
  return {
    address: `127.0.0.1:${own}`,
    inject(next) {
      fault = next
    },
    cut,
    get lostBytes() {
      return lostBytes
    },
    async close() {
      server.close()
      cut()
      await once(server, 'close')
    },
  }
}
