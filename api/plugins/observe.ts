/** Latency per route, traces, and answers that can be compared by ETag. */
import {hash} from 'node:crypto'
import type {FastifyInstance} from 'fastify'
import type {ApiMetrics} from '../metrics.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** W3C trace context of the caller, when it sent a valid one. */
    traceparent: string | undefined
  }
  interface FastifyContextConfig {
    /** Seconds that an answer may be kept; 0: asked for again each time, by its ETag. */
    maxAge?: number
  }
}

const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

export function addObservation(app: FastifyInstance, metrics: ApiMetrics): void {
  app.decorateRequest('traceparent', undefined)
  app.addHook('onRequest', (request, reply, done) => {
    const {traceparent} = request.headers
    if (typeof traceparent === 'string' && TRACEPARENT.test(traceparent)) {
      request.traceparent = traceparent
      request.log = request.log.child({traceparent})
    }
    reply.header('x-request-id', request.id)
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    const {live} = request.routeOptions.config
    const route = request.routeOptions.url ?? 'unknown'
    metrics.answers.inc({route, method: request.method, status: String(reply.statusCode)})
    if (live !== true)
      metrics.seconds.observe({route, method: request.method}, reply.elapsedTime / 1000)
    done()
  })
}

/** Whether one of the tags of If-None-Match is the answer's. Weak tags compare equal. */
export function matchesTag(header: string, tag: string): boolean {
  const bare = (text: string): string => text.trim().replace(/^W\//, '')
  return header.trim() === '*' || header.split(',').some(one => bare(one) === bare(tag))
}

/**
 * ETag and Cache-Control for what is read: the tag covers the body without `meta`, so that an
 * unchanged number stays unchanged although its age grows.
 */
export function addCaching(app: FastifyInstance): void {
  app.addHook('onSend', (request, reply, payload, done) => {
    const {maxAge} = request.routeOptions.config
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    if (maxAge === undefined || !isRead || reply.statusCode !== 200) {
      if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store')
      return done(null, payload)
    }
    reply.header('cache-control', `private, max-age=${maxAge}, must-revalidate`)
    reply.header('vary', 'accept, authorization, cookie')
    if (typeof payload !== 'string') return done(null, payload)
    const compared = payload.replace(/"meta":\{"source"[^}]*\}/, '')
    const tag = `W/"${hash('sha1', compared, 'base64url').slice(0, 22)}"`
    reply.header('etag', tag)
    const known = request.headers['if-none-match']
    if (known === undefined || !matchesTag(known, tag)) return done(null, payload)
    reply.code(304).removeHeader('content-type').removeHeader('content-length')
    return done(null, '')
  })
}
