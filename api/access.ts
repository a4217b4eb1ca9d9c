/**
 * API keys: their form, what is stored of them, and what a caller may do.
 *
 * A key is `oam_<prefix>_<secret>`. The prefix (8 characters) is stored readable, so that people
 * recognise a key in a list; of the secret (256 random bits) only a SHA-256 is stored. A slow hash
 * would protect nothing here: there is no dictionary of 256-bit secrets.
 */
import {createHash, createHmac, randomBytes, timingSafeEqual} from 'node:crypto'

export const SCOPES = ['read', 'write', 'admin'] as const
export type Scope = (typeof SCOPES)[number]

/** Who asks. `id` is the key's prefix, or `open` where no key is needed. */
export interface Principal {
  readonly id: string
  readonly scopes: readonly Scope[]
  /** How the caller proved it: a cookie needs protection against forged requests. */
  readonly by: 'key' | 'cookie' | 'open'
}

const KEY = /^oam_([a-z0-9]{8})_([A-Za-z0-9_-]{43})$/

export interface NewKey {
  /** Shown once, never stored. */
  readonly key: string
  readonly prefix: string
  readonly hash: Buffer
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'

export const hashSecret = (secret: string): Buffer => createHash('sha256').update(secret).digest()

/** Makes a key of fresh random bytes. */
export function makeKey(): NewKey {
  const prefix = [...randomBytes(8)].map(byte => ALPHABET[byte & 31]).join('')
  const secret = randomBytes(32).toString('base64url')
  return {key: `oam_${prefix}_${secret}`, prefix, hash: hashSecret(secret)}
}

/** The parts of a presented key, or undefined when it has not the form of one. */
export function parseKey(text: string): {prefix: string; secret: string} | undefined {
  const match = KEY.exec(text)
  return match === null ? undefined : {prefix: match[1]!, secret: match[2]!}
}

/** Compares in constant time; also when there is nothing to compare with. */
export function secretMatches(secret: string, stored: Buffer | undefined): boolean {
  const given = hashSecret(secret)
  return timingSafeEqual(given, stored ?? Buffer.alloc(given.length)) && stored !== undefined
}

/** admin may do what write and read may; write may not read. */
export function allows(scopes: readonly Scope[], needed: Scope): boolean {
  return scopes.includes('admin') || scopes.includes(needed)
}

/** What a browser keeps instead of the key: which key, until when, signed. */
export function makeSession(secret: string, prefix: string, expiresAt: number): string {
  const body = `${prefix}.${expiresAt}`
  return `${body}.${sessionSignature(secret, body)}`
}

/** The key's prefix, or undefined when the session was changed or is over. */
export function readSession(secret: string, text: string, now: number): string | undefined {
  const [prefix = '', expires = '', signature = ''] = text.split('.')
  const given = Buffer.from(signature)
  const expected = Buffer.from(sessionSignature(secret, `${prefix}.${expires}`))
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined
  return Number(expires) > now ? prefix : undefined
}

const sessionSignature = (secret: string, body: string): string =>
  createHmac('sha256', `session:${secret}`).update(body).digest('base64url')

/** Whether an address of this machine is named: only there may keys be left out. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '')
  return name === 'localhost' || name === '::1' || /^127(\.\d{1,3}){3}$/.test(name)
}

/**
 * Whether only this machine reaches the API. In a container it listens for everybody, and who reaches it is
 * decided by the address of the host on which its port is published.
 *
 * @param place `publishedOn` is empty where no port is published: `host` decides
 */
export const isForThisMachine = (place: {
  readonly host: string
  readonly publishedOn: string
}): boolean => isLoopback(place.publishedOn === '' ? place.host : place.publishedOn)

/** Whose things a caller sees: its own, or everybody's. */
export const ownerFilter = (principal: Principal): string | undefined =>
  principal.scopes.includes('admin') ? undefined : principal.id
