/** Headers that tell browsers what they may do with answers. */
import type {IncomingMessage, ServerResponse} from 'node:http'
import type {FastifyInstance} from 'fastify'
import helmet from 'helmet'

/** Our pages and the API live at one origin and load nothing from elsewhere. */
const CSP = {
  defaultSrc: ["'self'"],
  scriptSrc: ["'self'"],
  // Charts and the API's pages set sizes by style attributes.
  styleSrc: ["'self'", "'unsafe-inline'"],
  imgSrc: ["'self'", 'data:'],
  connectSrc: ["'self'"],
  objectSrc: ["'none'"],
  baseUri: ["'self'"],
  formAction: ["'self'"],
  frameAncestors: ["'none'"],
  upgradeInsecureRequests: null,
}

/**
 * What helmet sets. Nothing of it depends on the request, so it is asked once: building the policy
 * anew took a tenth of the time of a small answer.
 */
export function securityHeaders({
  production,
}: {
  readonly production: boolean
}): ReadonlyMap<string, string> {
  const headers = new Map<string, string>()
  const response = {
    setHeader: (name: string, value: string) => headers.set(name.toLowerCase(), value),
    removeHeader: (name: string) => headers.delete(name.toLowerCase()),
  }
  const apply = helmet({
    contentSecurityPolicy: {directives: CSP},
    strictTransportSecurity: production,
  })
  const request = {} as IncomingMessage
  apply(request, response as unknown as ServerResponse, (error?: unknown) => {
    if (error !== undefined) throw error as Error
  })
  return headers
}

export function addSecurityHeaders(
  app: FastifyInstance,
  options: {readonly production: boolean},
): void {
  const headers = [...securityHeaders(options)]
  app.addHook('onRequest', (_request, reply, done) => {
    // On the raw response, so that streams, which send their own head, have them too.
    for (const [name, value] of headers) reply.raw.setHeader(name, value)
    done()
  })
}
