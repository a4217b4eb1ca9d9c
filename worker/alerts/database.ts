/** What alerts need of PostgreSQL: statements whose errors say what may be done after them, and transactions. */
import {PipelineError} from '../../platform/errors.ts'
import {classifyPostgresError, type Pool, type PoolClient} from '../../platform/postgres.ts'

export type Session = Pick<PoolClient, 'query'>

export async function query<T>(
  session: Session | Pool,
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly T[]> {
  try {
    return (await session.query(text, [...values])).rows as T[]
  } catch (error) {
    throw classifyPostgresError(error)
  }
}

/** Commits when `work` resolves, rolls back when it rejects. */
export async function inTransaction<T>(
  pool: Pool,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const client = await pool.connect().catch((error: unknown) => {
    throw classifyPostgresError(error)
  })
  let isBroken = false
  try {
    await query(client, 'BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE')
    const value = await work(client)
    await query(client, 'COMMIT')
    return value
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {
      isBroken = true
    })
    throw error
  } finally {
    client.release(isBroken)
  }
}

/** Another worker has taken over: what was decided here is not done. */
export const overtaken = (what: string): PipelineError =>
  new PipelineError('FENCED', `another worker has ${what}`, {disposition: 'retry'})
