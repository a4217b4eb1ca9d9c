/**
 * Calls to addresses that somebody else chose: only to public ones, and to those that are allowed.
 *
 * Guarantees    INV-158: every address that a connection is made to was looked at, the very one that is connected to:
 *               a name that answers differently the second time is not believed, and no redirect is followed.
 */
import {lookup} from 'node:dns'
import {isIP, type LookupFunction} from 'node:net'
import ipaddr from 'ipaddr.js'
import {Agent, buildConnector, request} from 'undici'
import {messageOf, PipelineError} from './errors.ts'

export interface GuardedHttp {
  /**
   * One request, whatever it is answered with.
   *
   * @throws `UPSTREAM_REFUSED` (dead-letter) when the address is not allowed, `UPSTREAM_UNAVAILABLE` (retry)
   */
  post(url: string, sent: GuardedRequest): Promise<GuardedAnswer>
  close(): Promise<void>
}

export interface GuardedRequest {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface GuardedAnswer {
  readonly status: number
  readonly retryAfter: string | undefined
}

export interface GuardOptions {
  /** Networks beside the public ones, such as `10.1.0.0/16`. */
  readonly allow: readonly string[]
  readonly timeoutMs: number
}

/** What begins with these bits is given out to the public. */
const PUBLIC_IPV6: [ipaddr.IPv6, number] = ipaddr.IPv6.parseCIDR('2000::/3')

export const isNetwork = (text: string): boolean => ipaddr.isValidCIDR(text)

/** Whether an address may be connected to. Pure. */
export function isAllowed(address: string, allow: readonly string[]): boolean {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.process(address)
  const inAllowed = allow.some(network => {
    const range = ipaddr.parseCIDR(network)
    return range[0].kind() === parsed.kind() && parsed.match(range)
  })
  if (inAllowed) return true
  if (parsed.range() !== 'unicast') return false
  return parsed.kind() === 'ipv4' || parsed.match(PUBLIC_IPV6)
}

const notAllowed = (address: string): PipelineError =>
  new PipelineError('UPSTREAM_REFUSED', `${address} is not a public address, and not allowed`, {
    disposition: 'dead-letter',
  })

const guardedLookup =
  (allow: readonly string[]): LookupFunction =>
  (hostname, options, callback) => {
    lookup(hostname, {...options, all: true}, (error, found) => {
      const refused = found?.find(({address}) => !isAllowed(address, allow))
      const [first] = found ?? []
      if (error !== null) callback(error, '', 0)
      else if (refused !== undefined) callback(notAllowed(refused.address), '', 0)
      else if (options.all === true) callback(null, found)
      else callback(null, first!.address, first!.family)
    })
  }

function connectorOf({allow, timeoutMs}: GuardOptions): buildConnector.connector {
  const connect = buildConnector({lookup: guardedLookup(allow), timeout: timeoutMs})
  return (options, callback) => {
    // An address that is written out is looked up nowhere.
    const host = options.hostname.replaceAll(/^\[|\]$/g, '')
    if (isIP(host) !== 0 && !isAllowed(host, allow)) callback(notAllowed(host), null)
    else connect(options, callback)
  }
}

const causesOf = (error: unknown): readonly unknown[] =>
  error instanceof Error
    ? [error, ...causesOf(error.cause), ...(error instanceof AggregateError ? error.errors : [])]
    : []

export function createGuardedHttp(options: GuardOptions): GuardedHttp {
  const {timeoutMs} = options
  const agent = new Agent({
    connect: connectorOf(options),
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    connections: 4,
    keepAliveTimeout: 10_000,
  })
  return {
    async post(url, {headers, body}) {
      try {
        const answer = await request(url, {
          method: 'POST',
          headers,
          body,
          dispatcher: agent,
          signal: AbortSignal.timeout(timeoutMs),
        })
        // What it says besides is nobody's concern: read a little, so that the connection can be used again.
        await answer.body.dump({limit: 65_536})
        const {'retry-after': after} = answer.headers
        return {
          status: answer.statusCode,
          retryAfter: typeof after === 'string' ? after : undefined,
        }
      } catch (error) {
        const known = causesOf(error).find(one => one instanceof PipelineError)
        if (known !== undefined) throw known
        throw new PipelineError('UPSTREAM_UNAVAILABLE', messageOf(error), {
          disposition: 'retry',
          cause: error,
        })
      }
    },
    close: () => agent.destroy(),
  }
}
