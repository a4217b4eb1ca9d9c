/**
 * The pages at `/`, as they were built into one folder. Their content security policy is stricter
 * than that of the rest: scripts, styles, fonts and questions of this server only, nothing inline.
 * The build leaves each file compressed beside itself (dashboard/vite.config.ts).
 */
import {existsSync} from 'node:fs'
import {join, resolve} from 'node:path'
import fastifyStatic from '@fastify/static'
import type {FastifyRequest} from 'fastify'
import type {Api} from '../app.ts'
import {notFound} from '../problem.ts'

export const PAGES_CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ')

/** Names of assets carry a hash of their content: what has come once never changes. */
const FOREVER = 'public, max-age=31536000, immutable'

/** A way out of the folder is refused below, too, but as a failure. */
const ASSET = /^\w[\w.-]*$/

const READS = new Set(['GET', 'HEAD'])

/** Whether somebody typed this into the address bar, rather than a program asking. */
const wantsPage = ({method, headers: {accept}}: FastifyRequest): boolean =>
  READS.has(method) && accept?.includes('text/html') === true

/** @param folder of the built pages; they may appear while the server runs */
export async function addPages(app: Api, folder: string): Promise<void> {
  const root = resolve(folder)
  await app.register(fastifyStatic, {
    root,
    serve: false,
    index: false,
    cacheControl: false,
    preCompressed: true,
  })
  const config = {scope: 'none'} as const
  const schema = {hide: true}
  const headers = {'content-security-policy': PAGES_CSP}
  const isBuilt = (): boolean => existsSync(join(root, 'index.html'))
  /** An address that no route has, by whatever method. */
  const isUnknown = ({is404, url}: FastifyRequest): boolean => {
    const path = url.split('?', 1)[0]!
    return is404 && app.routePatterns?.some(({pattern}) => pattern.test(path)) !== true
  }
  app.addHook('onRequest', async (request, reply) => {
    if (!isUnknown(request) || !wantsPage(request) || !isBuilt()) return undefined
    // The page itself says that there is nothing, and what there is instead.
    return reply
      .code(404)
      .headers({...headers, 'cache-control': 'no-store', vary: 'accept'})
      .sendFile('index.html')
  })
  app.get('/', {config, schema}, (_request, reply) => {
    if (!isBuilt()) {
      const built = 'dashboard/dist/index.html (node scripts/build-dashboard.ts builds it)'
      throw notFound('page', built)
    }
    return reply.headers({...headers, 'cache-control': 'no-cache'}).sendFile('index.html')
  })
  app.get('/icon.svg', {config, schema}, (_request, reply) =>
    reply.headers({...headers, 'cache-control': 'public, max-age=3600'}).sendFile('icon.svg'),
  )
  app.get<{Params: {name: string}}>(
    '/assets/:name',
    {config, schema},
    ({params: {name}}, reply) => {
      if (!ASSET.test(name)) throw notFound('asset', name)
      return reply
        .headers({...headers, 'cache-control': FOREVER})
        .sendFile(name, join(root, 'assets'))
    },
  )
}
