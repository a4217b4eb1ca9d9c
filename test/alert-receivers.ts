/** Who is told of alerts in tests: a webhook that verifies what it gets, and a mailbox. */
import {createServer} from 'node:http'
import type {AddressInfo} from 'node:net'
import {SMTPServer} from 'smtp-server'
import {Webhook} from 'standardwebhooks'

export interface Received {
  readonly id: string
  readonly at: number
  readonly type: string
  readonly data: {readonly id: number; readonly rule: string; readonly subject: string}
}

/** Answers 503 while it is away; what it takes is verified first. */
export async function openReceiver() {
  const received: Received[] = []
  let secret = ''
  let isAway = false
  let refusals = 0
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      if (isAway) {
        refusals += 1
        response.writeHead(503).end()
        return
      }
      const headers = request.headers as Record<string, string>
      try {
        const body = new Webhook(secret).verify(Buffer.concat(parts).toString(), headers)
        received.push({...(body as Received), id: headers['webhook-id']!, at: Date.now()})
        response.writeHead(204).end()
      } catch {
        response.writeHead(401).end()
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  const {port} = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/alerts`,
    received,
    refusals: () => refusals,
    setSecret(text: string) {
      secret = text
    },
    setAway(away: boolean) {
      isAway = away
    },
    [Symbol.asyncDispose]: async () =>
      await new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export interface Mail {
  readonly at: number
  readonly text: string
}

export async function openMailbox() {
  const mails: Mail[] = []
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    onData(stream, _session, callback) {
      const parts: Buffer[] = []
      stream.on('data', (part: Buffer) => parts.push(part))
      stream.on('end', () => {
        mails.push({at: Date.now(), text: Buffer.concat(parts).toString()})
        callback()
      })
    },
  })
  server.on('error', () => undefined)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const {port} = server.server.address() as AddressInfo
  return {
    url: `smtp://127.0.0.1:${port}`,
    mails,
    [Symbol.asyncDispose]: async () => await new Promise<void>(resolve => server.close(resolve)),
  }
}
