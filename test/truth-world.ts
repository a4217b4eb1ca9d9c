/** What tests of the oracle in SQL share: a table of their own, rows for it, and names as answers have them. */
import * as fc from 'fast-check'
import {getTableConfig, type PgTable} from 'drizzle-orm/pg-core'
import {onTestFinished} from 'vitest'
import {openClient, type Client} from '../platform/postgres.ts'
import {createTestDatabase} from './isolation.ts'

export const SEED = {seed: Number(process.env['PROPERTY_SEED'] ?? 20_260_101)}
export const NOW_S = 1_800_000_000

export async function open(): Promise<Client> {
  const database = await createTestDatabase()
  const client = await openClient(database.url, {applicationName: 'test'})
  onTestFinished(async () => {
    await client.end()
    await database.drop()
  })
  return client
}

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** The table as drizzle declares it, without constraints but the primary key, in place of one of that name. */
export function createSql(table: PgTable): string {
  const {name, schema = 'public', columns} = getTableConfig(table)
  const list = columns.map(
    column => `${quote(column.name)} ${column.getSQLType()}${column.primary ? ' PRIMARY KEY' : ''}`,
  )
  const full = `${quote(schema)}.${quote(name)}`
  return `CREATE SCHEMA IF NOT EXISTS ${quote(schema)};
    DROP TABLE IF EXISTS ${full} CASCADE; CREATE TABLE ${full} (${list.join()})`
}

/** @param json a column whose JSON is given as text: JavaScript would lose digits of it */
export async function insert(
  client: Client,
  table: string,
  rows: readonly object[],
  json?: string,
): Promise<void> {
  const texts = JSON.stringify(rows, (name, value: unknown) =>
    name === json && value !== null ? {text: value} : value,
  )
  await client.query(
    `INSERT INTO ${table} SELECT * FROM json_populate_recordset(NULL::${table}, $1)`,
    [texts],
  )
  if (json !== undefined) {
    await client.query(`UPDATE ${table} SET ${json} = (${json} ->> 'text')::jsonb`)
  }
}

/** Microseconds as PostgreSQL takes them, in an offset of some session. */
export function timeText(us: number | null): string | null {
  if (us === null) return null
  const ms = Math.floor(us / 1000)
  return new Date(ms).toISOString().replace('Z', `${String(us - ms * 1000).padStart(3, '0')}+00`)
}

export const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.option(arbitrary, {freq: 5})
export const SECONDS = [0, 1, 59, 60, 61, 899, 900, 3599, 3600, 3725, 86_399, 86_400, 200_000]
export const someTime = fc
  .tuple(fc.constantFrom(...SECONDS), fc.constantFrom(0, 1, 999_999), fc.constantFrom(-1, 1))
  .map(([seconds, us, sign]) => sign * (seconds * 1_000_000 + us) + 0)
export const recentTime = fc
  .tuple(fc.integer({min: -620, max: 20}), fc.constantFrom(0, 1, 999_999))
  .map(([seconds, us]) => (NOW_S + seconds) * 1_000_000 + us)

export const keyOf = (text: string | null): string | null =>
  text !== null && text.length > 512 ? '(long)' : text
export const splitOf = (text: string | null): string | null =>
  text === null ? null : text.length > 64 ? '(other)' : text.startsWith('(') ? `(${text}` : text
