/** Sends a document to /graphql: subscriptions over a WebSocket, all else by POST. */
const element = id => document.getElementById(id)
const show = text => {
  element('answer').textContent = text
}
const pretty = value => JSON.stringify(value, null, 2)
let socket

function listen(payload) {
  const address = new URL('/graphql', location.href.replace(/^http/, 'ws'))
  socket = new WebSocket(address, 'graphql-transport-ws')
  const send = message => socket.send(JSON.stringify(message))
  socket.addEventListener('open', () => send({type: 'connection_init'}))
  socket.addEventListener('message', ({data}) => {
    const message = JSON.parse(data)
    if (message.type === 'connection_ack') send({id: '1', type: 'subscribe', payload})
    if (message.type === 'ping') send({type: 'pong'})
    if (message.type === 'next' || message.type === 'error') show(pretty(message.payload))
  })
  socket.addEventListener('close', ({code}) => {
    if (code !== 1000) show(`the connection was closed (${code})`)
  })
}

async function run() {
  socket?.close(1000)
  try {
    const payload = {
      query: element('query').value,
      variables: JSON.parse(element('variables').value || '{}'),
    }
    if (/^\s*subscription\b/m.test(payload.query)) return listen(payload)
    const answer = await fetch('/graphql', {
      method: 'POST',
      headers: {'content-type': 'application/json'},
      body: JSON.stringify(payload),
    })
    show(pretty(await answer.json()))
  } catch (error) {
    show(String(error))
  }
}

element('form').addEventListener('submit', event => {
  event.preventDefault()
  void run()
})
document.addEventListener('keydown', event => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void run()
})
const schema = await fetch('/graphiql/schema.graphql')
element('schema').textContent = await schema.text()
