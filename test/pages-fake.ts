/**
 * A server with invented figures, to look at the pages without the pipeline:
 * `node test/pages-fake.ts [port]` after `node scripts/build-dashboard.ts`.
 */
import {readFile} from 'node:fs/promises'
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http'
import {extname, join} from 'node:path'
import {PAGES_CSP} from '../api/plugins/pages.ts'
import {activity, contents, meta, metrics, platform, point, ROUTES} from './pages-figures.ts'
import {SCHEDULE_ROUTES} from './pages-figures-schedules.ts'
import {ALERT_ROUTES, liveAlerts} from './pages-figures-alerts.ts'
import {INSIGHT_ROUTES} from './pages-figures-insight.ts'
import {STREAM_ROUTES} from './pages-figures-streams.ts'
import {HOSTILE} from './pages-hostile.ts'

const DIST = new URL('../dashboard/dist/', import.meta.url).pathname
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
}

function sendProblem(response: ServerResponse, detail: string): void {
  response.writeHead(404, {'content-type': 'application/problem+json'})
  response.end(JSON.stringify({title: 'There is nothing at this address', detail}))
}

async function sendRefusal(refusal: Response, response: ServerResponse): Promise<void> {
  response.writeHead(refusal.status, {'content-type': 'application/problem+json'})
  response.end(await refusal.text())
}

function sendLive(path: string, response: ServerResponse): void {
  const id = path.split('/').at(-1)
  const content = contents.find(c => c.id === id)
  if (path.includes('/content/') && content === undefined)
    return sendProblem(response, `there is no content ${id}`)
  response.writeHead(200, {'content-type': 'text/event-stream', 'cache-control': 'no-store'})
  const send = (event: string, data: unknown): unknown =>
    response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
  const tick = (): void => {
    if (path.includes('/content/')) {
      send('content', {content, metrics: metrics(1), meta: meta()})
    } else if (path.endsWith('/activity')) {
      send('activity', {
        value: {
          ...activity[0],
          event_id: Math.floor(Date.now() / 1000),
          user_id: HOSTILE.emoji,
          occurred_at: Date.now() * 1000,
          op: 'c',
        },
      })
    } else if (path.endsWith('/alerts/live')) send('alerts', liveAlerts)
    else send('platform', platform())
  }
  if (path.endsWith('/platform')) {
    const points = Array.from({length: 180}, (_, i) => point(Date.now() - (180 - i) * 10_000))
    send('history', {step_seconds: 10, points})
  }
  tick()
  const timer = setInterval(tick, 1000)
  response.on('close', () => clearInterval(timer))
}

async function sendFile(
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const read = async (name: string): Promise<Buffer | undefined> =>
    name.includes('..') || TYPES[extname(name)] === undefined
      ? undefined
      : await readFile(join(DIST, name)).catch(() => undefined)
  let name = path === '/' ? 'index.html' : path.slice(1)
  let body = await read(name)
  const isKnown = body !== undefined
  if (!isKnown && request.headers.accept?.includes('text/html') === true) {
    name = 'index.html'
    body = await read(name)
  }
  if (body === undefined) return sendProblem(response, `there is nothing at ${path}`)
  const type = TYPES[extname(name)]!
  const headers = {'content-type': type, 'content-security-policy': PAGES_CSP}
  response.writeHead(isKnown ? 200 : 404, headers).end(body)
}

/** Starts the server; port 0 takes a free one. */
export async function startFakeApi(
  port = 0,
): Promise<{readonly url: string; readonly server: Server}> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    if (/^\/v1\/(live\/|alerts\/live$)/.test(url.pathname)) return sendLive(url.pathname, response)
    const routes = [
      ...ROUTES,
      ...STREAM_ROUTES,
      ...SCHEDULE_ROUTES,
      ...ALERT_ROUTES,
      ...INSIGHT_ROUTES,
    ]
    for (const [pattern, answer] of routes) {
      const match = pattern.exec(url.pathname)
      if (match === null) continue
      const body = answer(url.searchParams, match)
      if (body === undefined) return sendProblem(response, `there is nothing at ${url.pathname}`)
      if (body instanceof Response) return void sendRefusal(body, response)
      response.writeHead(200, {'content-type': 'application/json'})
      response.end(JSON.stringify(body))
      return
    }
    void sendFile(url.pathname, request, response)
  })
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  const address = server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  return {url: `http://127.0.0.1:${bound}`, server}
}

if (import.meta.main) {
  const {url} = await startFakeApi(Number(process.argv[2] ?? 21_700))
  console.log(`pages with invented figures: ${url}`)
}
