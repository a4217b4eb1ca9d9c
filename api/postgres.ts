/** The database of the API over a pool; errors say what may be done after them. */
import {classifyPostgresError, type Pool, type PoolClient} from '../platform/postgres.ts'
import type {Database, Rows, Session} from './database.ts'

/** The default of the database or of the role is to read only: writes have to say that they write. */
const isReadOnly = (error: unknown): boolean => {
  const {cause} = error as {readonly cause?: {readonly code?: unknown}}
  return cause?.code === '25006'
}

function sessionOn(target: Pick<Pool | PoolClient, 'query'>): Session {
  return {
    async query<T>(text: string, values: readonly unknown[] = []): Promise<Rows<T>> {
      try {
        const result = await target.query(text, [...values])
        return {rows: result.rows as T[], rowCount: result.rowCount ?? 0}
      } catch (error) {
        throw classifyPostgresError(error)
      }
    },
  }
}

async function connect(pool: Pool): Promise<PoolClient> {
  try {
    return await pool.connect()
  } catch (error) {
    throw classifyPostgresError(error)
  }
}

/** @param pool stays open: whoever opened it ends it */
export function toDatabase(pool: Pool): Database {
  const plain = sessionOn(pool)
  const database: Database = {
    async query<T>(text: string, values: readonly unknown[] = []): Promise<Rows<T>> {
      try {
        return await plain.query<T>(text, values)
      } catch (error) {
        if (!isReadOnly(error)) throw error
        return await database.transaction(async session => await session.query<T>(text, values))
      }
    },
    async transaction(work) {
      const client = await connect(pool)
      const session = sessionOn(client)
      let broken = false
      try {
        // What waits for a lock must see what was committed meanwhile, whatever the database's default.
        await session.query('BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE')
        const value = await work(session)
        await session.query('COMMIT')
        return value
      } catch (error) {
        await session.query('ROLLBACK').catch(() => {
          broken = true
        })
        throw error
      } finally {
        client.release(broken)
      }
    },
  }
  return database
}

/** The secret that all API processes share. */
export async function readSigningSecret(db: Session): Promise<string> {
  const {rows} = await db.query<{value: string}>(
    `SELECT value FROM api.secrets WHERE name = 'signing'`,
  )
  const value = rows[0]?.value
  if (value === undefined)
    throw new Error('api.secrets holds no signing secret: run the migrations')
  return value
}
