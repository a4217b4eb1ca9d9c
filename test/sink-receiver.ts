/** A system that is not ours: takes signed requests, remembers them, and behaves as a test wants. */
import {once} from 'node:events'
import {createServer, type IncomingMessage} from 'node:http'
import type {AddressInfo} from 'node:net'
import {text} from 'node:stream/consumers'
import {Webhook} from 'standardwebhooks'

export interface ReceivedEvent {
  readonly id: string
  readonly op: string
  readonly outbox_id: number
  readonly event: Readonly<Record<string, unknown>>
}

export interface Received {
  readonly id: string
  readonly body: string
  readonly events: readonly ReceivedEvent[]
  readonly atMs: number
}

/** `away`: the connection is closed without an answer. */
export type Behaviour = (
  request: Received,
) => 'away' | {readonly status: number; readonly headers?: Readonly<Record<string, string>>}

const TAKEN = {status: 200} as const

export async function openReceiver(secret: string) {
  const webhook = new Webhook(secret)
  /** What was taken, in the order in which it came. */
  const taken: Received[] = []
  /** Everything that came. */
  const seen: Received[] = []
  const unsigned: string[] = []
  let behave: Behaviour = () => TAKEN

  const toReceived = async (request: IncomingMessage): Promise<Received> => {
    const body = await text(request)
    const headers = request.headers as Readonly<Record<string, string>>
    try {
      webhook.verify(body, headers)
    } catch (error) {
      unsigned.push(String(error))
    }
    const {events} = JSON.parse(body) as {readonly events: readonly ReceivedEvent[]}
    return {id: headers['webhook-id']!, body, events, atMs: performance.now()}
  }

  const server = createServer((request, response) => {
    void (async () => {
      const received = await toReceived(request)
      seen.push(received)
      const answer = behave(received)
      if (answer === 'away') {
        response.destroy()
        return
      }
      if (answer.status < 300) taken.push(received)
      response.writeHead(answer.status, answer.headers).end()
    })()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/in`,
    taken,
    seen,
    unsigned,
    /** From now on; without one it takes everything. */
    behave(next: Behaviour = () => TAKEN) {
      behave = next
    },
    async close() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
