/**
 * Opaque page cursors: what comes next, bound to the query that made it, signed.
 *
 * Guarantees    INV-60: a cursor that was changed, or made for another query, is refused.
 */
import {createHash, createHmac, timingSafeEqual} from 'node:crypto'
import {refuse} from './problem.ts'

/** The form of every cursor; the signature is checked after it. */
export const CURSOR_PATTERN = '^[A-Za-z0-9_-]{1,600}\\.[A-Za-z0-9_-]{22}$'

const SIGNATURE_BYTES = 16

export interface Cursors {
  /** @param scope everything that must stay the same from page to page */
  make(scope: string, position: unknown): string
  /** @throws a problem that names `cursor` when it is not ours, or not for this query */
  read(scope: string, cursor: string): unknown
}

export function createCursors(secret: string): Cursors {
  const sign = (scope: string, body: string): Buffer => {
    const bound = createHash('sha256').update(scope).digest('base64url')
    return createHmac('sha256', `cursor:${secret}`)
      .update(`${bound}.${body}`)
      .digest()
      .subarray(0, SIGNATURE_BYTES)
  }
  return {
    make(scope, position) {
      const body = Buffer.from(JSON.stringify(position)).toString('base64url')
      return `${body}.${sign(scope, body).toString('base64url')}`
    },
    read(scope, cursor) {
      const [body = '', signature = ''] = cursor.split('.')
      const given = Buffer.from(signature, 'base64url')
      const expected = sign(scope, body)
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
        throw refuse('query', 'cursor', cursor, 'was not made by this server for this query')
      }
      return JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as unknown
    },
  }
}
