/** Brings the database up to date: it exists, it is migrated, it captures what the streams declare. */
import type {Stream} from '../contracts/stream.ts'
import {migrate} from '../db/migrate.ts'
import {isSample, makeSampleTables} from '../db/sample-tables.ts'
import {grantsOf, lookUpRead, type ColumnsRead} from '../ingestor/look-up-sql.ts'
import {installJobs} from '../platform/jobs.ts'
import {quoteTable} from '../platform/sql-names.ts'
import {PipelineError} from '../platform/errors.ts'
import {classifyPostgresError, openClient, type Client} from '../platform/postgres.ts'
import {assertId} from './init-columns.ts'
import {explainDenied, followDdl, grantRoles, isDenied} from './init-rights.ts'

type Say = (what: string) => void

/** Any number: the advisory lock of those that attach tables and grant. */
const LOCK = 913_370_011

/** @throws a PipelineError of what the server refuses, or of a table that no migration has made */
export async function initDatabase(
  url: string,
  streams: readonly Stream[],
  say: Say,
): Promise<void> {
  await ensureDatabase(url)
  const client = await openClient(url, {applicationName: 'init'})
  try {
    const {applied} = await migrate(url)
    const ofSample = await makeSampleTables(url, streams)
    await installJobs(url)
    say(`database: ${applied + ofSample} migrations applied`)
    await client.query('BEGIN')
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK])
    await followDdl(client, say)
    await grantRoles(client, say)
    await declareTopics(client, streams)
    for (const stream of streams) {
      await capture(client, stream, say)
      await grantReads(client, stream, say)
    }
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined)
    throw await explainDenied(client, withHint(error), streams.some(isSample))
  } finally {
    await client.end()
  }
}

/** What the server says to do about it belongs to the message. */
function withHint(error: unknown): PipelineError {
  const {hint} = error as {readonly hint?: string}
  const {code, disposition, message, cause} = classifyPostgresError(error)
  return hint === undefined
    ? classifyPostgresError(error)
    : new PipelineError(code, `${message}. ${hint}`, {disposition, cause})
}

/** A table may be attached by hand to a topic that somebody declares, and to no other. */
async function declareTopics(client: Client, streams: readonly Stream[]): Promise<void> {
  const topics = streams.map(({topic}) => topic)
  await client.query('DELETE FROM cdc.declared_topics WHERE topic <> ALL ($1)', [topics])
  await client.query(
    'INSERT INTO cdc.declared_topics SELECT unnest($1::text[]) ON CONFLICT DO NOTHING',
    [topics],
  )
}

/** Creates the database of `url` when its server has none of that name. */
async function ensureDatabase(url: string): Promise<void> {
  const options = {applicationName: 'init'}
  try {
    await (await openClient(url, options)).end()
    return
  } catch (error) {
    // 3D000: the server is there, the database is not.
    if (((error as Error).cause as {code?: unknown} | undefined)?.code !== '3D000') throw error
  }
  const server = new URL(url)
  const name = decodeURIComponent(server.pathname.slice(1))
  server.pathname = '/postgres'
  const client = await openClient(server.toString(), options)
  try {
    await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`)
  } catch (error) {
    if (isDenied(error)) throw noDatabase(name, server.username)
    // 42P04 and 23505: somebody else created it just now.
    if (!['42P04', '23505'].includes(String((error as {code?: unknown}).code))) throw error
  } finally {
    await client.end()
  }
}

const noDatabase = (name: string, user: string): PipelineError =>
  new PipelineError(
    'UPSTREAM_REFUSED',
    `there is no database ${name}, and ${user} may not make one: ask an administrator for CREATE DATABASE ${name} OWNER ${user}`,
    {disposition: 'stop'},
  )

async function assertTable(client: Client, stream: string, table: string): Promise<void> {
  const {rows} = await client.query<{found: boolean}>(
    'SELECT to_regclass($1) IS NOT NULL AS found',
    [quoteTable(table)],
  )
  if (rows[0]?.found === true) return
  throw new PipelineError(
    'STATE_CONTRADICTS',
    `stream ${stream} needs table ${table}, which the database has not: add the migration that makes it`,
    {disposition: 'stop'},
  )
}

/** Attaching drops and makes triggers, which waits for writers: only where something is not as declared. */
async function capture(client: Client, stream: Stream, say: Say): Promise<void> {
  const {name, table, topic, keyColumn} = stream
  await assertTable(client, name, table)
  await assertId(client, stream)
  const {rowCount} = await client.query(
    'SELECT FROM cdc.captured_tables WHERE source = $1::regclass AND topic = $2 AND key_column = $3',
    [quoteTable(table), topic, keyColumn],
  )
  if (rowCount === 1) return
  await client.query(
    `SELECT cdc.attach($1::regclass, $2, $3,
       coalesce((SELECT per_row FROM cdc.captured_tables WHERE source = $1::regclass), false))`,
    [quoteTable(table), topic, keyColumn],
  )
  say(`table ${table}: captured as ${topic}`)
}

interface ReadRights {
  readonly missing: boolean
  readonly ours: boolean
}

/**
 * A relay that does not log in as owner sees no table but the outbox, and what is granted here; an API lists contents
 * from their table.
 */
async function grantReads(client: Client, stream: Stream, say: Say): Promise<void> {
  for (const [alias, lookup] of Object.entries(stream.enrich)) {
    await assertTable(client, `${stream.name} with look-up ${alias}`, lookup.table)
    await grantRead(client, lookUpRead(lookup), say)
  }
  if (!stream.isReference) return
  const columns = stream.columns.map(({column}) => column)
  await grantRead(client, {role: 'cdc_api', table: stream.table, columns}, say)
}

async function grantRead(client: Client, read: ColumnsRead, say: Say): Promise<void> {
  const {role, table, columns} = read
  const {rows} = await client.query<ReadRights>(
    `SELECT NOT has_schema_privilege(r.oid, c.relnamespace, 'USAGE')
         OR EXISTS (SELECT FROM unnest($2::text[]) AS n (name)
                     WHERE NOT has_column_privilege(r.oid, c.oid, n.name, 'SELECT')) AS missing,
            pg_has_role(c.relowner, 'USAGE') AS ours
       FROM pg_class c JOIN pg_roles r ON r.rolname = $3 WHERE c.oid = $1::regclass`,
    [quoteTable(table), columns, role],
  )
  // No row: there is no such role yet.
  if (rows[0]?.missing !== true) return
  const grants = grantsOf(read).join('; ')
  if (!rows[0].ours) {
    say(`table ${table}: its owner has to run ${grants}`)
    return
  }
  await client.query(grants)
  say(
    `table ${table}: ${role === 'cdc_relay' ? 'the relay' : 'the API'} may read ${columns.join(', ')}`,
  )
}
