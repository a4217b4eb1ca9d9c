/** Changes that capture does not see, as if they had been made before there was any. */
import type {Pool} from '../platform/postgres.ts'

/** @param sql statements on the table, in one transaction; capture is put back at once where it is not told so */
export async function changeUntold(pool: Pool, table: string, sql: string): Promise<void> {
  await pool.query(`BEGIN; SET LOCAL cdc.is_attaching = on; ALTER TABLE ${table} DISABLE TRIGGER USER;
    ${sql};
    ALTER TABLE ${table} ENABLE TRIGGER USER; COMMIT`)
  await pool.query('SELECT cdc.follow()')
}
