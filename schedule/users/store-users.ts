/** Users into table `users`, by their id; a row that is as it was is not touched, so nothing of it is published. */
import type {Pool} from '../../platform/postgres.ts'
import type {UserRow} from './read-user.ts'

export interface Stored {
  readonly added: number
  readonly changed: number
}

const FIELDS = ['name', 'email', 'gender', 'age', 'country', 'city', 'registered_at'] as const
const listOf = (prefix: string): string => FIELDS.map(field => `${prefix}${field}`).join(', ')

const STORE = `
INSERT INTO public.users AS u (id, ${listOf('')})
SELECT n.id, ${listOf('n.')}
  FROM json_to_recordset($1::json) AS n (id uuid, name text, email text, gender text, age integer, country text, city text, registered_at timestamptz)
 ORDER BY n.id
    ON CONFLICT (id) DO UPDATE SET ${FIELDS.map(field => `${field} = excluded.${field}`).join(', ')}
       WHERE (${listOf('u.')}) IS DISTINCT FROM (${listOf('excluded.')})
RETURNING (xmax = 0) AS added`

export async function storeUsers(pool: Pool, rows: readonly UserRow[]): Promise<Stored> {
  const found = await pool.query<{added: boolean}>(STORE, [JSON.stringify(rows)])
  const added = found.rows.filter(row => row.added).length
  return {added, changed: found.rows.length - added}
}
