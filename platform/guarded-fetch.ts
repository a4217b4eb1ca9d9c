/**
 * Calls over HTTP to servers that are not ours, at addresses that settings or users give.
 *
 * Guarantees    INV-161: a connection is only made to a public address, or to one that is allowed: what the
 *               name resolves to is looked at by the connection itself, so a name that changes its mind
 *               between a check and the call gains nothing. A redirect is an answer, never followed.
 * Does not      retry, or judge a status.
 */
import {lookup, type LookupAddress, type LookupAllOptions} from 'node:dns'
import {isIP, type LookupFunction} from 'node:net'
import ipaddr from 'ipaddr.js'
import {Agent, fetch} from 'undici'
import type {EnvReader} from './config.ts'
import {messageOf, PipelineError} from './errors.ts'

/** A range of addresses: `10.0.0.0/8`, or one address. */
export type AddressRange = readonly [address: ipaddr.IPv4 | ipaddr.IPv6, bits: number]

type Lookup = (
  host: string,
  options: LookupAllOptions,
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void

export interface GuardedFetchOptions {
  /** Addresses that may be called although they are not public. */
  readonly allow: readonly AddressRange[]
  /** For the whole call, answer included. */
  readonly timeoutMs: number
  /** Replaced in tests. */
  readonly lookup?: Lookup
}

export interface GuardedInit {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal?: AbortSignal
}

export interface GuardedResponse {
  readonly status: number
  /** 200 to 299. */
  readonly ok: boolean
  /** Null when the answer has none. */
  header(name: string): string | null
  /** The begin of the body, for messages to people: no more of it is read. */
  readonly text: string
}

export interface GuardedFetch {
  /**
   * @throws `UPSTREAM_REFUSED` (dead-letter) when the address may not be called, `UPSTREAM_UNAVAILABLE` (retry) when nobody
   *   answers in time; the reason of the signal when that fired
   */
  (url: string, init?: GuardedInit): Promise<GuardedResponse>
  close(): Promise<void>
}

/** What begins with these bits is given out to the public. */
const PUBLIC_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3')
/** Of an answer, characters. */
const TEXT_MAX = 2000

/**
 * The ranges of a comma-separated list.
 *
 * @throws a sentence of the entry that is none
 */
export function parseAllow(list: string): readonly AddressRange[] {
  const entries = list.split(',').map(entry => entry.trim())
  return entries
    .filter(entry => entry !== '')
    .map((entry): AddressRange => {
      if (ipaddr.isValidCIDR(entry)) return ipaddr.parseCIDR(entry)
      if (isIP(entry) === 0) {
        throw new TypeError(`${entry} is no address: give one, or a range such as 10.0.0.0/8`)
      }
      const address = ipaddr.parse(entry)
      return [address, 8 * address.toByteArray().length]
    })
}

/** The ranges of a setting; what is none is told by `read.finish()`. */
export function readAllow(read: EnvReader, name: string): readonly AddressRange[] {
  try {
    return parseAllow(read.text(name, ''))
  } catch (error) {
    read.problem(name, messageOf(error))
    return []
  }
}

/** Whether an address may be called. An IPv4 address in the clothes of IPv6 counts as what it is. */
export function isCallable(text: string, allow: readonly AddressRange[]): boolean {
  const address = ipaddr.process(text)
  const isPublic = address.kind() === 'ipv4' || address.match(PUBLIC_IPV6)
  if (isPublic && address.range() === 'unicast') return true
  return allow.some(
    ([network, bits]) => network.kind() === address.kind() && address.match(network, bits),
  )
}

export function createGuardedFetch(options: GuardedFetchOptions): GuardedFetch {
  const {allow, timeoutMs} = options
  const agent = new Agent({
    connect: {lookup: guardedLookup(options), timeout: timeoutMs},
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  })
  const call = async (url: string, init: GuardedInit = {}): Promise<GuardedResponse> => {
    const host = hostOf(url)
    // Of an address nothing is looked up.
    if (isIP(host) !== 0 && !isCallable(host, allow)) throw notCallable(host, host)
    const timeout = AbortSignal.timeout(timeoutMs)
    const signal = init.signal === undefined ? timeout : AbortSignal.any([timeout, init.signal])
    try {
      const response = await fetch(url, {...init, signal, redirect: 'manual', dispatcher: agent})
      const text = await beginOf(response.body)
      const {status, ok, headers} = response
      return {status, ok, text, header: name => headers.get(name)}
    } catch (error) {
      init.signal?.throwIfAborted()
      throw timeout.aborted
        ? unavailable(host, `no answer within ${timeoutMs} ms`)
        : toError(host, error)
    }
  }
  return Object.assign(call, {close: async () => await agent.destroy()})
}

/** @throws `UPSTREAM_REFUSED` when it is no address of HTTP */
function hostOf(url: string): string {
  const {protocol, hostname} = URL.canParse(url) ? new URL(url) : {protocol: '', hostname: ''}
  if (protocol === 'http:' || protocol === 'https:') return hostname.replaceAll(/^\[|\]$/g, '')
  throw new PipelineError('UPSTREAM_REFUSED', 'give a URL that starts with http:// or https://', {
    disposition: 'dead-letter',
  })
}

/** A name is as good as the worst of its addresses: whoever connects may choose any. */
const guardedLookup =
  ({allow, lookup: resolve = lookup}: GuardedFetchOptions): LookupFunction =>
  (host, {all, ...asked}, done) => {
    resolve(host, {...asked, all: true}, (error, addresses) => {
      const none = all === true ? [] : ''
      if (error !== null) return done(error, none)
      const foreign = addresses.find(({address}) => !isCallable(address, allow))
      if (foreign !== undefined) return done(notCallable(host, foreign.address), none)
      const [first] = addresses
      if (first === undefined) return done(new Error(`${host} has no address`), none)
      return all === true ? done(null, addresses) : done(null, first.address, first.family)
    })
  }

const notCallable = (host: string, address: string): PipelineError =>
  new PipelineError(
    'UPSTREAM_REFUSED',
    `${host === address ? host : `${host} is at ${address}, which`} is no public address: allow it when it is meant`,
    {disposition: 'dead-letter'},
  )

const unavailable = (host: string, why: string, cause?: unknown): PipelineError =>
  new PipelineError('UPSTREAM_UNAVAILABLE', `${host}: ${why}`, {disposition: 'retry', cause})

/** The library wraps what the look-up said, and whoever tries several addresses wraps it again. */
function toError(host: string, error: unknown): PipelineError {
  let cause = error
  while (cause instanceof Error) {
    if (cause instanceof PipelineError) return cause
    if (cause.cause === undefined) break
    cause = cause.cause
  }
  return unavailable(host, messageOf(cause), error)
}

async function beginOf(body: AsyncIterable<Uint8Array> | null): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  // What is left early is cancelled.
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk, {stream: true})
    if (text.length >= TEXT_MAX) break
  }
  return text.slice(0, TEXT_MAX)
}
