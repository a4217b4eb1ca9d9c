/** API keys in PostgreSQL, and the short memory that keeps a request from asking for one each time. */
import {LRUCache} from 'lru-cache'
import {makeKey, parseKey, secretMatches, type Principal, type Scope} from './access.ts'
import {utcText, type Database} from './database.ts'
import type {KeyRow} from './schemas/keys.ts'

interface StoredKey extends KeyRow {
  readonly hash: Buffer
}

export interface KeyStore {
  /** The key is in the answer and nowhere else. */
  create(
    name: string,
    scopes: readonly Scope[],
    expiresAt: string | null,
  ): Promise<KeyRow & {readonly key: string}>
  list(): Promise<readonly KeyRow[]>
  /** @returns false when there is no such key, or it was revoked before */
  revoke(prefix: string): Promise<boolean>
  /** Who presents this key, or undefined. */
  identify(key: string): Promise<Principal | undefined>
  /** Who exchanged this key for a cookie, or undefined when it was revoked since. */
  identifyPrefix(prefix: string): Promise<Principal | undefined>
}

const TIMES = ['created_at', 'expires_at', 'revoked_at', 'last_used_at']
const COLUMNS = `prefix, name, scopes, ${TIMES.map(utcText).join(', ')}`

/** How long a revoked key may still be taken for valid. */
const MEMORY_MS = 2000
/** How long keys are known while PostgreSQL is away. */
const STALE_MS = 300_000
const KEYS_REMEMBERED = 10_000

interface Remembered {
  readonly row: StoredKey | undefined
  readonly readAt: number
}

export function createKeyStore(db: Database): KeyStore {
  const memory = new LRUCache<string, Remembered>({max: KEYS_REMEMBERED})

  const read = async (prefix: string): Promise<StoredKey | undefined> => {
    const known = memory.get(prefix)
    if (known !== undefined && Date.now() - known.readAt < MEMORY_MS) return known.row
    try {
      const {rows} = await db.query<StoredKey>(
        `UPDATE api.keys SET last_used_at = now() WHERE prefix = $1 RETURNING hash, ${COLUMNS}`,
        [prefix],
      )
      memory.set(prefix, {row: rows[0], readAt: Date.now()})
      return rows[0]
    } catch (error) {
      if (known !== undefined && Date.now() - known.readAt < STALE_MS) return known.row
      throw error
    }
  }
  const valid = (row: StoredKey | undefined): row is StoredKey =>
    row !== undefined &&
    row.revoked_at === null &&
    (row.expires_at === null || Date.parse(row.expires_at) > Date.now())

  return {
    async create(name, scopes, expiresAt) {
      const {key, prefix, hash} = makeKey()
      const {rows} = await db.query<KeyRow>(
        `INSERT INTO api.keys (prefix, name, hash, scopes, expires_at)
         VALUES ($1, $2, $3, $4, $5) RETURNING ${COLUMNS}`,
        [prefix, name, hash, scopes, expiresAt],
      )
      return {...rows[0]!, key}
    },
    async list() {
      const {rows} = await db.query<KeyRow>(
        `SELECT ${COLUMNS} FROM api.keys ORDER BY keys.created_at, prefix LIMIT 1000`,
      )
      return rows
    },
    async revoke(prefix) {
      const {rowCount} = await db.query(
        'UPDATE api.keys SET revoked_at = now() WHERE prefix = $1 AND revoked_at IS NULL',
        [prefix],
      )
      memory.delete(prefix)
      return rowCount > 0
    },
    async identify(text) {
      const parts = parseKey(text)
      if (parts === undefined) return undefined
      const row = await read(parts.prefix)
      if (!secretMatches(parts.secret, row?.hash) || !valid(row)) return undefined
      return {id: row.prefix, scopes: row.scopes, by: 'key'}
    },
    async identifyPrefix(prefix) {
      const row = await read(prefix)
      return valid(row) ? {id: row.prefix, scopes: row.scopes, by: 'cookie'} : undefined
    },
  }
}
