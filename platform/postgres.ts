/** The one file that opens connections to PostgreSQL. */
import {
  Client as PgClient,
  Pool as PgPool,
  type ClientConfig,
  type PoolClient as PgPoolClient,
} from 'pg'
import {redactUrl} from './config.ts'
import {messageOf, PipelineError} from './errors.ts'

export type Pool = PgPool
export type PoolClient = PgPoolClient
export type Client = PgClient

export interface PostgresOptions {
  /** Shown in pg_stat_activity. */
  readonly applicationName: string
  /** Connections at most. */
  readonly connectionsMax?: number
  /** A statement that runs longer is cancelled, milliseconds; 0 for no limit. */
  readonly statementTimeoutMs?: number
  /** Statements that each session of a pool begins with: for one that no pooler shares. */
  readonly settings?: readonly string[]
  readonly onError?: (error: Error) => void
}

/** Sessions that write, and see what was committed meanwhile, whatever the defaults of database and role. */
export const WRITER_SETTINGS = [
  'SET default_transaction_read_only = off',
  "SET default_transaction_isolation = 'read committed'",
] as const

/** Sessions that read values as the capture prints them (`cdc.fix_texts`): one value is one text. */
export const PRINT_SETTINGS = [
  "SET TimeZone = 'UTC'",
  "SET DateStyle = 'ISO, YMD'",
  "SET IntervalStyle = 'iso_8601'",
  'SET extra_float_digits = 1',
  "SET bytea_output = 'hex'",
  "SET lc_monetary = 'C'",
] as const

const toConfig = (url: string, options: PostgresOptions): ClientConfig => ({
  connectionString: url,
  application_name: options.applicationName,
  connectionTimeoutMillis: 5_000,
  keepAlive: true,
  ...(options.statementTimeoutMs === undefined
    ? {}
    : {statement_timeout: options.statementTimeoutMs}),
})

/** A pool; the caller ends it. A connection that breaks while idle is told to `onError`. */
export function createPool(url: string, options: PostgresOptions): Pool {
  const {settings, connectionsMax: max = 10} = options
  // Awaited before any other statement, though its type does not say so.
  const onConnect = async (client: PgPoolClient) => await client.query(settings!.join('; '))
  const begin = settings === undefined ? {} : ({onConnect} as object)
  const pool = new PgPool({...toConfig(url, options), max, ...begin})
  pool.on('error', error => options.onError?.(error))
  return pool
}

/** One connection, connected. The caller ends it. @throws as `classifyPostgresError` says */
export async function openClient(url: string, options: PostgresOptions): Promise<Client> {
  const client = new PgClient(toConfig(url, options))
  client.on('error', error => options.onError?.(error))
  try {
    await client.connect()
  } catch (error) {
    throw classifyPostgresError(error, url)
  }
  return client
}

/** Classes of SQLSTATE after which the same statement may succeed later; a standby may be promoted. */
const TRANSIENT = /^(08|40|53|25006|55P03|57P0|57014|58)/

/** Says what may be done after an error of the driver. A broken connection can be opened again. */
export function classifyPostgresError(error: unknown, url = ''): PipelineError {
  if (error instanceof PipelineError) return error
  const code = (error as {code?: unknown} | null)?.code
  const where = url === '' ? '' : ` at ${redactUrl(url)}`
  const message = `PostgreSQL${where}: ${messageOf(error)}`
  const refused = typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !TRANSIENT.test(code)
  return refused
    ? new PipelineError('UPSTREAM_REFUSED', message, {disposition: 'stop', cause: error})
    : new PipelineError('UPSTREAM_UNAVAILABLE', message, {disposition: 'retry', cause: error})
}
