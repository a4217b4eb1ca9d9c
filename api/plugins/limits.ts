/**
 * Limits on how much is asked: by address, by key, and at one moment.
 *
 * Counts of a minute are kept in Redis, so that several API processes share them. A process draws
 * allowances in portions, so that most requests ask nobody. Without Redis each process counts for
 * itself: the limit then holds per process.
 */
import type {FastifyInstance, FastifyReply} from 'fastify'
import {LRUCache} from 'lru-cache'
import {Problem} from '../problem.ts'

export interface Counter {
  /** Adds to a counter that lives for one window and returns its new value. */
  add(key: string, amount: number, windowMs: number): Promise<number>
}

export interface Allowance {
  readonly allowed: boolean
  readonly remaining: number
  readonly resetSeconds: number
}

const WINDOW_MS = 60_000
const PORTIONS = 50
const CALLERS_REMEMBERED = 20_000

interface Drawn {
  window: number
  left: number
  used: number
  exhausted: boolean
}

/** @param counter shared count; when it fails, `max` holds for this process alone */
function createLimiter(counter: Counter): (caller: string, max: number) => Promise<Allowance> {
  const drawn = new LRUCache<string, Drawn>({max: CALLERS_REMEMBERED})
  return async (caller, max) => {
    const at = Date.now()
    const window = Math.floor(at / WINDOW_MS)
    const resetSeconds = Math.ceil(((window + 1) * WINDOW_MS - at) / 1000)
    let own = drawn.get(caller)
    if (own?.window !== window) {
      own = {window, left: 0, used: 0, exhausted: false}
      drawn.set(caller, own)
    }
    if (own.left <= 0 && !own.exhausted) {
      const portion = Math.max(1, Math.floor(max / PORTIONS))
      const total = await counter
        .add(`limit:${caller}:${window}`, portion, WINDOW_MS * 2)
        .catch(() => own.used + portion)
      const granted = Math.min(portion, max - (total - portion))
      if (granted <= 0) own.exhausted = true
      else own.left += granted
    }
    if (own.left <= 0) return {allowed: false, remaining: 0, resetSeconds}
    own.left--
    own.used++
    return {allowed: true, remaining: Math.max(0, max - own.used), resetSeconds}
  }
}

export interface LimitOptions {
  readonly counter: Counter
  readonly perKeyPerMinute: number
  readonly perAddressPerMinute: number
  readonly inFlightMax: number
}

function enforce(reply: FastifyReply, max: number, allowance: Allowance): void {
  reply.header('ratelimit-limit', max)
  reply.header('ratelimit-remaining', allowance.remaining)
  reply.header('ratelimit-reset', allowance.resetSeconds)
  if (allowance.allowed) return
  throw new Problem('too-many-requests', `more than ${max} requests in this minute`, {
    retryAfterSeconds: allowance.resetSeconds,
  })
}

/** Call before auth is added for `address`, after it for `key`: guessing of keys is limited too. */
export function addAddressLimit(app: FastifyInstance, options: LimitOptions): void {
  const take = createLimiter(options.counter)
  const max = options.perAddressPerMinute
  let inFlight = 0
  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.config.scope === 'none') return
    if (inFlight >= options.inFlightMax) {
      const detail = `more than ${options.inFlightMax} requests are being answered`
      throw new Problem('unavailable', detail, {retryAfterSeconds: 1})
    }
    if (max > 0) enforce(reply, max, await take(`address:${request.ip}`, max))
  })
  // Counted in the last hook that every taken request passes, and given back when it is over.
  app.addHook('preHandler', (request, reply, done) => {
    if (request.routeOptions.config.live !== true) {
      inFlight++
      reply.raw.once('close', () => inFlight--)
    }
    done()
  })
}

export function addKeyLimit(app: FastifyInstance, options: LimitOptions): void {
  const take = createLimiter(options.counter)
  const max = options.perKeyPerMinute
  if (max === 0) return
  app.addHook('onRequest', async (request, reply) => {
    const {scope} = request.routeOptions.config
    if (scope === 'none' || scope === undefined) return
    enforce(reply, max, await take(`key:${request.principal.id}`, max))
  })
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A stream that stays open: it has limits of its own. */
    live?: boolean
  }
}
