/**
 * Answers smaller on their way: JSON, CSV and text above a size, by Brotli or gzip. What is built
 * comes compressed from its folder (pages.ts); streams are left alone, an event must not wait.
 */
import {promisify} from 'node:util'
import {brotliCompress, constants, gzip} from 'node:zlib'
import type {FastifyInstance} from 'fastify'

export type Encoding = 'br' | 'gzip'

/** Below this the head of an answer is most of it. */
const BYTES_MIN = 1000
const TEXT = /^(?:text\/|application\/(?:[\w.+-]*json|xml|javascript))/i

/** Figures change with every second: half the size at once is worth more than a little less, later. */
const BROTLI = {[constants.BROTLI_PARAM_QUALITY]: 4}
const compressors: Readonly<Record<Encoding, (body: string) => Promise<Buffer>>> = {
  br: body => promisify(brotliCompress)(body, {params: BROTLI}),
  gzip: body => promisify(gzip)(body, {level: 6}),
}

/** What both sides know, by `Accept-Encoding`; undefined: as it is. */
export function chooseEncoding(accepted: string | undefined): Encoding | undefined {
  if (accepted === undefined) return undefined
  const weights = new Map<string, number>()
  for (const one of accepted.toLowerCase().split(',')) {
    const [name = '', ...parameters] = one.split(';').map(part => part.trim())
    const weight = parameters.find(parameter => parameter.startsWith('q='))
    weights.set(name, weight === undefined ? 1 : Number(weight.slice(2)) || 0)
  }
  const of = (name: Encoding): number => weights.get(name) ?? weights.get('*') ?? 0
  if (of('br') === 0 && of('gzip') === 0) return undefined
  return of('br') >= of('gzip') ? 'br' : 'gzip'
}

/** Call it after the hooks that compare or change bodies: they see them as they are. */
export function addCompression(app: FastifyInstance): void {
  app.addHook('onSend', async (request, reply, payload) => {
    const type = reply.getHeader('content-type')
    if (typeof payload !== 'string' || typeof type !== 'string' || !TEXT.test(type)) return payload
    const vary = reply.getHeader('vary')
    reply.header(
      'vary',
      vary === undefined ? 'accept-encoding' : `${String(vary)}, accept-encoding`,
    )
    if (payload.length < BYTES_MIN || reply.hasHeader('content-encoding')) return payload
    const encoding = chooseEncoding(request.headers['accept-encoding'])
    if (encoding === undefined) return payload
    reply.header('content-encoding', encoding).removeHeader('content-length')
    return await compressors[encoding](payload)
  })
}
