/**
 * Who asks, and may they: one hook in front of every route, REST, GraphQL and live alike.
 *
 * Guarantees    INV-61: a route without a stated scope is refused at start, so none is open by
 *               oversight; keys are taken from headers only, never from an address.
 */
import type {FastifyInstance, FastifyRequest} from 'fastify'
import {allows, isLoopback, readSession, type Principal, type Scope} from '../access.ts'
import type {KeyStore} from '../key-store.ts'
import {Problem} from '../problem.ts'

export const SESSION_COOKIE = 'oam_session'

declare module 'fastify' {
  interface FastifyRequest {
    principal: Principal
  }
  interface FastifyContextConfig {
    /** What a caller must be allowed; `none` needs no key (health, documents, sign-in). */
    scope?: Scope | 'none'
  }
}

const NOBODY: Principal = {id: 'nobody', scopes: [], by: 'open'}
const OPEN: Principal = {id: 'open', scopes: ['read', 'write', 'admin'], by: 'open'}
const GRAPHQL = /^\/(graphql|graphiql)/
const PAGES = /^\/(index\.html|icon\.svg|assets\/.*)?$/
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

export interface AuthOptions {
  readonly access: 'open' | 'keys'
  readonly secret: string
  readonly keys: KeyStore
  readonly corsOrigins: readonly string[]
}

function presentedKey(request: FastifyRequest): string | undefined {
  const own = request.headers['x-api-key']
  if (typeof own === 'string') return own
  const {authorization} = request.headers
  return authorization?.startsWith('Bearer ') === true ? authorization.slice(7) : undefined
}

const hostOf = (authority: string): string =>
  URL.canParse(`http://${authority}`) ? new URL(`http://${authority}`).hostname : ''

/** Whether a browser sends this for a page that is not ours. */
export function isForeign(
  headers: {readonly origin?: string | undefined; readonly host?: string | undefined},
  corsOrigins: readonly string[],
): boolean {
  const {origin, host} = headers
  if (origin === undefined) return false
  if (corsOrigins.includes(origin)) return false
  return !URL.canParse(origin) || new URL(origin).host !== host
}

export function addAuth(app: FastifyInstance, options: AuthOptions): void {
  const {access, secret, keys, corsOrigins} = options

  const fromCookie = async (request: FastifyRequest): Promise<Principal | undefined> => {
    const cookie = request.cookies[SESSION_COOKIE]
    if (cookie === undefined) return undefined
    const prefix = readSession(secret, cookie, Date.now())
    const principal = prefix === undefined ? undefined : await keys.identifyPrefix(prefix)
    // A cookie travels by itself: changes, and sockets, are taken from our own pages only.
    const isSocket = request.headers.upgrade?.toLowerCase() === 'websocket'
    if (principal === undefined || (SAFE.has(request.method) && !isSocket)) return principal
    if (request.headers.origin !== undefined && !isForeign(request.headers, corsOrigins)) {
      return principal
    }
    const detail = 'a change or a socket by cookie must come from a page of this server'
    throw new Problem('forbidden', detail)
  }

  const identify = async (request: FastifyRequest): Promise<Principal> => {
    const key = presentedKey(request)
    if (key !== undefined) {
      const principal = await keys.identify(key)
      if (principal !== undefined) return principal
      throw new Problem('unauthorized', 'the API key is unknown, expired or revoked')
    }
    if (access === 'open') {
      // Another site could make a browser on this machine ask: neither its name nor its pages count.
      if (!isLoopback(hostOf(request.headers.host ?? ''))) {
        throw new Problem('forbidden', 'without a key, the server must be asked as localhost')
      }
      if (isForeign(request.headers, corsOrigins)) {
        throw new Problem('forbidden', 'without a key, only pages of this server may ask')
      }
      return OPEN
    }
    return (await fromCookie(request)) ?? NOBODY
  }

  app.decorateRequest('principal')
  app.addHook('onRoute', route => {
    // Pages and their parts are public; what they show is asked for with a key.
    if (PAGES.test(route.url)) route.config = {...route.config, scope: 'none'}
    // GraphQL reads; its routes come from the library.
    if (GRAPHQL.test(route.url)) route.config = {...route.config, scope: 'read'}
    // The page of documents brings its routes along; it shows what /openapi.json says anyway.
    if (route.url.startsWith('/docs')) route.config = {...route.config, scope: 'none'}
    const scope = route.config?.scope
    if (scope === undefined && route.method !== 'OPTIONS') {
      throw new Error(`route ${String(route.method)} ${route.url} states no scope`)
    }
  })
  app.addHook('onRequest', async request => {
    const {scope} = request.routeOptions.config
    if (scope === 'none' || scope === undefined) return
    request.principal = await identify(request)
    if (request.principal === NOBODY) {
      throw new Problem('unauthorized', 'send a key as Authorization: Bearer <key>')
    }
    if (!allows(request.principal.scopes, scope)) {
      throw new Problem('forbidden', `the key lacks the scope ${scope}`)
    }
  })
}
