/** A GraphQL client over a WebSocket, as small as the protocol `graphql-transport-ws` allows. */
import {once} from 'node:events'

interface Message {
  readonly type: string
  readonly payload?: unknown
}

/** Messages of one subscription, in order, until it is complete, refused or the socket is closed. */
export async function* subscribe(url: string, query: string): AsyncGenerator<Message> {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/graphql`, 'graphql-transport-ws')
  const queue: Message[] = []
  let wake = (): void => {}
  const put = (message: Message): void => {
    queue.push(message)
    wake()
  }
  socket.addEventListener('message', ({data}) => {
    const message = JSON.parse(String(data)) as Message
    if (message.type === 'ping') socket.send('{"type":"pong"}')
    else if (message.type !== 'connection_ack') put(message)
    else socket.send(JSON.stringify({id: '1', type: 'subscribe', payload: {query}}))
  })
  socket.addEventListener('close', ({code}) => {
    put({type: 'closed', payload: code})
  })
  try {
    await once(socket, 'open')
    socket.send('{"type":"connection_init"}')
    for (;;) {
      const message = queue.shift()
      if (message === undefined) {
        await new Promise<void>(resolve => {
          wake = resolve
        })
        continue
      }
      yield message
      if (message.type !== 'next') return
    }
  } finally {
    socket.close()
  }
}
