/** Health and metrics over HTTP, for services that serve nothing else. */
import {createServer, type ServerResponse} from 'node:http'
import type {AddressInfo} from 'node:net'
import {messageOf, PipelineError} from './errors.ts'
import type {Metrics} from './metrics.ts'

/** Readiness looks at the flow: `reasons` says, for people, what is wrong. */
export interface Readiness {
  readonly ready: boolean
  readonly reasons: readonly string[]
  /** Figures worth a look, such as lag. */
  readonly details?: Readonly<Record<string, unknown>>
}

export interface StatusServer {
  readonly url: string
  close(): Promise<void>
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, {'content-type': type, 'cache-control': 'no-store'})
  response.end(body)
}

/**
 * Serves `/health/live`, `/health/ready` (503 with reasons when not ready) and `/metrics`.
 *
 * @throws `UPSTREAM_REFUSED` when the port is taken, naming `variable`
 */
export async function openStatusServer(
  listen: {readonly host: string; readonly port: number; readonly variable: string},
  deps: {readonly metrics: Metrics; readonly readiness: () => Promise<Readiness> | Readiness},
): Promise<StatusServer> {
  const answer = async (path: string, response: ServerResponse): Promise<void> => {
    if (path === '/health/live') return send(response, 200, 'application/json', '{"live":true}')
    if (path === '/health/ready') {
      const readiness = await deps.readiness()
      return send(
        response,
        readiness.ready ? 200 : 503,
        'application/json',
        JSON.stringify(readiness),
      )
    }
    if (path === '/metrics') {
      return send(response, 200, deps.metrics.contentType, await deps.metrics.render())
    }
    return send(response, 404, 'text/plain', 'try /health/live, /health/ready or /metrics\n')
  }
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0]!
    answer(path, response).catch((error: unknown) => {
      send(response, 500, 'text/plain', `${messageOf(error)}\n`)
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'is already in use' : error.message
      const message = `port ${listen.port} ${why}; set ${listen.variable} to a free one`
      reject(new PipelineError('UPSTREAM_REFUSED', message, {disposition: 'stop', cause: error}))
    })
    server.listen(listen.port, listen.host, resolve)
  })
  const {port} = server.address() as AddressInfo
  return {
    url: `http://${listen.host}:${port}`,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
