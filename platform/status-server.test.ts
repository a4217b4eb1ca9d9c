import {expect, test} from 'vitest'
import {createMetrics} from './metrics.ts'
import {openStatusServer} from './status-server.ts'

const listen = {host: '127.0.0.1', port: 0, variable: 'RELAY_PORT'}

test('readiness answers 503 with its reasons, liveness and metrics go on', async () => {
  const metrics = createMetrics()
  metrics.counter('relay_rows_total', 'Rows').inc(3)
  const server = await openStatusServer(listen, {
    metrics,
    readiness: () => ({ready: false, reasons: ['rows wait and nothing is published']}),
  })
  try {
    const ready = await fetch(`${server.url}/health/ready`)
    expect(ready.status).toBe(503)
    expect(await ready.json()).toMatchObject({reasons: ['rows wait and nothing is published']})
    expect((await fetch(`${server.url}/health/live`)).status).toBe(200)
    expect(await (await fetch(`${server.url}/metrics`)).text()).toContain('relay_rows_total 3')
    expect((await fetch(`${server.url}/nothing`)).status).toBe(404)
  } finally {
    await server.close()
  }
})

test('a taken port is named together with the variable that moves it', async () => {
  const deps = {metrics: createMetrics(), readiness: () => ({ready: true, reasons: []})}
  const first = await openStatusServer(listen, deps)
  const port = Number(new URL(first.url).port)
  try {
    await expect(openStatusServer({...listen, port}, deps)).rejects.toThrow(
      `port ${port} is already in use; set RELAY_PORT`,
    )
  } finally {
    await first.close()
  }
})
